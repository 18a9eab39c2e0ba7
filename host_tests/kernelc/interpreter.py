"""Execute a program after any pass, so that each pass can be tested alone: Python statements as
Python, lists of instructions one by one, with virtual or real registers."""

import ast
import math
import struct

import numpy as np

from tools.kernelc.frame import FIRST_HOME, HOME_BYTES, SELF_SLOT
from tools.kernelc.ir import Label, Register
from tools.kernelc.subset import BUFFERS

from .model import fused, int32

STACK, SPACE = 0x10000, 0x1000  # addresses: of the stack, and from one buffer to the next
ARRAYS = STACK + SPACE // 2  # of the arrays that a kernel creates
SELF, CODE = 0x80000, 0x90000
BRANCHES = {
    "beqz": lambda a: a == 0, "bnez": lambda a: a != 0, "bltz": lambda a: a < 0,
    "bgez": lambda a: a >= 0, "beq": lambda a, b: a == b, "bne": lambda a, b: a != b,
    "blt": lambda a, b: a < b, "bge": lambda a, b: a >= b, "blti": lambda a, b: a < b,
    "bgei": lambda a, b: a >= b, "bltu": lambda a, b: a % 2**32 < b % 2**32,
    "bgeu": lambda a, b: a % 2**32 >= b % 2**32, "bt": lambda a: a, "bf": lambda a: not a,
}  # fmt: skip
COMPARE = {
    "olt.s": lambda a, b: a < b, "ole.s": lambda a, b: a <= b, "oeq.s": lambda a, b: a == b,
}  # fmt: skip


def trunc(value, scale):
    value = float(value) * 2.0**scale
    return int(max(min(value, 2**31 - 1), -(2**31))) if value == value else 2**31 - 1


