"""The instruction table: a row has the facts about one instruction that passes need.

The assembler, listing, latency model, scheduler, register allocator and verifier read it.

Source: Xtensa Instruction Set Architecture reference manual, "Instruction Descriptions" and
"Instruction Formats" (RRR, RRI8, BRI8, BRI12, RI16, CALL, CALLX); the floating-point
instructions are those of the Floating-Point Coprocessor Option, which the ESP32 (LX6) and
ESP32-S3 (LX7) share. Latencies are those of GCC's model (gcc/config/xtensa/xtensa.md, "Pipeline
model"). The coprocessor's estimate instructions (recip0.s, div0.s, …) are left out on purpose,
because emulators give other results than chips.
"""

from dataclasses import dataclass

FIELDS = {"r": 12, "s": 8, "t": 4}  # the position of a register's number, in bits
CONST4 = (-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256)  # of blti, bgei


class OutOfRange(Exception):
    """An operand does not fit into its field, for example the distance of a jump."""


@dataclass(frozen=True)
class Operand:
    """One operand. A register has the `kind` "register", a bank ("a", "f", or "b" for flags) and a
    field, a key of FIELDS. Anything else is an immediate or a place in the code, without bank and
    field; `kind` names its format, such as "simm8" or "near8"."""

    kind: str
    bank: str = ""
    field: str = ""
    reads: bool = False
    writes: bool = False


@dataclass(frozen=True)
class Instruction:
    """A row of the table; `operands` is a tuple of Operands. `row` makes the operands from a text.

    In this text, an operand is written as bank, field, role: `ar<` is an integer register in field
    r that is written, `fr+` a float register in field r that is read and written, and `as` an
    integer register in field s that is read."""

    word: int  # the encoding with all fields 0; None for an instruction that a pass expands
    operands: tuple
    latency: int = 1  # cycles until the first operand can be read
    memory: str = ""  # "load" or "store"
    effect: bool = False  # does more than to write the operands
    opposite: str = ""  # the branch with the contrary condition
    short: str = ""  # the same in 16 bits, if its operands fit
    by_constant: str = ""  # of a load or store: the form that then moves its pointer on
    by_register: str = ""
    in_place: str = ""  # the form whose first operand is also the first source
    flag: bool = False  # becomes instructions that write flag b0

    @property
    def jumps(self):
        """True if the last operand is a place to jump to."""
        return bool(self.operands) and self.operands[-1].kind in TARGETS

    @property
    def stays(self):
        """True if the instruction must stay even if its results are not read."""
        flags = any(operand.writes and operand.bank == "b" for operand in self.operands)
        return self.effect or self.jumps or flags or self.memory == "store"

    @property
    def bank(self):
        """The bank of the first operand: the result, or the value that is stored."""
        return self.operands[0].bank


def row(word, operands="", *facts, **named):
    """Return an Instruction. Its operands are written as in "ar< as simm8": a bank, a field of the
    word, and < if the instruction writes it, or + if it reads and writes it; or the format of an
    immediate. `facts` and `named` are the further fields of Instruction."""
    return Instruction(word, tuple(map(_operand, operands.split())), *facts, **named)


def _operand(text):
    if text[0] in "afb" and text[1:2] in FIELDS and text[2:] in ("", "<", "+"):
        return Operand("register", text[0], text[1], text[2:] != "<", text[2:] != "")
    return Operand(text)


def load(word, operands, **named):
    """Return the Instruction of a load, with a latency of 2 cycles. The arguments are those of
    `row`."""
    return row(word, operands, 2, "load", **named)


def store(word, operands, **named):
    """Return the Instruction of a store. The arguments are those of `row`."""
    return row(word, operands, 1, "store", **named)


def branch(word, operands, opposite):
    """Return the Instruction of a branch; `opposite` is the name of the branch with the inverted
    condition."""
    return row(word, operands, opposite=opposite)


