"""The refusals of the compiler, and the refusals of a compiled kernel when it is called."""

import random
import re

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.errors import CompileError

from . import machine
from .machine import Argument, Refused, Wrong, run

needs_qemu = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

OUTSIDE = {
    "    for v in x:\n        x[0] = v": (2, "range"),
    "    y = [1.0]": (2, "buffer"),
    "    a, b = 1, 2": (2, "separate statement"),
    "    x[0] = x[1.0]": (2, "index"),
    "    x[0] = y": (2, "y"),
    "    for i in range(n):\n        last = i\n    x[0] = last": (4, "may have no value"),
    "    if n:\n        a = 1.0\n    x[0] = a": (4, "may have no value"),
    "    a = 1\n    for i in range(n):\n        a = x[i]\n    x[0] = a": (4, "another name"),
    "    x[0] = tan(x[1])": (2, "sin(x) / cos(x)"),
    "    x[0] = x[1] ** 2": (2, "x * x"),
    "    x[0] = x @ x": (2, "buffer"),
    "    x[0] = x[0] % 2.0": (2, "add b to r if r is below 0"),
    "    x[0] = x[0] // 2.0": (2, "int(a / b)"),
    "    x[0] = not n": (2, "0 if x else 1"),
    "    x[0] = x[1] & 1": (2, "int() makes an int"),
    "    x[0] = ~x[1]": (2, "~ takes an int"),
    "    x[0] = n << 32": (2, "0 to 31"),
    "    break": (2, "outside loop"),
    "    continue": (2, "not properly in loop"),
    "    while n:\n        break\n        n = 1": (4, "leave it out"),
    "    if n and (1 if n else 0):\n        x[0] = 1.0": (2, "to a name before"),
    "    while (1 if n else 0) == 1:\n        x[0] = 1.0": (2, "in the loop's body"),
    "    x[0] = n and 2": (2, "if statement"),
    "    x[0] = 0 < n < 2": (2, "if statement"),
    "    if n in x:\n        x[0] = 1.0": (2, "compare two numbers"),
    "    if n is None:\n        x[0] = 1.0": (2, "numbers"),
    "    if (a := n):\n        x[0] = 1.0": (2, "separate statement"),
    "    async for i in range(n):\n        x[i] = 1.0": (2, "plain function"),
    "    async with x:\n        x[0] = 1.0": (2, "plain function"),
    "    x[0] = await n": (2, "plain function"),
    "    match n:\n        case 1:\n            x[0] = 1.0": (2, "if and else"),
    "    with x:\n        x[0] = 1.0": (2, "with"),
    "    class A:\n        pass": (2, "functions"),
    "    def g():\n        pass": (2, "module level"),
    "    g = lambda: n": (2, "def"),
    "    nonlocal n": (2, "buffer"),
    "    global n": (2, "buffer"),
    "    del n": (2, "leave"),
    "    import math": (2, "at the top"),
    "    raise ValueError": (2, "return an int"),
    "    assert n": (2, "return an int"),
    "    yield n": (2, "store into a buffer"),
    "    yield from x": (2, "store into a buffer"),
    "    a: float = 1.0": (2, "leave the annotation out"),
    "    x[0] = {1}": (2, "set"),
    "    x[0] = {1: 2}": (2, "dict"),
    "    x[0] = [i for i in x]": (2, "for loop"),
    "    x[0] = sum(i for i in x)": (2, "for loop"),
    "    x[0] = sqrt(*x)": (2, "star"),
    "    x[0] = sqrt(x=n)": (2, "without keywords"),
    "    x[0] = x.y": (2, "attribute"),
    "    x.y = 1": (2, "attribute"),
    "    x[0][1] = 1": (2, "annotated floats, ints"),
    "    x[0] = x[0][-1]": (2, "annotated floats, ints"),
    "    n[0] = 1": (2, "annotated floats, ints"),
    "    x[0] = 'text'": (2, "numbers"),
    "    x[0] = f'{n}'": (2, "numbers"),
    "    x[0] = None": (2, "numbers"),
    "    x[0] = ...": (2, "numbers"),
    "    x[0] = 1j": (2, "numbers"),
    "    x[0] = TEXT": (2, "numbers"),
    "    x[0] = z": (2, "assign it before"),
    "    x[0] = x": (2, "index it"),
    "    a = b = 1": (2, "one assignment a statement"),
    "    sqrt = 1.0": (2, "another name"),
    "    range = 1": (2, "another name"),
    "    print(n)": (2, "not used"),
    "    x[0] = sqrt()": (2, "0 arguments"),
    "    x[0] = 65536 * 65536": (2, "32 bits"),
    "    x[0] = 2147483647 + 1": (2, "32 bits"),
    "    x[n + 5000000000] = 1.0": (2, "32 bits"),
    "    x[0] = int(1e30)": (2, "32 bits"),
    "    x[0] = int(1e999)": (2, "write another float"),
    "    x[0] = BIG": (2, "32 bits"),
    "    x[0] = 1 % 0": (2, "zero"),
    "    x[0] = 1.0 / 0.0": (2, "zero"),
    "    for i, j in range(n):\n        x[0] = i": (2, "for name in range"),
    "    for i in range():\n        x[0] = i": (2, "1 to 3 arguments"),
    "    for i in range(0, n, 0):\n        x[0] = i": (2, "constant other than 0"),
    "    for i in range(0, 9, n):\n        x[0] = i": (2, "constant other than 0"),
    "    for i in range(x[0]):\n        x[0] = i": (2, "ints"),
    "    for i in range(n):\n        x[0] = i\n    else:\n        x[0] = 1.0": (2, "after it"),
    "    g(x)": (2, "g takes 2 arguments, not 1"),
    "    x[0] = g(x, n)": (2, "returns nothing"),
    "    g(1.0, n)": (2, "by its name"),
    "    return\n    x[0] = 1.0": (3, "leave it out"),
    "    if n:\n        return\n    else:\n        return\n    x[0] = 1.0": (6, "leave it out"),
    "    while h(n) > 0:\n        x[0] = 1.0": (2, "in the loop's body"),
    "    x[0] = 1 / 0": (2, "zero"),
    "    return n": (2, "-> int"),
    "    x[0:2] = 1.0": (2, "slice"),
    "    x = 1": (2, "another name"),
    "    x[0] = len(x)": (2, "an int parameter"),
    "    x[0] = n < 2": (2, "if statement"),
    "    x[0] = 1 << 40": (2, "0 to 31"),
    "    n + 1": (2, "not used"),
    "    f(x, n)": (2, "calls itself"),
    "    try:\n        pass\n    except ValueError:\n        pass": (2, "try"),
    "    x[0] = 5000000000": (2, "32 bits"),
}


