"""The verifier finds the errors that a wrong pass could make."""

import ast
from dataclasses import replace

import pytest

from tools.kernelc.compiler import PASSES
from tools.kernelc.ir import Label, Op, Register
from tools.kernelc.verify import Invalid, verify

from .test_passes import one

SOURCE = """def f(y: floats, x: floats, n: int):
    for i in range(n):
        if x[i] > 2.0:
            y[i] = x[i] * 2.0 + y[i]
"""


def after(name):
    """Return the program after the first pass with that name."""
    program = one(SOURCE)
    for step in PASSES:
        program = step(program)
        verify(program)
        if step.__name__ == name:
            return program


def with_ops(program, change):
    ops = list(program.ops)
    change(ops)
    return replace(program, ops=ops)


def at(ops, name):
    return next(i for i, op in enumerate(ops) if op.name == name)


def refuses(program, why):
    with pytest.raises(Invalid, match=f"^f: .*{why}"):
        verify(program)


def test_python_consists_of_known_forms():
    program = after("desugar")
    refuses(replace(program, statements=ast.parse("x += 1").body), "AugAssign")
    statement = ast.Assign([ast.Name("x", ast.Store())], ast.Constant(1))
    refuses(replace(program, statements=[statement]), "has no line")


def test_a_tree_reads_only_what_is_written():
    program = after("lower")
    extra = Op("addi", [Register("a", "new"), Register("a", "nothing"), 1])
    tree = replace(program.tree, body=[*program.tree.body, extra])
    refuses(replace(program, tree=tree), "nothing is never written")


def test_a_jump_leads_to_a_label():
    program = after("flatten")
    refuses(with_ops(program, lambda ops: ops.append(Op("j", [Label("away")]))), "leads nowhere")
    twice = next(op for op in program.ops if op.label)
    refuses(with_ops(program, lambda ops: ops.append(twice)), "stands twice")


def test_operands_are_of_the_right_kind_and_number():
    program = after("flatten")
    f, a = Register("f", "f"), Register("a", "a")
    for op, why in (
        (Op("add.s", [f, a, f]), "wrong bank"),
        (Op("mov", [f, a]), "wrong bank"),
        (Op("add.s", [f, f]), "2 operands"),
        (Op("lsi", [f, a, f]), "wrong bank"),
        (Op("lsi", [f, a, "4"]), "no operand"),
        (Op("l32i", [a, 16, 0]), "no register 16"),
    ):
        refuses(with_ops(program, lambda ops, op=op: ops.append(op)), why)


@pytest.mark.parametrize("name", ["flatten", "tidy", "expand"])
def test_what_is_read_was_written_on_every_way(name):
    program = after(name)

    def remove_load(ops):
        del ops[next(i for i, op in enumerate(ops) if op.name == "lsi" or op.name == "lsip")]

    refuses(with_ops(program, remove_load), "has no value there")


def test_a_place_that_is_read_was_written():
    def read(ops):
        ops.insert(2, Op("mov.s", [1, 15]))

    for name in ("assign", "frame"):
        refuses(with_ops(after(name), read), "has no value there")


def test_a_flag_is_tested_before_a_maximum_changes_it():
    def put_between(ops):
        i = at(ops, "olt.s")
        ops.insert(i + 1, Op("at_least", [ops[i].args[1], ops[i].args[2]]))

    refuses(with_ops(after("flatten"), put_between), "no value there")


def test_a_call_leaves_no_float():
    def call(ops):
        i = at(ops, "mul.s") if any(op.name == "mul.s" for op in ops) else at(ops, "madd.s")
        ops.insert(i, Op("callx8", [8]))

    refuses(with_ops(after("assign"), call), "no value there")


def test_the_last_instruction_of_a_zero_overhead_loop_is_no_jump():
    def swap(ops):
        end = ops[at(ops, "loopgtz")].target
        i = next(i for i, op in enumerate(ops) if op.label is end)
        ops[i - 1] = Op("j", [end])

    refuses(with_ops(after("flatten"), swap), "ends in a jump")


def test_registers_that_live_at_one_time_have_different_places():
    program = after("allocate")
    x, y = (
        next(register for register in program.registers if register.name == name)
        for name in ("len(x)", "n")
    )
    places = program.registers | {x: program.registers[y]}
    refuses(replace(program, registers=places), "reads another")
    refuses(replace(program, registers=program.registers | {x: 16}), "has no place")
