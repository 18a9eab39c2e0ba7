"""Arrays that a kernel creates, and tables at module level."""

from types import SimpleNamespace

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.errors import CompileError
from tools.kernelc.gallery import GALLERY

from . import machine
from .machine import Refused
from .test_each_pass import check

SOURCE = (GALLERY / "median.py").read_text(encoding="utf-8")
SOURCE += """
ints = "ints"
WEIGHTS = (0.25, 0.5, 0.25, -1)
ORDER = (3, 0, 2, 1)


def smooth(y: floats, x: floats, n: int):
    for i in range(n):
        y[i] = WEIGHTS[0] * x[i] + WEIGHTS[1] * x[i + 1] + WEIGHTS[2] * x[i + 2] + WEIGHTS[3]


def permute(y: ints, x: ints, n: int, last: int) -> int:
    held = [7] * 4
    for i in range(n):
        held[ORDER[i]] = x[i]
    for i in range(4):
        y[i] = held[i]
    return held[last]


def sums(y: floats, x: floats, n: int):
    for i in range(n):
        total = [0.5] * 2
        for k in range(4):
            total[k % 2] += x[4 * i + k] * WEIGHTS[k]
        y[2 * i] = total[0]
        y[2 * i + 1] = total[1]


def two(y: floats, n: int):
    a = [1.0] * 3
    b = [2.0] * 4
    for i in range(n):
        b[i] = a[i] + 10.0
    for i in range(4):
        y[i] = b[i]
"""

PYTHON = {}
exec(SOURCE, PYTHON)
MODULE, CODES = compile_source(SOURCE, "arrays.py")
RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=24).astype(np.float32)
CALLS = [
    ("median", np.zeros(12, np.float32), X, 12),
    ("median", np.zeros(12, np.float32), X, 0),
    ("smooth", np.zeros(12, np.float32), X, 12),
    ("permute", np.zeros(4, np.int32), np.arange(10, 14, dtype=np.int32), 4, 3),
    ("permute", np.zeros(4, np.int32), np.arange(10, 14, dtype=np.int32), 2, 0),
    ("sums", np.zeros(12, np.float32), X, 6),
    ("two", np.zeros(4, np.float32), 3),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[-1]}")
def test_arrays_and_tables_are_those_of_python(call):
    name, *arguments = call
    copies = [a.copy() if hasattr(a, "dtype") else a for a in arguments]
    expected = [a.astype(float) if a.dtype == np.float32 else a.copy() if hasattr(a, "dtype") else a
                for a in map(_as_array, arguments)]  # fmt: skip
    wanted = PYTHON[name](*(a if a.shape else int(a) for a in expected))
    assert machine.run(CODES[name], *copies) == wanted
    np.testing.assert_allclose(copies[0], expected[0], rtol=1e-6, atol=1e-6)
    check(MODULE.kernels[name], MODULE, arguments)


def _as_array(value):
    return np.asarray(value)


@pytest.mark.parametrize("call", [
    ("permute", np.zeros(4, np.int32), np.zeros(9, np.int32), 5, 0),
    ("permute", np.zeros(4, np.int32), np.zeros(9, np.int32), 4, 4),
    ("permute", np.zeros(4, np.int32), np.zeros(9, np.int32), 4, 1 << 29),
    ("two", np.zeros(4, np.float32), 4),
])  # fmt: skip
def test_an_index_beyond_an_array_or_table_is_refused(call):
    name, *arguments = call
    with pytest.raises(Refused) as refused:
        machine.run(CODES[name], *arguments)
    assert refused.value.args[0] in ("index", "length") and refused.value.args[1] == 0