@pytest.mark.parametrize("body", OUTSIDE, ids=lambda body: body.strip().replace("\n", ";"))
def test_what_is_outside_the_subset_is_refused_with_file_line_and_advice(body):
    line, advice = OUTSIDE[body]
    source = f"def f(x: floats, n: int):\n{body}\n\n"
    source += "TEXT = 'a'\nBIG = 10000000000\n\ndef g(x: floats, n: int):\n    x[0] = 1.0\n\n"
    source += "def h(n: int) -> int:\n    return n - 1\n"
    with pytest.raises(CompileError) as refused:
        compile_source(source, "some/kernels.py")
    assert str(refused.value).startswith(f"some/kernels.py:{line}: ")
    assert advice in str(refused.value)


NOT_MODULES = [
    "def f(x):\n    x[0] = 1.0",
    "def f(x: list):\n    x[0] = 1.0",
    "def f(*x):\n    x[0] = 1.0",
    "def f(*x):\n    pass",
    "def f(**x):\n    pass",
    "def f(x: floats, *, y: int):\n    x[y] = 1.0",
    "def f(x: floats, /):\n    x[0] = 1.0",
    "def f(x: floats, n: int = 1):\n    x[n] = 1.0",
    "def f(x: floats, x: floats):\n    x[0] = 1.0",
    "def f(exp: float) -> float:\n    return exp",
    "def f(x: floats) -> list:\n    x[0] = 1.0",
    "def f(n: int) -> int:\n    n = 2",
    "def f(" + ", ".join(f"a{i}: int" for i in range(11)) + ") -> int:\n    return 1",
    "async def f(x: floats):\n    x[0] = 1.0",
    "def sqrt(x: float) -> float:\n    return x",
    "def _refuse(x: floats):\n    x[0] = 1.0",
    "@g\ndef f(x: floats):\n    x[0] = 1.0",
    "import os",
    "import math",
    "from math import tan",
    "from math import *",
    "from os import path",
    "from math import exp as e",
    "class A:\n    pass",
    "def f(:",
    "x = [1]",
    "x = 1e999",
    "x = None",
    "x = 1j",
    "x = 1 + 1",
    "x, y = 1, 2",
    "x = y = 1",
    "x.y = 1",
    "x: int = 1",
    "x += 1",
    "print(1)",
    "if 1:\n    pass",
    "x = " + "-" * 20000 + "1",
    "x = 1\0",
    "SCHEDULE = [1]",
    "SCHEDULE = {'f': 2}",
    "SCHEDULE = {'f': 'i×2'}",
]


@pytest.mark.parametrize(
    "source",
    NOT_MODULES,
)  # fmt: skip
def test_a_module_that_is_no_kernel_file_is_refused_with_its_line(source):
    with pytest.raises(CompileError, match=r"^k.py(:\d)?: .{20}"):
        compile_source(source, "k.py")