def quotient(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


VALUES = {
    "add": lambda a, b: a + b, "addi": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "addx2": lambda a, b: 2 * a + b, "addx4": lambda a, b: 4 * a + b,
    "addx8": lambda a, b: 8 * a + b, "mull": lambda a, b: a * b, "neg": lambda a: -a,
    "min": min, "max": max, "or": lambda a, b: a | b, "and": lambda a, b: a & b,
    "xor": lambda a, b: a ^ b, "slli": lambda a, n: a << n, "srai": lambda a, n: a >> n,
    "sext": lambda a, n: ((a >> n & 1) * -1 << n) | a & (1 << n) - 1,
    "shift_left": lambda a, n: a << (n & 31), "shift_right": lambda a, n: a >> (n & 31),
    "quos": quotient, "rems": lambda a, b: a - b * quotient(a, b), "constant": lambda a: a,
    "array_address": lambda n: ARRAYS + n,
    "mov": lambda a: a, "mov.n": lambda a: a, "mov.s": lambda a: a,
    "add.s": lambda a, b: a + b, "sub.s": lambda a, b: a - b, "mul.s": lambda a, b: a * b,
    "abs.s": abs, "neg.s": lambda a: -a, "const.s": lambda i: np.float32((0, 1, 2, 0.5)[i]),
    "fma": fused, "fms": lambda a, b, c: fused(a, -b, c), "madd.s": fused,
    "msub.s": lambda a, b, c: fused(a, -b, c),
    "rfr": lambda a: struct.unpack("<i", struct.pack("<f", a))[0],
    "wfr": lambda a: np.float32(struct.unpack("<f", struct.pack("<I", int(a) % 2**32))[0]),
    "float.s": lambda a, scale: np.float32(a * 2.0**-scale), "trunc.s": trunc,
    "round.s": lambda a, scale: trunc(np.rint(a), scale),
    "raise_to": lambda x, y: y if x < y else x, "lower_to": lambda x, y: y if y < x else x,
    "at_least": lambda x, y: y if x < y else x, "at_most": lambda x, y: y if y < x else x,
    "select_zero": lambda x, y, n: x if n else y, "moveqz.s": lambda x, y, n: x if n else y,
}  # fmt: skip
SIZES = {"lsi": "<f", "l32i": "<i", "l16si": "<h", "l16ui": "<H", "l8ui": "<B",
         "ssi": "<f", "s32i": "<i", "s16i": "<H", "s8i": "<B",
         "lsip": "<f", "lsxp": "<f", "ssip": "<f", "ssxp": "<f"}  # fmt: skip


class Refused(Exception):
    """A check refused the call."""


def run(program, args):
    """Execute a program of any form on arrays and numbers; arrays are changed in place. Raises
    Refused."""
    if program.tree is None:
        return _python(program, args)
    return Machine(program, args).run()


def _python(program, args):
    parameters = [ast.arg(name) for name, _ in program.kernel.params]
    signature = ast.arguments([], parameters, None, [], [], None, [])
    arrays = [array.statement(name) for name, array in program.kernel.arrays.items()]
    function = ast.FunctionDef("f", signature, [*arrays, *program.statements], [], None)
    text = ast.unparse(ast.fix_missing_locations(ast.Module([function], []))).replace("@", "__at__")
    others = [kernel.node for kernel in program.module.kernels.values()]
    names = dict.fromkeys(BUFFERS) | {"exp": math.exp, "log": math.log, "sqrt": math.sqrt}
    names |= {"sin": math.sin, "cos": math.cos} | program.module.constants
    names |= {name: table.values for name, table in program.module.tables.items()}
    names |= {"to_bits": VALUES["rfr"], "from_bits": lambda bits: float(VALUES["wfr"](bits))}
    exec("\n".join(map(ast.unparse, others)), names)
    exec(text, names)
    with np.errstate(all="ignore"):
        names["f"](*args)


class Machine:
    def __init__(self, program, args):
        self.ops = program.ops
        self.refusals = set(program.tree.refusals.values())
        self.places = {op.label: i for i, op in enumerate(self.ops) if op.label}
        self.places[program.tree.epilogue] = len(self.ops)
        self.memory = {}
        self.registers = {("a", 1): STACK}
        self.arrays = []
        self.tables, address = {}, 0  # {Label: its address in the code}
        for label, words in program.tree.tables.items():
            self.tables[label] = address
            self.write(CODE + address, b"".join(struct.pack("<I", w % 2**32) for w in words))
            address += 4 * len(words)
        self.write(STACK + SELF_SLOT, struct.pack("<i", SELF))
        self.write(SELF + 12, struct.pack("<i", CODE))
        for number, ((_, kind), arg) in enumerate(zip(program.kernel.params, args, strict=True)):
            home = STACK + FIRST_HOME + HOME_BYTES * number
            if hasattr(arg, "dtype"):
                base = STACK + SPACE * (number + 1)
                self.arrays.append((base, arg))
                self.write(base, arg.tobytes())
                self.write(home, struct.pack("<ii", base, arg.nbytes))
            else:
                self.write(home, struct.pack("<f" if kind == "float" else "<i", arg))

    def write(self, address, data):
        for i, byte in enumerate(data):
            self.memory[address + i] = byte

    def run(self):
        at = steps = 0
        ends = {}  # the place behind a loop's last instruction: where it begins, how often
        with np.errstate(all="ignore"):
            while at < len(self.ops):
                steps += 1
                assert steps < 200_000, "it does not end"
                op = self.ops[at]
                if at in ends:
                    begin, left = ends[at]
                    if left > 1:
                        ends[at] = begin, left - 1
                        at = begin
                        continue
                    del ends[at]
                if op.name == "loopgtz":
                    count, end = self.value(op.args[0], "a"), self.places[op.target]
                    if count > 0:
                        ends[end] = at + 1, count
                        at += 1
                    else:
                        at = end
                    continue
                target = self.execute(op)
                at = at + 1 if target is None else self.jump(target)
        for base, array in self.arrays:
            data = bytes(self.memory[base + i] for i in range(array.nbytes))
            array[:] = np.frombuffer(data, array.dtype)

    def jump(self, target):
        if target in self.refusals:
            raise Refused(target.name)
        return self.places[target]

    def value(self, arg, bank):
        if isinstance(arg, Register):
            return self.registers[arg]
        if isinstance(arg, Label):
            return self.tables[arg]
        return self.registers[bank, arg] if bank else arg

    def set(self, arg, bank, value):
        if bank == "a":
            value = int32(int(value))
        elif bank == "f":
            value = np.float32(value)
        self.registers[arg if isinstance(arg, Register) else (bank, arg)] = value

    def execute(self, op):
        """Execute an instruction; return the label to which it jumps, or None."""
        operands = op.row.operands
        bank = operands[0].bank if operands else ""
        if op.name == "mov":
            bank = op.args[0].bank
        if op.name == "j":
            return op.target
        if op.name in BRANCHES:
            pairs = zip(op.args[:-1], operands[:-1], strict=True)
            taken = BRANCHES[op.name](*(self.value(arg, operand.bank) for arg, operand in pairs))
            return op.target if taken else None
        if op.name in SIZES:
            self.access(op, bank)
        elif op.name in COMPARE:
            self.registers["b", op.args[0]] = COMPARE[op.name](
                self.value(op.args[1], "f"), self.value(op.args[2], "f")
            )
        elif op.name not in ("label", "nop.n"):
            pairs = list(zip(op.args, operands, strict=True))
            values = [
                self.value(arg, operand.bank)
                for arg, operand in pairs
                if operand.reads or not operand.bank
            ]
            self.set(op.args[0], bank, VALUES[op.name](*values))
        return None

    def access(self, op, bank):
        pointer, offset = self.value(op.args[1], "a"), op.args[2]
        moves = op.row.operands[1].writes
        form = SIZES[op.name]
        address = pointer if moves else pointer + offset
        size = struct.calcsize(form)
        if op.row.memory == "load":
            data = bytes(self.memory[address + i] for i in range(size))
            value = struct.unpack(form, data)[0]
        else:
            value = self.value(op.args[0], bank)
            wrapped = value if form == "<f" else int(value) % 2 ** (8 * size)
            if form == "<i" and wrapped >= 2**31:
                wrapped -= 2**32
            assert all(address + i in self.memory for i in range(size)) or address < STACK + SPACE
            self.write(address, struct.pack(form, wrapped))
        if moves:
            step = self.value(offset, op.row.operands[2].bank)
            self.set(op.args[1], "a", pointer + step)
        if op.row.memory == "load":
            self.set(op.args[0], bank, value)
