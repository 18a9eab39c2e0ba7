"""Buffers that are the same, or overlap, are read and written as in Python."""

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source

from . import machine
from .machine import Argument

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)


def both(source, *args):
    """Return the arrays after the compiled function, and after the same function in Python."""
    namespace = {"floats": None}
    exec(source, namespace)
    arrays = [arg.copy() for arg in args if isinstance(arg, np.ndarray)]
    copies = iter(arrays)
    machine.run(
        compile_source(source, "f.py")[1]["f"],
        *(next(copies) if isinstance(arg, np.ndarray) else arg for arg in args),
    )
    namespace["f"](*args)
    return arrays, [arg for arg in args if isinstance(arg, np.ndarray)]


def test_a_value_is_read_again_after_a_store_that_may_have_changed_it():
    source = (
        "def f(x: floats, i: int, j: int):\n"
        "    a = x[i]\n    x[j] = a + 1.0\n    b = x[i]\n    x[0] = b + 1.0\n    x[1] = x[i]\n"
    )
    got, wanted = both(source, np.arange(4, dtype=np.float32), 2, 2)
    assert got[0].tolist() == wanted[0].tolist() == [4, 3, 3, 3]


def test_what_a_loop_stores_to_is_not_read_before_the_loop():
    source = (
        "def f(x: floats, n: int):\n    for i in range(n):\n        x[i] = x[2] + 1.0\n"
        "        for j in range(2):\n            x[j] += x[2] * 2.0\n"
    )
    got, wanted = both(source, np.arange(5, dtype=np.float32), 5)
    assert got[0].tolist() == wanted[0].tolist()


def test_two_parameters_may_be_one_buffer():
    source = (
        "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n"
        "        y[i] = x[0] + x[i]\n        y[i] += x[i] * x[1]\n"
    )
    code = compile_source(source, "f.py")[1]["f"]
    x = np.arange(1, 6, dtype=np.float32)
    machine.run(code, x, x, 5)
    wanted = np.arange(1, 6, dtype=np.float32)
    for i in range(5):
        wanted[i] = wanted[0] + wanted[i]
        wanted[i] += wanted[i] * wanted[1]
    assert x.tolist() == wanted.tolist()


def test_slices_of_one_array_may_overlap():
    source = "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n        y[i] = x[i]\n"
    code = compile_source(source, "f.py")[1]["f"]
    x = np.arange(8, dtype=np.float32)
    machine.run(code, Argument(x, 1), Argument(x, 0, 7), 7)
    assert x.tolist() == [0] * 8


NESTS = [
    ("y[(a * 3 + b) * 4 + c] = x[(a * 3 + b) * 4 + c]", "2", "3", "4"),
    ("y[(a * 4 + b) * 5 + c + 1] = x[a * 12 + b * 4 + c]", "2", "3", "4"),
    ("y[a * 12 + b * 4 + c] += x[a * 2 + b + 3 * c]", "n", "3", "4"),
    ("y[a * 12 + b * 4 + c] += x[a * m + b + n * c]", "n", "m", "4"),
    ("y[(a * m + b) * 4 + c] = x[b * 4 + c] + x[c * m + a]", "n", "m", "4"),
    ("y[(a * m + b) * n + c] += x[(c * m + b) * n + a]", "n", "m", "n"),
    ("y[a * 12 + b * 4 + c] += x[a + c]", "n", "a, m", "b, b + 1"),
    ("y[a * 12 + b * 4 + c] += x[b + c * 4]", "n", "m", "b + 1"),
    ("y[a * 12 + b * 4 - c + 3] += x[20 - 3 * c]", "n", "0, m, 2", "3, 0, -1"),
]


@pytest.mark.parametrize("statement, a, b, c", NESTS)
def test_pointers_of_nested_loops_go_where_the_indices_say(statement, a, b, c):
    source = (
        f"def f(y: floats, x: floats, n: int, m: int):\n    for a in range({a}):\n"
        f"        for b in range({b}):\n            for c in range({c}):\n"
        f"                {statement}\n            y[38] += x[b]\n        y[39] += x[a]\n"
    )
    for n, m in ((2, 3), (1, 1), (0, 2), (3, 0)):
        x = np.arange(1, 41, dtype=np.float32)
        got, wanted = both(source, np.zeros(40, np.float32), x, n, m)
        assert got[0].tolist() == wanted[0].tolist()


def test_a_maximum_does_not_disturb_the_test_that_follows():
    source = (
        "def f(y: floats, x: floats, n: int):\n    top = -1.0\n    for i in range(n):\n"
        "        cube = x[i] * x[i] * x[i]\n        if cube > top:\n            top = cube\n"
        "        if y[i] < 0.0:\n            y[i] = 5.0\n    y[n] = top\n"
    )
    x, y = np.arange(6, dtype=np.float32) - 4, np.arange(6, dtype=np.float32) % 2 - 1
    got, wanted = both(source, y, x, 5)
    assert got[0].tolist() == wanted[0].tolist()


def test_more_variables_than_registers_keep_their_values():
    names = [f"a{i}" for i in range(24)]
    source = "def f(y: floats, x: floats, n: int):\n"
    source += "".join(f"    {name} = x[{i}]\n" for i, name in enumerate(names))
    source += "    for t in range(n):\n"
    for i in range(8):
        one, other, third = (names[(i * k + k) % 24] for k in (1, 5, 7))
        source += f"        {one} = {other} - {third}\n        {third} = -{other}\n"
        source += f"        {one} = {one} - {third}\n        {other} = {other} - {third}\n"
    source += "".join(f"    y[{i}] = {name}\n" for i, name in enumerate(names))
    x = np.arange(24, dtype=np.float32) % 7 - 3
    got, wanted = both(source, np.zeros(24, np.float32), x, 2)
    assert got[0].tolist() == wanted[0].tolist() and abs(got[0]).max() > 3
