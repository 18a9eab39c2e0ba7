"""Xtensa instructions: their operands and encodings.

Source: Xtensa Instruction Set Architecture reference manual, "Instruction Descriptions" and
"Instruction Formats" (RRR, RRI8, BRI8, BRI12, RI16, CALL, CALLX); the floating-point
instructions are those of the Floating-Point Coprocessor Option, which the ESP32 (LX6) and
ESP32-S3 (LX7) share. The coprocessor's estimate instructions (recip0.s, div0.s, …) are left
out on purpose: emulators do not compute them as silicon does.

An operand is written class, field, role: `ar<` is an integer register in field r that is
written, `fr+` a float register in field r that is read and written, `as` one that is read.
Immediates name their format in ENCODE_IMMEDIATE.
"""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Register:
    """A virtual register: bank "a" (int32, addresses) or "f" (float32).

    `again`, if set, is the instruction (name, operands after the first) that makes its value
    anew, so that spilling it needs no room on the stack.
    """

    bank: str
    name: str = ""
    scope: object = None
    again: tuple = None
    web: object = None  # the variable it is, if it is one that changes
    version: int = 0

    def __repr__(self):
        return f"{self.bank}{self.name}:{id(self) & 0xFFFF:x}"


@dataclass(eq=False)
class Label:
    """A place in the code; `address` is set by the assembler. `rare`: what a branch to here jumps
    over is seldom executed."""

    name: str = ""
    address: int = None
    rare: bool = False


@dataclass(eq=False)
class Op:
    """One instruction, of Xtensa or one that a later pass expands, and its source line."""

    name: str
    args: list
    line: int = 0
    conditional: bool = False  # in a branch: not executed in every iteration
    fields: tuple = field(init=False)

    def __post_init__(self):
        self.fields = OPERANDS[self.name]

    def _registers(self, roles):
        return [
            arg
            for arg, spec in zip(self.args, self.fields, strict=True)
            if isinstance(arg, Register) and (spec[2:] or "r") in roles
        ]

    @property
    def past_rare(self):
        """The label to which this is a branch over what is seldom executed, or None."""
        target = self.args[-1] if self.name in OPPOSITE else None
        return target if isinstance(target, Label) and target.rare else None

    @property
    def uses(self):
        return self._registers("r+")

    @property
    def defs(self):
        return self._registers("<+")


# name: (encoding with all operand fields 0, operands)
INSTRUCTIONS = {
    # int32 arithmetic
    "add": (0x800000, "ar< as at"),
    "sub": (0xC00000, "ar< as at"),
    "addx2": (0x900000, "ar< as at"),
    "addx4": (0xA00000, "ar< as at"),
    "addx8": (0xB00000, "ar< as at"),
    "mull": (0x820000, "ar< as at"),
    "quos": (0xD20000, "ar< as at"),
    "rems": (0xF20000, "ar< as at"),
    "max": (0x530000, "ar< as at"),
    "or": (0x200000, "ar< as at"),
    "and": (0x100000, "ar< as at"),
    "xor": (0x300000, "ar< as at"),
    "neg": (0x600000, "ar< at"),
    "addi": (0x00C002, "at< as simm8"),
    "slli": (0x010000, "ar< as left"),
    "srai": (0x210000, "ar< at right"),
    "extui": (0x040000, "ar< at shift5 width4"),
    "movi": (0x00A002, "at< imm12"),
    "l32r": (0x000001, "at< literal"),
    "moveqz": (0x830000, "ar+ as at"),
    "movltz": (0xA30000, "ar+ as at"),
    # memory
    "l32i": (0x002002, "at< as word8"),
    "s32i": (0x006002, "at as word8"),
    "l16ui": (0x001002, "at< as half8"),
    # control
    "j": (0x000006, "jump18"),
    "beqz": (0x000016, "as near12"),
    "bnez": (0x000056, "as near12"),
    "bltz": (0x000096, "as near12"),
    "bgez": (0x0000D6, "as near12"),
    "beq": (0x001007, "as at near8"),
    "bne": (0x009007, "as at near8"),
    "blt": (0x002007, "as at near8"),
    "bge": (0x00A007, "as at near8"),
    "bltu": (0x003007, "as at near8"),
    "bgeu": (0x00B007, "as at near8"),
    "blti": (0x0000A6, "as const4 near8"),
    "bgei": (0x0000E6, "as const4 near8"),
    "bbsi": (0x00E007, "as bit5 near8"),
    "bf": (0x000076, "bs near8"),
    "bt": (0x001076, "bs near8"),
    "loopgtz": (0x00A076, "as end8"),
    "entry": (0x000036, "as size12"),
    "callx8": (0x0000E0, "as"),
    # float32
    "add.s": (0x0A0000, "fr< fs ft"),
    "sub.s": (0x1A0000, "fr< fs ft"),
    "mul.s": (0x2A0000, "fr< fs ft"),
    "madd.s": (0x4A0000, "fr+ fs ft"),
    "msub.s": (0x5A0000, "fr+ fs ft"),
    "mov.s": (0xFA0000, "fr< fs"),
    "abs.s": (0xFA0010, "fr< fs"),
    "neg.s": (0xFA0060, "fr< fs"),
    "const.s": (0xFA0030, "fr< table4"),
    "rfr": (0xFA0040, "ar< fs"),
    "wfr": (0xFA0050, "fr< as"),
    "float.s": (0xCA0000, "fr< as scale4"),
    "trunc.s": (0x9A0000, "ar< fs scale4"),
    "round.s": (0x8A0000, "ar< fs scale4"),
    "olt.s": (0x4B0000, "br fs ft"),
    "ole.s": (0x6B0000, "br fs ft"),
    "oeq.s": (0x2B0000, "br fs ft"),
    "movt.s": (0xDB0000, "fr+ fs bt"),
    "lsi": (0x000003, "ft< as word8"),
    "ssi": (0x004003, "ft as word8"),
    "lsip": (0x008003, "ft< as+ word8"),
    "ssip": (0x00C003, "ft as+ word8"),
    "lsxp": (0x180000, "fr< as+ at"),
    "ssxp": (0x580000, "fr as+ at"),
    # 16 bits long, Code Density Option
    "mov.n": (0x000D, "at< as"),
    "add.n": (0x000A, "ar< as at"),
    "addi.n": (0x000B, "ar< as small4"),
    "movi.n": (0x000C, "as< imm7"),
    "l32i.n": (0x0008, "at< as word4"),
    "s32i.n": (0x0009, "at as word4"),
    "nop.n": (0xF03D, ""),
    "retw.n": (0xF01D, ""),
}