TARGETS = ("near8", "near12", "jump18", "end8")
INSTRUCTIONS = {
    # int32 arithmetic
    "add": row(0x800000, "ar< as at", short="add.n"),
    "sub": row(0xC00000, "ar< as at"),
    "addx2": row(0x900000, "ar< as at"),
    "addx4": row(0xA00000, "ar< as at"),
    "addx8": row(0xB00000, "ar< as at"),
    "mull": row(0x820000, "ar< as at", 2),
    "quos": row(0xD20000, "ar< as at"),
    "rems": row(0xF20000, "ar< as at"),
    "min": row(0x430000, "ar< as at"),
    "max": row(0x530000, "ar< as at"),
    "or": row(0x200000, "ar< as at"),
    "and": row(0x100000, "ar< as at"),
    "xor": row(0x300000, "ar< as at"),
    "neg": row(0x600000, "ar< at"),
    "sext": row(0x230000, "ar< as sign4"),
    "addi": row(0x00C002, "at< as simm8", short="addi.n"),
    "slli": row(0x010000, "ar< as left"),
    "srai": row(0x210000, "ar< at right"),
    "ssl": row(0x401000, "as", effect=True),
    "ssr": row(0x400000, "as", effect=True),
    "sll": row(0xA10000, "ar< as", effect=True),
    "sra": row(0xB10000, "ar< at", effect=True),
    "extui": row(0x040000, "ar< at shift5 width4"),
    "movi": row(0x00A002, "at< imm12", short="movi.n"),
    "l32r": load(0x000001, "at< literal"),
    # memory
    "l32i": load(0x002002, "at< as word8", short="l32i.n"),
    "s32i": store(0x006002, "at as word8", short="s32i.n"),
    "l16ui": load(0x001002, "at< as half8"),
    "l16si": load(0x009002, "at< as half8"),
    "l8ui": load(0x000002, "at< as byte8"),
    "s16i": store(0x005002, "at as half8"),
    "s8i": store(0x004002, "at as byte8"),
    # control
    "j": row(0x000006, "jump18"),
    "beqz": branch(0x000016, "as near12", "bnez"),
    "bnez": branch(0x000056, "as near12", "beqz"),
    "bltz": branch(0x000096, "as near12", "bgez"),
    "bgez": branch(0x0000D6, "as near12", "bltz"),
    "beq": branch(0x001007, "as at near8", "bne"),
    "bne": branch(0x009007, "as at near8", "beq"),
    "blt": branch(0x002007, "as at near8", "bge"),
    "bge": branch(0x00A007, "as at near8", "blt"),
    "bltu": branch(0x003007, "as at near8", "bgeu"),
    "bgeu": branch(0x00B007, "as at near8", "bltu"),
    "blti": branch(0x0000A6, "as const4 near8", "bgei"),
    "bgei": branch(0x0000E6, "as const4 near8", "blti"),
    "bbsi": row(0x00E007, "as bit5 near8"),
    "bf": branch(0x000076, "bs near8", "bt"),
    "bt": branch(0x001076, "bs near8", "bf"),
    "loopgtz": row(0x00A076, "as end8"),
    "entry": row(0x000036, "as size12", effect=True),
    "callx8": row(0x0000E0, "as", effect=True),
    # float32
    "add.s": row(0x0A0000, "fr< fs ft", 4),
    "sub.s": row(0x1A0000, "fr< fs ft", 4),
    "mul.s": row(0x2A0000, "fr< fs ft", 4),
    "madd.s": row(0x4A0000, "fr+ fs ft", 4),
    "msub.s": row(0x5A0000, "fr+ fs ft", 4),
    "mov.s": row(0xFA0000, "fr< fs"),
    "abs.s": row(0xFA0010, "fr< fs"),
    "neg.s": row(0xFA0060, "fr< fs"),
    "const.s": row(0xFA0030, "fr< table4"),
    "rfr": row(0xFA0040, "ar< fs"),
    "wfr": row(0xFA0050, "fr< as"),
    "float.s": row(0xCA0000, "fr< as scale4", 2),
    "trunc.s": row(0x9A0000, "ar< fs scale4", 2),
    "round.s": row(0x8A0000, "ar< fs scale4", 2),
    "olt.s": row(0x4B0000, "br< fs ft"),
    "ole.s": row(0x6B0000, "br< fs ft"),
    "oeq.s": row(0x2B0000, "br< fs ft"),
    "movt.s": row(0xDB0000, "fr+ fs bt"),
    "moveqz.s": row(0x8B0000, "fr+ fs at"),
    "lsi": load(0x000003, "ft< as word8", by_constant="lsip", by_register="lsxp"),
    "ssi": store(0x004003, "ft as word8", by_constant="ssip", by_register="ssxp"),
    "lsip": load(0x008003, "ft< as+ word8", effect=True),
    "ssip": store(0x00C003, "ft as+ word8"),
    "lsxp": load(0x180000, "fr< as+ at", effect=True),
    "ssxp": store(0x580000, "fr as+ at"),
    # 16 bits long, Code Density Option
    "mov.n": row(0x000D, "at< as"),
    "add.n": row(0x000A, "ar< as at"),
    "addi.n": row(0x000B, "ar< as small4"),
    "movi.n": row(0x000C, "as< imm7"),
    "l32i.n": load(0x0008, "at< as word4"),
    "s32i.n": store(0x0009, "at as word4"),
    "nop.n": row(0xF03D, effect=True),
    "retw.n": row(0xF01D, effect=True),
    # No real instructions: `expand` replaces those with `in_place`, `assign` replaces `mov`, and
    # `assemble` the rest. `mov` is in either bank; `fma d a b c` is d = a + b*c with one
    # rounding, `fms` a - b*c; `raise_to d x y` is d = y if x < y else x, `at_least x y` the same
    # in place; `lower_to` and `at_most` are their mirror images; `select_zero d x y n` is
    # d = x if n else y; `shift_left d x n` and `shift_right d x n` shift by 0 to 31;
    # `array_address d n` is the address of byte n of the kernel's arrays.
    "label": row(None, "place", effect=True),
    "mov": row(None, "ar< as"),
    "constant": row(None, "at< value"),
    "array_address": row(None, "at< value"),
    "fma": row(None, "fr< fs ft ft", 4, in_place="madd.s"),
    "fms": row(None, "fr< fs ft ft", 4, in_place="msub.s"),
    "raise_to": row(None, "fr< fs ft", in_place="at_least", flag=True),
    "lower_to": row(None, "fr< fs ft", in_place="at_most", flag=True),
    "at_least": row(None, "fr+ fs", flag=True),
    "at_most": row(None, "fr+ fs", flag=True),
    "select_zero": row(None, "fr< fs ft at", in_place="moveqz.s"),
    "shift_left": row(None, "ar< as at"),
    "shift_right": row(None, "ar< as at"),
}


