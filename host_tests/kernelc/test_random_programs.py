"""Random functions of the subset give the same results as in Python, bit for bit."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tools.kernelc.compiler import compile_source

from . import machine
from .model import Model

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

SIZE = 8
FULL = os.environ.get("ESP32GPT_FULL")
HEAD = "def f(x: floats, y: floats, k: ints, n: int, m: int, a: float):\n"
FLOATS, INTS = ("p", "q", "r", "a"), ("u", "v", "m")
START = "    p = 0.5\n    q = a\n    r = x[0]\n    u = 1\n    v = n\n"


class Writer:
    """Draws a function's statements; `loops` are the loop variables in scope."""

    def __init__(self, draw):
        self.draw = draw
        self.loops = []
        self.conditional = ("(({}) if {test} else ({}))",)
        self.leaves = []  # for each loop around: what may leave it
        self.count = 0

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def index(self):
        loop = [name for name, bounded in self.loops if bounded]
        choice = self.pick("constant", "loop", "loop", "shifted", "any")
        if choice == "loop" and loop:
            return self.pick(*loop)
        if choice == "shifted" and loop:
            return f"{SIZE - 1} - {self.pick(*loop)}"
        if choice == "any":
            return f"({self.int(1)}) % {SIZE}"
        return str(self.draw(st.integers(0, SIZE - 1)))

    def int(self, depth):
        if depth == 0 or self.pick(True, False):
            names = [name for name, _ in self.loops]
            return self.pick(
                *names, *INTS, "n", str(self.draw(st.integers(-9, 9))), "k[{}]"
            ).format(self.index() if depth else "0")
        left, right = self.int(depth - 1), self.int(depth - 1)
        form = self.pick("", "", "", "~({})", "max({}, {})", "min({}, {})", *self.conditional)
        if form:
            test = self.test(0) if "test" in form else ""
            return f"({form.format(left, right, test=test)})"
        operator = self.pick("+", "-", "*", "//", "%", "//", "&", "|", "^", "<<", ">>")
        if operator in ("<<", ">>"):
            right = self.pick("(n & 7)", "3", "0", f"(({right}) & 15)")
            return f"(({left}) % 997) {operator} {right}"
        if operator in ("//", "%"):
            right = self.pick("3", "8", "-5", f"(({right}) % 4 + 1)", "7")
        return f"({left}) {operator} ({right})"

    def float(self, depth):
        if depth == 0 or self.pick(True, False, False):
            leaf = self.pick(*FLOATS, "a", "0.25", "1.0", "-3.5", "x[{}]", "y[{}]", "int")
            return f"float({self.int(1)})" if leaf == "int" else leaf.format(self.index())
        left, right = self.float(depth - 1), self.float(depth - 1)
        form = self.pick(
            "{} + {}", "{} - {}", "{} * {}", "{} * {}", "-{}", "abs({})", "{} * (n - 3)",
            "max({}, {})", "min({}, {})", *self.conditional,
        )  # fmt: skip
        test = self.test(0) if "test" in form else ""
        return form.format(f"({left})", f"({right})", test=test)

    def test(self, depth=1):
        conditional, self.conditional = self.conditional, ()  # not within a test
        text = self._test(depth)
        self.conditional = conditional
        return text

    def _test(self, depth):
        if depth and self.pick(True, False, False):
            form = self.pick("({}) and ({})", "({}) or ({})", "not ({})")
            return form.format(self.test(0), self.test(0))
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        side = self.pick(self.int, self.float)
        if depth == 0 and self.pick(True, False, False, False):
            return f"{self.int(0)} {compare} {self.int(0)} < {self.int(0)}"
        # Values that are equal, or no numbers, now and then.
        return f"{side(1)} {compare} {side(1)}"

    def block(self, depth, indent):
        lines = []
        for _ in range(self.draw(st.integers(1, 3))):
            lines += self.statement(depth, indent)
        return lines

    def statement(self, depth, indent):
        space = "    " * indent
        kinds = ["float", "float", "int", "store", "store", "ints", "add"]
        if self.leaves:
            kinds.append("leave")
        kind = self.pick(*kinds, *(["for", "for", "if", "while", "max"] if depth else []))
        if kind == "leave":
            return [f"{space}if {self.test()}:", f"{space}    {self.pick(*self.leaves[-1])}"]
        if kind == "float":
            return [f"{space}{self.pick(*FLOATS)} = {self.float(2)}"]
        if kind == "add":
            return [f"{space}{self.pick(*FLOATS, f'y[{self.index()}]')} += {self.float(2)}"]
        if kind == "int":
            return [f"{space}{self.pick(*INTS)} = ({self.int(2)}) % 50"]
        if kind == "store":
            return [f"{space}y[{self.index()}] = {self.float(2)}"]
        if kind == "ints":
            return [f"{space}k[{self.index()}] = ({self.int(2)}) % 31"]
        if kind == "max":
            name = self.pick(*FLOATS)
            value, compare = self.float(1), self.pick("<", ">")
            return [f"{space}if {value} {compare} {name}:", f"{space}    {name} = {value}"]
        self.count += 1
        if kind == "for":
            name = f"i{self.count}"
            bounds = self.pick("n", "8", "1, n", "n, 0, -1", "0, n, 3", "u, v", "n, 2", "0, 7, 2")
            bounded = bounds in ("n", "8", "1, n", "0, n, 3")
            return [
                f"{space}for {name} in range({bounds}):",
                *self.inside(depth, indent, ("break", "continue"), (name, bounded)),
            ]
        if kind == "while":
            name = f"w{self.count}"
            return [
                f"{space}{name} = 0",
                f"{space}while {name} < 3 and {self.test(0)}:",
                *self.inside(depth, indent, ("break",), (name, True)),
                f"{space}    {name} = {name} + 1",
            ]
        lines = [f"{space}if {self.test()}:", *self.block(depth - 1, indent + 1)]
        if self.pick(True, False):
            lines += [f"{space}else:", *self.block(depth - 1, indent + 1)]
        return lines

    def inside(self, depth, indent, leaves, loop):
        self.loops.append(loop)
        self.leaves.append(leaves)
        body = self.block(depth - 1, indent + 1)
        self.loops.pop()
        self.leaves.pop()
        return body