def test_a_name_has_one_meaning():
    function = "def f(x: floats):\n    x[0] = 1.0\n"
    for other in (function, "f = 1\n", "def f(a, b):\n    pass\n"):
        with pytest.raises(CompileError, match="^k.py:3: f is defined twice: choose another name"):
            compile_source(function + other, "k.py")


def test_kernels_that_call_each_other_in_a_circle_are_refused():
    source = "def f(x: floats):\n    g(x)\n\ndef g(x: floats):\n    f(x)\n"
    with pytest.raises(CompileError, match="calls itself: write a loop"):
        compile_source(source, "k.py")


@pytest.mark.parametrize(
    "statements",
    [
        "".join(f"    a{i} = x[{i}]\n" for i in range(400))
        + "".join(f"    x[n] = a{i} * 2.0\n" for i in range(400)),
        "    x[0] = " + "(" * 150 + "1.0" + " + x[0])" * 150 + "\n",
        "    a = n + 1\n" + "    a = a * a\n" * 8 + "    x[a] = 1.0\n",
        "    x[0] = " + " + ".join(["x[n]"] * 3000) + "\n",
    ],
    ids=["values", "parentheses", "powers", "sum"],
)
def test_what_is_too_large_is_compiled_or_refused(statements):
    try:
        compile_source(f"def f(x: floats, n: int):\n{statements}", "k.py")
    except CompileError as error:
        assert re.match("k.py(:1)?: .*(too large|nested too deeply)", str(error))


SNIPPETS = [
    "n", "x", "k", "1", "-1", "0", "2.5", "1e99", "x[i]", "k[n]", "x[k[i]]", "n * n", "n // m",
    "n % 3", "1 / n", "x[0] / x[1]", "-x[i]", "not n", "n < m", "a", "i", "exp(x[0])", "int(x[0])",
    "float(n)", "abs(n)", "f(x, k, n, m)", "g(n)", "[1]", "(1, 2)", "'s'", "None", "True",
    "x[1:2]", "n if m else 1", "lambda: 1", "x.y", "{}", "n ** 2", "n << 1", "*x", "range(3)",
    "yield", "n == m", "n and m",
]  # fmt: skip
STATEMENTS = [
    "x[{}] = {}", "k[{}] = {}", "a = {}", "n = {}", "a += {}", "x[i] -= {}", "return {}", "return",
    "if {}:\n    a = {}", "if {} < {}:\n    a = {}\nelse:\n    x[0] = {}", "while {}:\n    n = {}",
    "for i in range({}):\n    a = {}", "for i in range({}, {}):\n    x[i] = {}",
    "for i in {}:\n    pass", "for j in range({}, {}, {}):\n    k[j] = {}", "{}", "pass",
    "{} = {}", "break", "del {}", "x = {}",
]  # fmt: skip


def test_whatever_stands_in_a_kernel_is_compiled_or_refused():
    draw = random.Random(1)
    compiled = 0
    for _ in range(2000):
        lines = []
        for _ in range(draw.randrange(1, 4)):
            text = draw.choice(STATEMENTS)
            # Mostly constructs of the subset, so that later passes are tested, too.
            choices = SNIPPETS[:25] if draw.random() < 0.9 else SNIPPETS
            text = text.format(*(draw.choice(choices) for _ in range(4)))
            lines += ["    " * (1 + (draw.random() < 0.2)) + line for line in text.split("\n")]
        returns = draw.choice(["", " -> int", " -> float"])
        source = f"def f(x: floats, k: ints, n: int, m: int){returns}:\n    i = 0\n    a = 1.0\n"
        source += "\n".join(lines) + "\n\n\ndef g(n: int) -> int:\n    return n + 1\n"
        try:
            compile_source(source, "k.py")
            compiled += 1
        except CompileError as error:
            assert re.match(r"k.py:\d+: .{10}", str(error)), source
    assert compiled > 100


SCALE = "def f(y: floats, x: floats, k: ints, start: int, n: int, m: int):\n"
SCALE += "    for i in range(start, start + n):\n        row = k[i] * m\n"
SCALE += "        for j in range(m):\n            y[row + j] = x[i * m + j]\n"


def arguments(**changes):
    args = {
        "y": np.zeros(12, np.float32),
        "x": np.ones(12, np.float32),
        "k": np.array([0, 3, 1], np.int32),
        "start": 0,
        "n": 3,
        "m": 3,
    }
    return {**args, **changes}.values()


