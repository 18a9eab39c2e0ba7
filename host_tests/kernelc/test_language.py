"""The rest of the subset, beyond floats, ints and loops, gives the same results as Python."""

from array import array
from math import cos, exp, log, sin, sqrt

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.errors import CompileError
from tools.kernelc.subset import BUFFERS

from . import machine

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

DTYPES = {
    "floats": np.float32, "ints": np.int32, "int16s": np.int16, "uint16s": np.uint16,
    "int8s": np.int8, "uint8s": np.uint8,
}  # fmt: skip
NAMES = dict.fromkeys(DTYPES) | {"exp": exp, "log": log, "sin": sin, "cos": cos, "sqrt": sqrt}


def both(source, *args):
    """Return the arguments after the compiled function, and after the same function in Python;
    return both results."""
    namespace = dict(NAMES)
    exec(source, namespace)
    name = source[source.index("def ") + 4 : source.index("(", source.index("def "))]
    plain = [
        array(machine.TYPECODES[a.dtype.name], a.tolist()) if hasattr(a, "dtype") else a
        for a in args
    ]
    wanted = namespace[name](*plain)
    copies = [np.copy(a) if hasattr(a, "dtype") else a for a in args]
    got = machine.run(compile_source(source, "f.py")[1][name], *copies)
    return [a.tolist() for a in copies if hasattr(a, "dtype")], [
        list(a) for a in plain if isinstance(a, array)
    ], got, wanted  # fmt: skip


def agree(source, *args):
    got, wanted, result, value = both(source, *args)
    assert got == wanted and result == value


INTS = np.array([0, 1, -1, 5, -7, 2**31 - 1, -(2**31), 12345, -98765], np.int32)
BITS = ["a & b", "a | b", "a ^ b", "~a", "a & 7", "a | 1", "a >> 3", "a >> (b & 31)", "~(a & ~b)"]


@pytest.mark.parametrize("expression", BITS)
def test_bits_of_ints(expression):
    source = "def f(x: ints, y: ints, n: int):\n    for i in range(n):\n        a = x[i]\n"
    source += f"        b = y[i]\n        x[i] = {expression}\n"
    agree(source, INTS, INTS[::-1].copy(), len(INTS))


def test_shifts_to_the_left_wrap():
    source = "def f(x: ints, n: int, k: int):\n    for i in range(n):\n"
    source += "        x[i] = (x[i] << 3) + (1 << k)\n"
    x = INTS.copy()
    machine.run(compile_source(source, "f.py")[1]["f"], x, len(x), 9)
    wanted = [((int(v) * 8 + 512) + 2**31) % 2**32 - 2**31 for v in INTS]
    assert x.tolist() == wanted