class Anywhere(Writer):
    """A Writer of indices of any form; some are out of range."""

    def index(self):
        names = [*(name for name, _ in self.loops), "k[0]", "k[2]", "u", "v", "n", "n * m"]
        a, b, c = self.pick(*names), self.pick(*names), self.draw(st.integers(-9, 9))
        form = self.pick("{a}", "{c}", "{a} + {c}", "{a} - {b} + {c}", "{c} - {a}", "{a} * 2 - {b}")
        text = form.format(a=a, b=b, c=abs(c) if form == "{c}" else c)
        return text if text.count("[") < 2 else "0"


def functions(writer):
    @st.composite
    def function(draw):
        body = "\n".join(writer(draw).block(3, 1))
        end = "    y[0] = p\n    y[1] = q\n    y[2] = r + a\n    k[0] = u * 64 + v + m\n"
        return f"{HEAD}{START}{body}\n{end}"

    return function()


def programs(count):
    return settings(
        max_examples=count if FULL else count // 20, derandomize=True, deadline=None,
        database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip


def arguments(n, seed):
    random = np.random.default_rng(seed)
    x, y = (random.normal(size=SIZE).astype(np.float32) for _ in range(2))
    return x, y, random.integers(-20, 20, SIZE).astype(np.int32), n, 5


@programs(2000)
@given(functions(Writer), st.integers(0, SIZE), st.integers(0, 1000))
def test_a_random_function_computes_what_its_python_says(source, n, seed):
    _agree(source, arguments(n, seed))


@programs(2000)
@given(functions(Anywhere), st.integers(0, SIZE), st.integers(0, 1000))
def test_a_random_function_is_refused_if_an_index_is_out_of_range_and_only_then(source, n, seed):
    args = arguments(n, seed)
    copies = [np.copy(a) if hasattr(a, "dtype") else a for a in args]
    try:
        Model(source).run(*copies, np.float32(1.5))
    except IndexError:
        code = compile_source(source, "f.py")[1]["f"]
        with pytest.raises(machine.Refused):
            machine.run(code, *args, 1.5)
    else:
        _agree(source, args)


def _agree(source, args):
    """Assert that the compiled function changes its arguments as the model does."""
    wanted = [np.copy(a) if hasattr(a, "dtype") else a for a in args]
    Model(source).run(*wanted, np.float32(1.5))
    code = compile_source(source, "f.py")[1]["f"]
    machine.run(code, *args, 1.5)
    for got, want in zip(args, wanted, strict=True):
        assert np.array_equal(got, want, equal_nan=hasattr(got, "dtype") and got.dtype.kind == "f")