def size(name):
    """Return the size of an instruction in bytes: 2 for the Code Density Option, else 3."""
    return 2 if name.endswith(".n") else 3


def _fits(value, low, high, step=1):
    if not low <= value <= high or value % step:
        raise OutOfRange(value)
    return value


def _signed(value, bits, step=1):
    half = 1 << bits - 1
    return _fits(value, -half * step, (half - 1) * step, step) // step & (2 * half - 1)


def _one_of(value, table):
    if value not in table:
        raise OutOfRange(value)
    return table.index(value)


ENCODE_IMMEDIATE = {
    "simm8": lambda v: _signed(v, 8) << 16,
    "imm12": lambda v: (v & 0xFF) << 16 | (_signed(v, 12) >> 8) << 8,
    "imm7": lambda v: (v & 0xF) << 12 | (_fits(v, -32, 95) >> 4 & 7) << 4,
    "small4": lambda v: _one_of(v, (-1, *range(1, 16))) << 4,
    "left": lambda v: (32 - _fits(v, 1, 31) & 15) << 4 | (32 - v >> 4) << 20,
    "right": lambda v: (_fits(v, 0, 31) & 15) << 8 | (v >> 4) << 20,
    "shift5": lambda v: (_fits(v, 0, 31) & 15) << 8 | (v >> 4) << 16,
    "width4": lambda v: _fits(v, 1, 16) - 1 << 20,
    "bit5": lambda v: (_fits(v, 0, 31) & 15) << 4 | (v >> 4) << 12,
    "word8": lambda v: _fits(v, 0, 1020, 4) // 4 << 16,
    "word4": lambda v: _fits(v, 0, 60, 4) // 4 << 12,
    "half8": lambda v: _fits(v, 0, 510, 2) // 2 << 16,
    "byte8": lambda v: _fits(v, 0, 255) << 16,
    "sign4": lambda v: _fits(v, 7, 22) - 7 << 4,
    "size12": lambda v: _fits(v, 0, 32760, 8) // 8 << 12,
    "const4": lambda v: _one_of(v, CONST4) << 12,
    "table4": lambda v: _fits(v, 0, 3) << 8,
    "scale4": lambda v: _fits(v, 0, 15) << 4,
}

# Operands relative to the instruction's own address (manual: each instruction's "Operation").
ENCODE_TARGET = {
    "near8": lambda target, pc: _signed(target - pc - 4, 8) << 16,
    "near12": lambda target, pc: _signed(target - pc - 4, 12) << 12,
    "jump18": lambda target, pc: _signed(target - pc - 4, 18) << 6,
    "end8": lambda target, pc: _fits(target - pc - 4, 0, 255) << 16,
    "literal": lambda target, pc: (
        (_fits(target - (pc + 3 & ~3), -262144, -4, 4) // 4 & 0xFFFF) << 8
    ),
}


def encode(name, args, pc):
    """Return the bytes of an instruction at address pc. `args` are ints: registers are numbers,
    places are addresses. Raises OutOfRange if an operand does not fit into its field."""
    instruction = INSTRUCTIONS[name]
    word = instruction.word
    for arg, operand in zip(args, instruction.operands, strict=True):
        if operand.bank:
            word |= _fits(arg, 0, 15) << FIELDS[operand.field]
        elif operand.kind in ENCODE_TARGET:
            word |= ENCODE_TARGET[operand.kind](arg, pc)
        else:
            word |= ENCODE_IMMEDIATE[operand.kind](arg)
    return word.to_bytes(size(name), "little")
