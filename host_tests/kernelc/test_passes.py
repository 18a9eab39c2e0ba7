"""The pipeline is a list of passes: none changes its input, and INTERNALS.md lists them all."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tools.kernelc import compiler
from tools.kernelc.compiler import PASSES, PLACES, compile_source, run
from tools.kernelc.frontend import parse
from tools.kernelc.ir import Op, Program
from tools.kernelc.show import passes_table, show

from .test_kernels import MODULE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "tools" / "kernelc" / "INTERNALS.md").read_text()


def program(kernel, module):
    return Program(kernel, module, 0, PLACES, kernel.body)


def one(source):
    module = parse(source, "k.py")
    return program(next(iter(module.kernels.values())), module)


def test_the_table_of_passes_on_the_page_is_that_of_the_list():
    assert re.search(r"<!-- passes -->\n(.*)<!-- end -->", PAGE, re.DOTALL)[1] == passes_table(
        PASSES
    )


@pytest.mark.parametrize("name", MODULE.kernels)
def test_a_pass_leaves_the_program_that_it_is_given_alone(name):
    now = program(MODULE.kernels[name], MODULE)
    for step in PASSES:
        text = show(now)
        after = step(now)
        assert show(now) == text, step.__name__
        assert show(step(now)) == show(after), step.__name__
        now = after


def test_a_watcher_sees_the_program_after_every_pass():
    seen = []
    run(one("def f(x: floats):\n    x[0] += 1.0\n"), lambda *what: seen.append(what))
    assert [(number, step) for number, step, _ in seen] == list(enumerate(PASSES, 1))
    assert show(seen[0][2]) == "x[0] = x[0] + 1.0\n"


def leave_out_zeros(program):
    """Replace additions of 0 by copies, which `tidy` then removes."""
    ops = [
        Op("mov", op.args[:2], op.line) if op.name == "addi" and op.args[2] == 0 else op
        for op in program.ops
    ]
    return replace(program, ops=ops)


def test_a_pass_is_added_by_adding_it_to_the_list(monkeypatch):
    assert f"def {leave_out_zeros.__name__}" in PAGE
    at = PASSES.index(compiler.tidy)
    monkeypatch.setattr(compiler, "PASSES", [*PASSES[:at], leave_out_zeros, *PASSES[at:]])
    seen = []
    run(one("def f(x: floats):\n    x[0] = 1.0\n"), lambda _, step, __: seen.append(step))
    assert seen[at] is leave_out_zeros and len(seen) == len(PASSES) + 1


def with_variables(count):
    """Return a kernel with a short loop, whose code is longer if the variables exceed the
    registers."""
    source = "def f(x: floats, n: int):\n"
    source += "".join(f"    a{i} = x[{i}]\n" for i in range(count)) + "    for t in range(n):\n"
    for i in range(count):
        source += f"        a{i} = a{(7 * i + 3) % count} - a{(5 * i + 1) % count}\n"
    return source + "".join(f"    x[{i}] = a{i}\n" for i in range(count))


@pytest.mark.parametrize("count, too_long", [(12, False), (40, True)])
def test_a_loop_too_long_for_the_loop_option_begins_again_where_loops_become_instructions(
    count, too_long
):
    done = []

    def watch(_, step, program):
        done.append((step.__name__, len(program.in_software)))

    code = run(one(with_variables(count)), watch).code
    assert any(op.name == "loopgtz" for _, _, op in code.lines) != too_long
    assert done.count(("lower", 0)) == done.count(("flatten", 0)) == 1
    assert done.count(("flatten", 1)) == done.count(("assemble", 1)) == too_long


def test_every_instruction_of_the_examples_comes_from_a_pass_that_says_its_line():
    source = (ROOT / "firmware" / "examples" / "fir.py").read_text()
    module, codes = compile_source(source, "fir.py")
    lines = range(1, len(module.source.splitlines()) + 1)
    assert all(op.line in (0, *lines) for code in codes.values() for _, _, op in code.lines)