@pytest.mark.parametrize(("text", "message"), [
    ("    h = [0.0] * n", "a constant length: write x = [0.0] * 16"),
    ("    h = [0.0, 1.0] * 2", "one number and a constant length"),
    ("    h = [0.0] * 0", "a constant length"),
    ("    h = [x] * 2", "one number"),
    ("    h = [0.0]", "a list: write x = [0.0] * 16"),
    ("    h = [0.0] * 300", "more than 256 elements: pass a buffer"),
    ("    h = [0.0] * 200\n    g = [0] * 100", "more than 256 elements"),
    ("    h = [0.0] * 2\n    h = [0] * 2", "another array already"),
    ("    h = [0.0] * 2\n    h = 1.0", "means something else here"),
    ("    x = [0.0] * 2", "means something else already"),
    ("    h = [0] * 2\n    h[0] = 1.5", "holds ints: int() makes one of a float"),
    ("    T[0] = 1.5", "T is a constant: copy it to an array"),
    ("    T = 1.5", "the name of a table: choose another name"),
    ("    for T in range(n):\n        x[0] = 1.0", "the name of a table"),
    ("    x[0] = w[0]\n    w = [3.0] * 2", "w may not exist here: create it before"),
    ("    if n:\n        w = [3.0] * 2\n    x[0] = w[0]", "w may not exist here"),
    ("    for i in range(n):\n        w = [3.0] * 2\n    x[0] = w[0]", "w may not exist here"),
    ("    b = [1.0] * 2\n    a = b = [3.0] * 2", "one assignment a statement"),
    ("    w = [1] * n\n    n = 3", "a constant length"),
    ("    w = [1.0] * 2\n    N = 3\n    v = [1.0] * N", "a constant length"),
    ("    x[0] = T", "index it"),
])  # fmt: skip
def test_what_is_no_array_or_table_is_refused_with_a_remedy(text, message):
    source = f"floats = ''\nT = (1.0, 2.0)\ndef f(x: floats, n: int):\n{text}\n"
    with pytest.raises(CompileError) as error:
        compile_source(source, "wrong.py")
    assert message in str(error.value)


@pytest.mark.parametrize(("table", "message"), [
    ("()", "a tuple of numbers"),
    ("(1, 'a')", "a tuple of numbers"),
    ("(True, 1)", "a tuple of numbers"),
    ("(1, 1 << 4)", "a tuple of numbers"),
    ("(1, 2147483648)", "32 bits: write a float"),
    ("(1.0, 1" + "0" * 400 + ")", "32 bits: write a float"),
])  # fmt: skip
def test_a_table_is_a_tuple_of_numbers(table, message):
    with pytest.raises(CompileError) as error:
        compile_source(f"T = {table}\ndef f(n: int) -> int:\n    return T[0]\n", "wrong.py")
    assert message in str(error.value)


def test_a_parameter_has_not_the_name_of_a_table():
    source = "floats = ''\ndef f(T: floats):\n    T[0] = 1.0\nT = (1.0, 2.0)\n"
    with pytest.raises(CompileError, match="the name of a table"):
        compile_source(source, "wrong.py")


def test_a_table_that_is_not_needed_is_left_out():
    source = """
floats = ""
T = (1.5, 2.5)
def f(y: floats, n: int):
    u = T[0]
    for i in range(n):
        y[i] = 1.0
"""
    y = np.zeros(3, np.float32)
    machine.run(compile_source(source, "table.py")[1]["f"], y, 3)
    assert y.tolist() == [1.0] * 3


def test_a_constant_of_a_called_kernel_is_no_variable_of_its_caller():
    source = """
N = 3
def inner(n: int) -> int:
    return N + n
def outer(n: int) -> int:
    N = 50
    return inner(n) + N
"""
    code = compile_source(source, "constant.py")[1]["outer"]
    assert machine.run(code, 2) == 55


def test_a_kernel_that_others_call_creates_no_array():
    source = """
floats = ""
def inner(x: floats):
    h = [0.0] * 2
    x[0] = h[1]
def outer(x: floats):
    inner(x)
"""
    with pytest.raises(CompileError, match="pass it a buffer"):
        compile_source(source, "wrong.py")


def test_a_tiled_loop_uses_a_table_and_an_array():
    source = """
floats = ""
SCHEDULE = {"filter": "i×4"}
TAPS = (0.1, 0.2, 0.4, 0.2, 0.1)


def filter(y: floats, x: floats, n: int):
    taps = [0.0] * 5
    for k in range(5):
        taps[k] = 2.0 * TAPS[k]
    for i in range(n):
        total = 0.0
        for k in range(5):
            total += taps[k] * x[i + k] + TAPS[k]
        y[i] = total
"""
    values = SimpleNamespace(**{})
    exec(source, values.__dict__)
    module, codes = compile_source(source, "filter.py")
    y, expected = np.zeros(11, np.float32), np.zeros(11)
    values.filter(expected, X.astype(float), 11)
    machine.run(codes["filter"], y, X.copy(), 11)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    check(module.kernels["filter"], module, [np.zeros(11, np.float32), X, 11])
