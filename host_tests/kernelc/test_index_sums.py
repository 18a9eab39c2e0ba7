"""An index that is a sum must be in range, but its terms need not; no valid program is refused."""

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.errors import CompileError

from . import machine
from .machine import Argument, Refused, run

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)


def floats(*values):
    return np.array(values, np.float32)


def ints(*values):
    return np.array(values, np.int32)


SORT = """def f(x: floats, n: int):
    for i in range(1, n):
        key = x[i]
        k = i - 1
        going = 1
        while k >= 0 and going == 1:
            if x[k] > key:
                x[k + 1] = x[k]
                k -= 1
            else:
                going = 0
        x[k + 1] = key
"""
VALID = {
    "a variable that is -1 on the way": (
        "def f(x: floats, j: int):\n    k = j\n    if x[k] > 0.0:\n        k -= 1\n"
        "    x[k + 1] = 4.0\n",
        (floats(1, 2, 3), 0),
    ),
    "negative values and an offset": (
        "def f(h: ints, v: ints, n: int):\n    for i in range(n):\n        h[v[i] + 128] += 1\n",
        (np.zeros(256, np.int32), ints(-1, -128, 127, -1), 4),
    ),
    "an int of a float and an offset": (
        "def f(t: floats, a: float):\n    t[int(a) + 32] = 1.0\n",
        (np.zeros(64, np.float32), -31.5),
    ),
    "insertion sort": (SORT, (floats(3, 1, 2, -5, 9, 0), 6)),
    "a difference of parameters": (
        "def f(x: floats, n: int, m: int):\n    for i in range(3):\n        x[n - m + i] = 1.0\n",
        (floats(0, 0, 0, 0), (1 << 29) + 1, 1 << 29),
    ),
    "a row that counts back": (
        "def f(x: floats, v: ints, n: int):\n    for i in range(n):\n        row = v[i] * 2\n"
        "        for j in range(2):\n            x[8 - row + j] += 1.0\n",
        (np.zeros(10, np.float32), ints(4, 0, 1), 3),
    ),
    "a row before a middle": (
        "def f(x: floats, v: ints, n: int, m: int):\n    for i in range(n):\n"
        "        for j in range(m):\n            x[v[i] * m + j + 6] += 1.0\n",
        (np.zeros(12, np.float32), ints(-2, 1, 0), 3, 3),
    ),
    "an inner loop that is empty": (
        "def f(x: floats, n: int, m: int):\n    for i in range(n):\n"
        "        for j in range(m):\n            x[i * 8 + j] = 1.0\n",
        (floats(1), 9, 0),
    ),
    "an outer loop that is empty": (
        "def f(x: floats, n: int, m: int):\n    for i in range(n):\n"
        "        for j in range(m):\n            x[i + j] = 1.0\n",
        (floats(1), 0, 9),
    ),
    "an empty loop before one that is not": (
        "def f(x: floats, n: int, m: int):\n    for i in range(n):\n        x[m] += 1.0\n"
        "    for i in range(3):\n        x[i] += x[2]\n",
        (floats(1, 2, 3), 0, 1 << 29),
    ),
    "what an empty loop would load": (
        "def f(x: floats, n: int, m: int):\n    a = 0.0\n    for i in range(n):\n"
        "        a += x[m]\n    x[0] = a\n",
        (floats(1), 0, 1 << 29),
    ),
    "a loop in steps that ends before": (
        "def f(x: floats, n: int):\n    for i in range(0, n, 3):\n        x[i + 2] = 1.0\n",
        (np.zeros(9, np.float32), 8),
    ),
    "a loop in steps down": (
        "def f(x: floats, n: int):\n    for i in range(n, 0, -2):\n        x[i - 1] = x[i]\n",
        (floats(1, 2, 3, 4, 5, 6), 5),
    ),
    "a triangle": (
        "def f(x: floats, n: int):\n    for i in range(n):\n        for j in range(i, 3):\n"
        "            x[j - i] += 1.0\n",
        (floats(1, 2, 3), 9),
    ),
    "an int variable that changes": (
        "def f(x: floats, n: int):\n    k = -3\n    for i in range(n):\n        x[k + 3] = 1.0\n"
        "        k += 2\n",
        (np.zeros(7, np.float32), 4),
    ),
}
RETURNS = {
    "a search that ends before the end": (
        "def f(x: floats, n: int) -> int:\n    for i in range(n):\n        if x[i] > 2.0:\n"
        "            return i\n    return n\n",
        (floats(1, 2, 3), 99),
        2,
    ),
    "a return before an access": (
        "def f(x: floats, n: int) -> int:\n    if n == 0:\n        return 7\n    x[n - 1] = 1.0\n"
        "    return 8\n",
        (floats(1), 0),
        7,
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_index_of_any_form_is_taken(name):
    source, args = VALID[name]
    namespace = {"floats": None, "ints": None}
    exec(source, namespace)
    args, wanted = ([np.copy(a) if hasattr(a, "dtype") else a for a in args] for _ in range(2))
    namespace["f"](*wanted)
    run(compile_source(source, "f.py")[1]["f"], *args)
    for got, want in zip(args, wanted, strict=True):
        assert np.array_equal(got, want)


@pytest.mark.parametrize("name", RETURNS)
def test_what_a_return_leaves_out_is_not_checked(name):
    source, args, wanted = RETURNS[name]
    assert run(compile_source(source, "f.py")[1]["f"], *args) == wanted


INVALID = [
    ("    x[k + 1] = 1.0\n", 2),
    ("    x[k - 3] = 1.0\n", 2),
    ("    for i in range(3):\n        x[k + i] = 1.0\n", 2),
    ("    for i in range(3):\n        x[k - i] = 1.0\n", 1),
    ("    for i in range(3):\n        for j in range(2):\n            x[k + i * 2 - j] = 1.0\n", 1),
    ("    for i in range(k - 9, 2):\n        x[i] = 1.0\n", 2),
    ("    if k > 0:\n        x[k - 3] = 1.0\n", 2),
    ("    while k < 3:\n        k += 1\n        x[k] = 1.0\n", 0),
    ("    x[0] = x[1 << 29]\n".replace("1 << 29", str(1 << 29)), 0),
]


@pytest.mark.parametrize("body, k", INVALID)
def test_an_index_that_is_out_of_range_is_refused(body, k):
    for value in ("v[0]", "n"):
        source = f"def f(x: floats, v: ints, n: int):\n    k = {value}\n{body}"
        base = np.zeros(30, np.float32)
        with pytest.raises(Refused):
            run(compile_source(source, "f.py")[1]["f"], Argument(base, 10, 13), ints(k), k)
        assert not base[:10].any() and not base[13:].any()


def test_a_check_that_fails_in_mid_run_leaves_what_was_done_before():
    code = compile_source(VALID["negative values and an offset"][0], "f.py")[1]["f"]
    h = np.zeros(256, np.int32)
    with pytest.raises(Refused, match="index"):
        run(code, h, ints(1, 2, 128, 3), 4)
    assert h.sum() == 2 and h[129] == h[130] == 1


def test_a_check_that_needs_parameters_only_fails_before_anything_is_done():
    source = "def f(x: floats, n: int):\n    x[0] = 1.0\n    for i in range(n):\n"
    source += "        x[i + 1] = 2.0\n"
    x = np.zeros(3, np.float32)
    with pytest.raises(Refused, match="length"):
        run(compile_source(source, "f.py")[1]["f"], x, 3)
    assert not x.any()


def test_ints_wrap_at_32_bits_and_the_sum_is_what_counts():
    source = "def f(x: floats, v: ints, m: int):\n    for j in range(m):\n"
    source += "        x[v[0] * m + j] = 1.0\n"
    x = np.zeros(12, np.float32)
    run(compile_source(source, "f.py")[1]["f"], x, ints(1431655766), 3)  # times 3 is 2³² + 2
    assert x.tolist() == [0, 0, 1, 1, 1] + [0] * 7


def test_an_index_below_0_that_is_known_is_refused_with_advice():
    with pytest.raises(CompileError, match=r"k.py:2: .*counts from the end.*x\[n - 1\]"):
        compile_source("def f(x: floats, n: int):\n    x[-1] = 1.0\n", "k.py")