# What later passes expand. `fma d a b c` is d = a + b*c with one rounding, `fms` a - b*c;
# `raise_to d x y` is d = y if x < y else x, `at_least x y` the same in place; `lower_to` and
# `at_most` are their mirror images.
PSEUDO = {
    "label": "label",
    "mov": "ar< as",  # in either bank
    "constant": "at< value",
    "fma": "fr< fs ft ft",
    "fms": "fr< fs ft ft",
    "raise_to": "fr< fs ft",
    "lower_to": "fr< fs ft",
    "at_least": "fr+ fs",
    "at_most": "fr+ fs",
}

OPERANDS = {name: tuple(spec.split()) for name, (_, spec) in INSTRUCTIONS.items()}
OPERANDS |= {name: tuple(spec.split()) for name, spec in PSEUDO.items()}

OPPOSITE = {
    "beqz": "bnez",
    "bltz": "bgez",
    "beq": "bne",
    "blt": "bge",
    "bltu": "bgeu",
    "blti": "bgei",
    "bf": "bt",
}
OPPOSITE |= {other: name for name, other in OPPOSITE.items()}

SHIFT = {"r": 12, "s": 8, "t": 4}
CONST4 = (-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256)  # of blti, bgei


class OutOfRange(Exception):
    """An immediate does not fit its field."""


def size(name):
    """Bytes of an instruction: 2 for those of the Code Density Option."""
    return 2 if name.endswith(".n") else 3


def _fits(value, low, high, step=1):
    if not low <= value <= high or value % step:
        raise OutOfRange(value)
    return value


def _signed(value, bits, step=1):
    return _fits(value, -(1 << bits - 1) * step, ((1 << bits - 1) - 1) * step, step) // step & (
        (1 << bits) - 1
    )


ENCODE_IMMEDIATE = {
    "simm8": lambda v: _signed(v, 8) << 16,
    "imm12": lambda v: (v & 0xFF) << 16 | (_signed(v, 12) >> 8) << 8,
    "imm7": lambda v: (v & 0xF) << 12 | (_fits(v, -32, 95) >> 4 & 7) << 4,
    "small4": lambda v: (v if _fits(v, -1, 15) > 0 else {-1: 0}[v]) << 4,
    "left": lambda v: (32 - _fits(v, 1, 31) & 15) << 4 | (32 - v >> 4) << 20,
    "right": lambda v: (_fits(v, 0, 31) & 15) << 8 | (v >> 4) << 20,
    "shift5": lambda v: (_fits(v, 0, 31) & 15) << 8 | (v >> 4) << 16,
    "width4": lambda v: _fits(v, 1, 16) - 1 << 20,
    "bit5": lambda v: (_fits(v, 0, 31) & 15) << 4 | (v >> 4) << 12,
    "word8": lambda v: _fits(v, 0, 1020, 4) // 4 << 16,
    "word4": lambda v: _fits(v, 0, 60, 4) // 4 << 12,
    "half8": lambda v: _fits(v, 0, 510, 2) // 2 << 16,
    "size12": lambda v: _fits(v, 0, 32760, 8) // 8 << 12,
    "const4": lambda v: CONST4.index(v) << 12,
    "table4": lambda v: _fits(v, 0, 3) << 8,
    "scale4": lambda v: _fits(v, 0, 15) << 4,
}


def distance(kind, pc, target):
    """The field of a PC-relative operand (manual: each instruction's "Operation")."""
    if kind == "near8":
        return _signed(target - pc - 4, 8) << 16
    if kind == "near12":
        return _signed(target - pc - 4, 12) << 12
    if kind == "jump18":
        return _signed(target - pc - 4, 18) << 6
    if kind == "end8":
        return _fits(target - pc - 4, 0, 255) << 16
    if kind == "literal":
        return (_fits(target - (pc + 3 & ~3), -262144, -4, 4) // 4 & 0xFFFF) << 8
    raise KeyError(kind)


def encode(op, pc):
    """The bytes of an instruction at address pc; registers are numbers, labels have addresses."""
    word, _ = INSTRUCTIONS[op.name]
    for arg, spec in zip(op.args, op.fields, strict=True):
        if spec in ENCODE_IMMEDIATE:
            word |= ENCODE_IMMEDIATE[spec](arg)
        elif spec[0] in "afb" and spec[1:2] in SHIFT:
            word |= _fits(arg, 0, 15) << SHIFT[spec[1]]
        else:
            word |= distance(spec, pc, arg.address)
    return word.to_bytes(size(op.name), "little")
