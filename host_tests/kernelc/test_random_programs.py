"""Random functions of the subset compute, bit for bit, what their Python says."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.kernelc.compiler import compile_source

from . import machine
from .model import Model

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

SIZE = 8
HEAD = "def f(x: floats, y: floats, k: ints, n: int, m: int, a: float):\n"
FLOATS, INTS = ("p", "q", "r", "a"), ("u", "v", "m")
START = "    p = 0.5\n    q = a\n    r = x[0]\n    u = 1\n    v = n\n"


class Writer:
    """Draws a function's statements; `loops` are the loop variables in scope."""

    def __init__(self, draw):
        self.draw = draw
        self.loops = []
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
        operator = self.pick("+", "-", "*", "//", "%", "//")
        if operator in ("//", "%"):
            right = self.pick("3", "8", "-5", f"(({right}) % 4 + 1)", "7")
        return f"({left}) {operator} ({right})"

    def float(self, depth):
        if depth == 0 or self.pick(True, False, False):
            leaf = self.pick(*FLOATS, "a", "0.25", "1.0", "-3.5", "x[{}]", "y[{}]", "int")
            return f"float({self.int(1)})" if leaf == "int" else leaf.format(self.index())
        left, right = self.float(depth - 1), self.float(depth - 1)
        form = self.pick(
            "{} + {}", "{} - {}", "{} * {}", "{} * {}", "-{}", "abs({})", "{} * (n - 3)"
        )
        return form.format(f"({left})", f"({right})")

    def test(self, depth=1):
        if depth and self.pick(True, False, False):
            form = self.pick("({}) and ({})", "({}) or ({})", "not ({})")
            return form.format(self.test(0), self.test(0))
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        side = self.pick(self.int, self.float)
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
        kind = self.pick(*kinds, *(["for", "for", "if", "while", "max"] if depth else []))
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
            return [
                f"{space}for {name} in range({bounds}):",
                *self.inside(depth, indent, (name, bounds in ("n", "8", "1, n", "0, n, 3"))),
            ]
        if kind == "while":
            name = f"w{self.count}"
            return [
                f"{space}{name} = 0",
                f"{space}while {name} < 3 and {self.test(0)}:",
                *self.inside(depth, indent, (name, True)),
                f"{space}    {name} = {name} + 1",
            ]
        lines = [f"{space}if {self.test()}:", *self.block(depth - 1, indent + 1)]
        if self.pick(True, False):
            lines += [f"{space}else:", *self.block(depth - 1, indent + 1)]
        return lines

    def inside(self, depth, indent, loop):
        self.loops.append(loop)
        body = self.block(depth - 1, indent + 1)
        self.loops.pop()
        return body


@st.composite
def functions(draw):
    body = "\n".join(Writer(draw).block(3, 1))
    end = "    y[0] = p\n    y[1] = q\n    y[2] = r + a\n    k[0] = u * 64 + v + m\n"
    return f"{HEAD}{START}{body}\n{end}"


@settings(
    max_examples=200, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(functions(), st.integers(0, SIZE), st.integers(0, 1000))
def test_a_random_function_computes_what_its_python_says(source, n, seed):
    random = np.random.default_rng(seed)
    x, y = (random.normal(size=SIZE).astype(np.float32) for _ in range(2))
    k = random.integers(-20, 20, SIZE).astype(np.int32)
    wanted_y, wanted_k = y.copy(), k.copy()
    Model(source).run(x, wanted_y, wanted_k, n, 5, np.float32(1.5))
    code = compile_source(source, "f.py")[1]["f"]
    machine.run(code, x, y, k, n, 5, 1.5)
    assert np.array_equal(k, wanted_k), source
    assert np.array_equal(y, wanted_y, equal_nan=True), source
