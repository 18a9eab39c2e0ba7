"""What the compiler refuses, and what a compiled kernel refuses when it is called."""

import kernelc_machine
import numpy as np
import pytest
from kernelc.compiler import compile_source
from kernelc.errors import CompileError
from kernelc_machine import Argument, Refused, Wrong, run

needs_qemu = pytest.mark.skipif(not kernelc_machine.QEMU, reason=kernelc_machine.REASON)

OUTSIDE = {
    "    for v in x:\n        x[0] = v": (2, "range"),
    "    y = [1.0]": (2, "buffer"),
    "    a, b = 1, 2": (2, "statement of its own"),
    "    x[0] = 1.0 if n else 2.0": (2, "if statement"),
    "    while n:\n        break": (3, "while"),
    "    x[0] = x[1.0]": (2, "index"),
    "    x[0] = y": (2, "y"),
    "    for i in range(n):\n        last = i\n    x[0] = last": (4, "may have no value"),
    "    if n:\n        a = 1.0\n    x[0] = a": (4, "may have no value"),
    "    a = 1\n    for i in range(n):\n        a = x[i]\n    x[0] = a": (4, "another name"),
    "    x[0] = sin(x[1])": (2, "exp, log, sqrt"),
    "    x[0] = x[1] ** 2": (2, "Pow"),
    "    x[0] = n & 1": (2, "BitAnd"),
    "    x[0] = 1 / 0": (2, "zero"),
    "    return n": (2, "-> int"),
    "    x[0:2] = 1.0": (2, "slice"),
    "    x = 1": (2, "buffer"),
    "    x[0] = len(x)": (2, "len"),
    "    x[0] = n < 2": (2, "Compare"),
    "    x[0] = 1 << 40": (2, "LShift"),
    "    n + 1": (2, "not used"),
    "    f(x, n)": (2, "calls itself"),
    "    try:\n        pass\n    except ValueError:\n        pass": (2, "try"),
    "    x[0] = 5000000000": (2, "32 bits"),
}


@pytest.mark.parametrize("body", OUTSIDE, ids=lambda body: body.strip().replace("\n", ";"))
def test_what_is_outside_the_subset_is_refused_with_file_line_and_advice(body):
    line, advice = OUTSIDE[body]
    with pytest.raises(CompileError) as refused:
        compile_source(f"def f(x: floats, n: int):\n{body}\n", "some/kernels.py")
    assert str(refused.value).startswith(f"some/kernels.py:{line}: ")
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    "source",
    ["def f(x):\n    x[0] = 1.0", "def f(x: list):\n    x[0] = 1.0", "def f(*x):\n    x[0] = 1.0",
     "import os", "class A:\n    pass", "def f(:"],
)  # fmt: skip
def test_a_module_that_is_no_kernel_file_is_refused_with_its_line(source):
    with pytest.raises(CompileError, match=r"^k.py:1: "):
        compile_source(source, "k.py")


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
    "a buffer that is one short": ({"y": short}, "length", 1),
    "a token too large": ({"k": np.array([0, 4, 1], np.int32)}, "length", 1),
    "a negative token": ({"k": negative}, "index", 1),
    "a token that overflows": ({"k": np.array([0, 1431655766, 1], np.int32)}, "length", 1),
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
            kernelc_machine.run_all([(code, list(arguments()), n_args, n_kw)])


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