@pytest.mark.parametrize("kind", DTYPES)
def test_a_buffer_of_any_kind_is_read_and_written(kind):
    info = np.iinfo(DTYPES[kind]) if kind != "floats" else None
    ends = [info.min, info.max, info.max // 2] if info else [-1.5, 2.0, 3.0]
    x = np.array([*ends, 1, 2, 3, 100], DTYPES[kind])
    source = f"def f(y: {kind}, x: {kind}, z: floats, n: int):\n    for i in range(n):\n"
    source += "        z[i] = x[i] * 0.5\n        y[n - 1 - i] = x[i]\n        y[i] = y[i]\n"
    agree(source, np.zeros(7, DTYPES[kind]), x, np.zeros(7, np.float32), 7)


@pytest.mark.parametrize("kind", ["int16s", "uint16s", "int8s", "uint8s"])
def test_what_does_not_fit_wraps_as_in_micropython(kind):
    source = f"def f(y: {kind}, x: ints, n: int):\n    for i in range(n):\n        y[i] = x[i]\n"
    source += "        x[i] = y[i]\n"
    x, y = INTS.copy(), np.zeros(len(INTS), DTYPES[kind])
    machine.run(compile_source(source, "f.py")[1]["f"], y, x, len(x))
    assert y.tolist() == INTS.astype(DTYPES[kind]).tolist() == x.tolist()


@pytest.mark.parametrize("kind", DTYPES)
def test_a_buffer_of_another_kind_or_one_too_short_is_refused(kind):
    source = f"def f(n: int, x: {kind}):\n    for i in range(n):\n        x[i] = x[i]\n"
    code = compile_source(source, "f.py")[1]["f"]
    for other in DTYPES:
        if other == kind:
            continue
        with pytest.raises(machine.Refused) as refused:
            machine.run(code, 3, np.zeros(8, DTYPES[other]))
        assert refused.value.args == ("type", 2)
    machine.run(code, 8, np.zeros(8, DTYPES[kind]))
    machine.run(code, 5, machine.Argument(np.zeros(8, DTYPES[kind]), 3))
    with pytest.raises(machine.Refused, match="length"):
        machine.run(code, 9, np.zeros(8, DTYPES[kind]))


def test_a_bytearray_is_a_buffer_of_bytes():
    source = "def f(x: uint8s, g: floats, n: int):\n    for i in range(n):\n"
    source += "        x[i] = int(min(x[i] * g[0], 255.0))\n"
    code = compile_source(source, "f.py")[1]["f"]
    x = np.array([0, 10, 100, 255], np.uint8)
    machine.run(code, machine.Argument(x, typecode="\x01"), np.array([2], np.float32), 4)
    assert x.tolist() == [0, 20, 200, 255]
    assert [chr(code) for code in BUFFERS["uint8s"].typecodes] == ["B", "\x01"]


LOOPS = {
    "break": "        if x[i] < 0.0:\n            break\n        x[i] = 1.0\n",
    "continue": "        if x[i] < 0.0:\n            continue\n        x[i] = 1.0\n",
    "continue in a branch": (
        "        if x[i] < 3.0:\n            if x[i] < 0.0:\n                x[i] = 9.0\n"
        "                continue\n            x[i] += 1.0\n        else:\n            x[i] = 7.0\n"
        "        x[i] *= 2.0\n"
    ),
    "both": (
        "        if x[i] == 2.0:\n            continue\n"
        "        elif x[i] > 4.0:\n            break\n"
        "        a += x[i]\n        x[i] = a\n"
    ),
    "break in a loop within": (
        "        for j in range(n):\n            if x[j] < -2.0:\n                break\n"
        "            x[j] += 1.0\n        a += x[i]\n"
    ),
    "break in a while": (
        "        k = 0\n        while k < n:\n            if x[k] > 6.0:\n                break\n"
        "            if x[k] < 0.0:\n                k += 1\n                continue\n"
        "            x[k] += 1.0\n            k += 1\n        a += k\n"
    ),
    "a variable after a break": (
        "        b = a\n        for j in range(i, n):\n            b += x[j]\n"
        "            if b > 3.0:\n                b = -b\n                break\n        x[i] = b\n"
    ),
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("n", [0, 1, 6])
def test_break_and_continue(name, n):
    source = "def f(x: floats, y: floats, n: int):\n    a = 0.5\n    for i in range(n):\n"
    source += LOOPS[name] + "    y[0] = a\n"
    agree(source, np.array([2, 3, -1, 5, -3, 2], np.float32), np.zeros(1, np.float32), n)


def test_what_lies_behind_a_break_is_not_checked():
    source = "def f(x: floats, n: int) -> int:\n    k = -1\n    for i in range(n):\n"
    source += "        if x[i] > 2.0:\n            k = i\n            break\n    return k\n"
    assert machine.run(compile_source(source, "f.py")[1]["f"], np.float32([1, 2, 3]), 99) == 2


CONDITIONS = [
    "x[i] = 1.0 if x[i] > 2.0 else -x[i]",
    "x[i] = (1.0 if x[i] > 2.0 else 0.0) + (2.0 if i % 2 == 0 else x[i])",
    "x[i] = 1.0 if x[i] > 3.0 else 2.0 if x[i] > 2.0 else 3.0",
    "x[i] += 1.0 if 1 < i < 4 else 0.0",
    "x[i] = float(i) if i < n - 1 and x[i + 1] < 0.0 else 5.0",
    "x[(i + 1 if i < n - 1 else 0)] += 1.0",
    "if 0.0 < x[i] <= 3.0:\n            x[i] = 8.0",
    "if not 0 <= i - 1 < n - 2 < 9:\n            x[i] = 8.0",
    "x[i] = max(x[i], 1.0) - min(x[i], float(i))",
    "x[i] = float(max(i, 2) * min(i, 3))",
    "if (1 if x[i] > 0.0 else 0) == 1:\n            x[i] = 8.0",
]


@pytest.mark.parametrize("statement", CONDITIONS)
def test_conditional_expressions_chained_comparisons_and_maxima(statement):
    source = f"def f(x: floats, n: int):\n    for i in range(n):\n        {statement}\n"
    agree(source, np.array([2, 3, -1, 5, -3, 2.5], np.float32), 6)


def compute(expression, x):
    source = "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n"
    y = np.zeros_like(x)
    code = compile_source(f"{source}        y[i] = {expression}\n", "f.py")[1]["f"]
    machine.run(code, y, x, len(x))
    return y.astype(np.float64)


@pytest.mark.parametrize("function", ["sin", "cos"])
def test_sin_and_cos_are_good_to_a_ten_millionth(function):
    exact = getattr(np, function)
    for reach in (1, 10, 1000, 8000):
        x = np.random.default_rng(1).uniform(-reach, reach, 4000).astype(np.float32)
        error = np.abs(compute(f"{function}(x[i])", x) - exact(x.astype(np.float64)))
        assert error.max() < 1.2e-7, reach
    x = np.float32([0.0, 1e-20, -1e-20, np.pi, 1e-4])
    assert np.allclose(compute(f"{function}(x[i])", x), exact(x.astype(np.float64)), 3e-7, 1e-10)


def test_a_sum_that_begins_with_an_int_says_what_to_write():
    source = "def f(x: floats, n: int) -> float:\n    total = 0\n    for i in range(n):\n"
    source += "        total += x[i]\n    return total\n"
    with pytest.raises(CompileError, match="k.py:4: total was an int: .*0.0 instead of 0"):
        compile_source(source, "k.py")
