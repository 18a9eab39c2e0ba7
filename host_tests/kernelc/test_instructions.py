"""Each row of the instruction table is right: QEMU's disassembler agrees with the listing, and the
facts in the rows agree with each other."""

import pytest

from tools.kernelc.assemble import Code
from tools.kernelc.ir import Label, Op
from tools.kernelc.listing import operands
from tools.kernelc.xtensa import INSTRUCTIONS, OutOfRange, encode, size

from . import machine
from .test_disassembly import disassembly, normal

REAL = [name for name, row in INSTRUCTIONS.items() if row.word is not None and name != "syscall"]
# In the harness itself, where they can be executed.
ELSEWHERE = {"entry", "callx8", "retw.n", "l32r"}
IMMEDIATES = {
    "simm8": (-5, 127, -128), "imm12": (-300, 2047), "imm7": (33, -32, 95), "small4": (9, -1, 15),
    "left": (5, 1, 31), "right": (20, 0, 31), "shift5": (21, 3), "width4": (5, 16),
    "bit5": (17, 31), "word8": (16, 1020), "word4": (20, 60), "half8": (6, 510),
    "byte8": (5, 255), "sign4": (7, 22), "const4": (8, -1, 256), "table4": (2, 0),
    "scale4": (3, 15),
}  # fmt: skip
# Register 3 is an address, 4 a small number; what is written is neither.
REGISTERS = {("a", "r"): 5, ("a", "s"): 3, ("a", "t"): 4, ("f", "r"): 1, ("f", "s"): 2,
             ("f", "t"): 7, ("b", "r"): 3, ("b", "s"): 4, ("b", "t"): 5}  # fmt: skip
OTHERS = {("a", "t"): 6, ("a", "s"): 6}  # of those that are written


def examples(name):
    """Return the instruction with several immediates, and with operands that can be executed."""
    for turn in range(3):
        args, after = [], []
        for operand in INSTRUCTIONS[name].operands:
            if operand.bank:
                key = operand.bank, operand.field
                written = operand.writes and not operand.reads
                args.append(OTHERS[key] if written and key in OTHERS else REGISTERS[key])
            elif operand.kind in IMMEDIATES:
                values = IMMEDIATES[operand.kind]
                args.append(values[min(turn, len(values) - 1)])
            else:
                args.append(Label())
                after = [Op("nop.n", ()), Op("label", args[-1:])]
        yield [Op(name, args), *after]


@pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)
def test_a_disassembler_reads_what_the_listing_says(tmp_path):
    memory = machine.Memory()
    room = memory.words(*[0] * 600)
    ops = [Op("entry", (1, 64))]
    for name in REAL:
        if name not in ELSEWHERE:
            for example in examples(name):
                ops += [Op("constant", (3, room)), Op("constant", (4, 4)), *example]
    dump = memory.words(0, 0)
    code = Code([*ops, Op("constant", (8, machine._writer(memory, dump))), Op("callx8", (8,))])
    start = memory.code(code)
    texts = disassembly(memory, start, tmp_path)
    seen = set()
    for address, _, op in code.lines:
        if start + address not in texts:
            continue
        shown = INSTRUCTIONS[op.name].jumps or op.name == "l32r"
        args = [*op.args[:-1], op.args[-1] + start] if shown else op.args
        assert normal(texts[start + address]) == normal(f"{op.name} {operands(op.having(args))}")
        seen.add(op.name)
    # The program ends before it returns, and `add` is always written in its short form.
    assert set(REAL) - seen == {"retw.n", "add"}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_the_facts_of_a_row_fit_each_other(name):
    row = INSTRUCTIONS[name]
    if row.opposite:
        opposite = INSTRUCTIONS[row.opposite]
        assert opposite.opposite == name and opposite.operands == row.operands and row.jumps
    if row.short:
        assert size(row.short) == 2 and INSTRUCTIONS[row.short].memory == row.memory
    for moving in (row.by_constant, row.by_register):
        if moving:
            assert INSTRUCTIONS[moving].memory == row.memory and row.memory
            assert INSTRUCTIONS[moving].operands[1].writes
            assert INSTRUCTIONS[moving].latency == row.latency
    if row.in_place:
        first = INSTRUCTIONS[row.in_place].operands[0]
        assert (
            first.reads
            and first.writes
            and len(row.operands) == 1 + len(INSTRUCTIONS[row.in_place].operands)
        )
    if row.memory:
        assert row.operands[0].writes == (row.memory == "load")


@pytest.mark.parametrize("kind, beyond", [
    ("simm8", 128), ("imm12", 2048), ("imm7", 96), ("small4", 0), ("small4", 16), ("left", 32),
    ("right", 32), ("word8", 1024), ("word8", 2), ("word4", 64), ("half8", 3), ("byte8", 256),
    ("sign4", 6), ("const4", 9), ("table4", 4), ("scale4", 16),
])  # fmt: skip
def test_an_immediate_beyond_its_field_is_out_of_range(kind, beyond):
    name = next(n for n in REAL if any(o.kind == kind for o in INSTRUCTIONS[n].operands))
    (op, *_) = next(examples(name))
    kinds = [operand.kind for operand in op.row.operands]
    args = [beyond if k == kind else arg for k, arg in zip(kinds, op.args, strict=True)]
    with pytest.raises(OutOfRange):
        encode(name, [0 if isinstance(arg, Label) else arg for arg in args], 0)