short, negative = np.zeros(11, np.float32), np.array([0, -1, 1], np.int32)
WRONG = {
    "a buffer that is one short": ({"y": short}, "index", 1),
    "a token too large": ({"k": np.array([0, 4, 1], np.int32)}, "index", 1),
    "a negative token": ({"k": negative}, "index", 1),
    "too many rows": ({"n": 4}, "length", 3),
    "a start beyond": ({"start": 1}, "length", 3),
    "a product that overflows": ({"n": 1 << 16, "m": 1 << 16}, "length", 2),
    "another that overflows": ({"m": 1 << 29}, "length", 2),
    "a negative int": ({"n": -1}, "type", 5),
    "a float for an int": ({"n": 3.0}, "type", 5),
    "an object for an int": ({"n": Wrong()}, "type", 5),
    "an int for a buffer": ({"x": 12}, "type", 2),
    "an object for a buffer": ({"x": Wrong()}, "type", 2),
    "ints for floats": ({"x": np.zeros(12, np.int32)}, "type", 2),
    "floats for ints": ({"k": np.zeros(3, np.float32)}, "type", 3),
    "bytes": ({"x": Argument(np.ones(12, np.float32), typecode="B")}, "type", 2),
    "a slice that is too short": (
        {"x": Argument(np.ones(12, np.float32), 4)}, "length", 2,
    ),
    "a read-only output": (
        {"y": Argument(np.ones(12, np.float32), writable=False)}, "type", 1,
    ),
}  # fmt: skip


@needs_qemu
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_refused(name):
    changes, reason, position = WRONG[name]
    code = compile_source(SCALE, "f.py")[1]["f"]
    with pytest.raises(Refused) as refused:
        run(code, *arguments(**changes))
    assert refused.value.args == (reason, position)


@needs_qemu
def test_a_wrong_number_of_arguments_and_keywords_are_refused():
    code = compile_source(SCALE, "f.py")[1]["f"]
    for n_args, n_kw in ((5, 0), (7, 0), (6, 1), (0, 0)):
        with pytest.raises(Refused, match="arguments"):
            machine.run_all([(code, list(arguments()), n_args, n_kw)])


@needs_qemu
def test_right_arguments_are_taken_to_the_last_element():
    code = compile_source(SCALE, "f.py")[1]["f"]
    args = list(arguments())
    run(code, *args)
    assert args[0].tolist() == [1] * 6 + [0] * 3 + [1] * 3


@needs_qemu
def test_a_slice_is_read_and_written_at_its_offset():
    code = compile_source(SCALE, "f.py")[1]["f"]
    x, y = np.arange(30, dtype=np.float32), np.zeros(30, np.float32)
    run(code, *arguments(x=Argument(x, 7, 16), y=Argument(y, 5, 17)))
    wanted = np.zeros(30)
    wanted[5:8], wanted[14:17], wanted[8:11] = [7, 8, 9], [10, 11, 12], [13, 14, 15]
    assert y.tolist() == wanted.tolist()


GUARDED = "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n        y[i] = x[i]\n"
GUARDED += "        if i > 0:\n            y[i] += x[i - 1]\n"
GUARDED += "        if x[i] > 5.0:\n            y[i] = x[i + 1]\n"


@needs_qemu
def test_an_access_in_a_branch_is_checked_only_if_it_happens():
    code = compile_source(GUARDED, "f.py")[1]["f"]
    y, x = np.zeros(3, np.float32), np.array([1, 2, 4], np.float32)
    run(code, y, x, 3)
    assert y.tolist() == [1, 3, 6]
    with pytest.raises(Refused, match="index"):
        run(code, y, np.array([1, 2, 9], np.float32), 3)


@needs_qemu
def test_integer_division_by_zero_is_refused():
    source = "def f(n: int, m: int) -> int:\n    return n // m\n"
    code = compile_source(source, "f.py")[1]["f"]
    assert run(code, 17, 5) == 3
    with pytest.raises(Refused, match="division"):
        run(code, 17, 0)


OVERFLOWING = {
    "a quotient": "    size = n * m // 3\n    for i in range(2):\n        y[size * i] = 1.0\n",
    "a quotient by a power of 2": "    size = n * m // 4\n    y[size + m - 50000] = 1.0\n",
    "a loop's first value": (
        "    for i in range(n * m, n * m + 1):\n        q = k[0]\n"
        "        for j in range(4):\n            y[q + i + j] = 1.0\n"
    ),
    "a rest": "    y[n * m % 7] = 1.0\n    y[0 - (0 - n * m) % 7] = 1.0\n",
}


@needs_qemu
@pytest.mark.parametrize("name", OVERFLOWING)
def test_an_int_that_overflows_never_leads_outside_a_buffer(name):
    source = f"def f(y: floats, k: ints, n: int, m: int):\n{OVERFLOWING[name]}"
    code = compile_source(source, "f.py")[1]["f"]
    for n, m in ((65535, 65537), (50000, 50000), (46341, 46341), (65535, 32769)):
        with pytest.raises(Refused):
            run(code, np.zeros(8, np.float32), np.array([20], np.int32), n, m)
