"""Loops in strips, and loops whose ends are extreme: an index is checked neither too late nor too
strictly."""

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.errors import CompileError

from . import machine
from .machine import Refused, run

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

IN_STRIPS = "for a in range(0, n, 4):\n for i in range(a, min(a + 4, n)):\n"
HEAD = "def f(y: floats, x: floats, k: ints, n: int, m: int):"
HUGE = (1 << 30) - 1  # the largest int that a kernel takes
ZEROS = [0] * 8
# (statements, elements of y, k, n, m): y has as many elements as Python needs, or fewer.
CASES = {
    "an inner tile": (IN_STRIPS +
        "  y[i - a] = x[i]", 4, ZEROS, 8, 0),
    "the minimum's other order": ("for a in range(0, n, 4):\n"
        " for i in range(a, min(n, a + 4)):\n  y[i] = x[i]", 7, ZEROS, 7, 0),
    "shorter strips than steps": ("for a in range(0, n, 4):\n"
        " for i in range(a, min(a + 3, n)):\n  y[i] = 1.0", 7, ZEROS, 8, 0),
    "not all strips": ("for a in range(0, n - 4, 4):\n"
        " for i in range(a, min(a + 4, n)):\n  y[i] = 1.0", 4, ZEROS, 8, 0),
    "a break": ("for a in range(0, n, 4):\n if a == m:\n  break\n"
        " for i in range(a, min(a + 4, n)):\n  y[i] = 1.0", 4, ZEROS, 8, 4),
    "a loop between": ("for a in range(0, n, 4):\n for j in range(n - 4 - a):\n"
        "  for i in range(a, min(a + 4, n)):\n   y[i] = 1.0", 4, ZEROS, 8, 0),
    "a loop inside": (IN_STRIPS +
        "  for j in range(a, m):\n   y[i] = 1.0", 4, ZEROS, 8, 2),
    "a loop inside, by an element": ("for a in range(0, n, 4):\n c = k[a]\n"
        " for i in range(a, min(a + 4, n)):\n  for j in range(c):\n   y[i] = 1.0",
        4, [1] + 7 * [0], 8, 0),
    "an offset of the strip": ("for a in range(0, n, 4):\n v = k[a]\n"
        " for i in range(a, min(a + 4, n)):\n  y[i + v] = 1.0", 4, 4 * [0] + 4 * [-4], 8, 0),
    "an offset that is a product": ("v = n - m\nfor a in range(0, n, 4):\n"
        " for i in range(a, min(a + 4, n)):\n  y[i + a * v] = 1.0", 4, ZEROS, 8, 9),
    "strips of an own size": ("for a in range(0, n, 4):\n v = k[a]\n"
        " for i in range(a + v, min(a + v + 4, n + v)):\n  y[i] = 1.0",
        8, 4 * [4] + 4 * [0], 8, 0),
    "passes from 2": ("for p in range(2, (n + 3) // 4):\n"
        " for i in range(p * 4, min(p * 4 + 4, n)):\n  y[i - 8] = 1.0", 4, ZEROS, 12, 0),
    "passes from -1": ("for p in range(m - 3, (n + 3) // 4):\n"
        " for i in range(p * 4, min(p * 4 + 4, n)):\n  y[i] = 1.0", 8, ZEROS, 8, 2),
    "a huge start": ("for i in range(4 * m, n):\n y[i] = 1.0", 8, ZEROS, 4, HUGE),
    "a huge sum": ("for i in range(4 * m + 5 * k[0] - 8, n):\n y[i] = 1.0",
        8, [5] + 7 * [0], 100, HUGE),
    "a huge start of strips": ("for a in range(4 * m, n, 4):\n"
        " for i in range(a, min(a + 4, n)):\n  y[i] = 1.0", 8, ZEROS, 8, HUGE),
    "a product that fits": ("for i in range(n * n - m * m):\n y[i] = 1.0",
        4, ZEROS, 40000, 40000),
    "a product of a maximum": ("s = 8 * max(m - k[0], 0)\nfor i in range(s, n):\n y[i] = 1.0",
        8, ZEROS, 8, (1 << 29) - 1),
    "a load beyond": ("v = n - m\nfor i in range(n):\n y[i] = x[i * v + k[0]] + 1.0",
        8, [1 << 28] + 7 * [0], 4, 3),
    "a count that an outer loop advances": ("for a in range(n):\n for j in range(a, a + 2):\n"
        "  for i in range(j):\n   y[i] = y[i] + 1.0", 8, ZEROS, 8, 0),
}  # fmt: skip


class Buffer(list):
    """A list without negative indices."""

    def __getitem__(self, i):
        return super().__getitem__(i if i >= 0 else len(self))

    def __setitem__(self, i, value):
        super().__setitem__(i if i >= 0 else len(self), value)


def source_of(body):
    return HEAD + "\n" + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize("schedule", ["", "SCHEDULE = {'f': 'i×2'}\n\n\n"])
@pytest.mark.parametrize("name", CASES)
def test_a_call_is_refused_if_and_only_if_python_raises(name, schedule):
    body, length, k, n, m = CASES[name]
    try:
        code = compile_source(schedule + source_of(body), "f.py")[1]["f"]
    except CompileError:
        assert schedule  # not every loop can be tiled
        return
    y, x = np.zeros(length, np.float32), np.arange(1, 9, dtype=np.float32)
    expected = Buffer(y.tolist())
    namespace = {"floats": 0, "ints": 0}
    exec(source_of(body), namespace)
    try:
        namespace["f"](expected, Buffer(x.tolist()), Buffer(k), n, m)
    except IndexError:
        with pytest.raises(Refused):
            run(code, y, x, np.array(k, np.int32), n, m)
        return
    if m > 1 << 20:  # an int overflows: the loop does not run, or the call is refused
        with pytest.raises(Refused):
            run(code, y, x, np.array(k, np.int32), n, m)
    else:
        run(code, y, x, np.array(k, np.int32), n, m)
    assert y.tolist() == expected


@pytest.mark.parametrize("length", ["n * m + n", "2 * n * m", "n * m"])
def test_a_tiled_loop_whose_length_overflows_is_refused(length):
    source = (
        f"SCHEDULE = {{'f': 'i×3'}}\n{HEAD}\n    for i in range({length}):\n        y[i] = 1.0\n"
    )
    code = compile_source(source, "f.py")[1]["f"]
    y, x, k = np.zeros(8, np.float32), np.zeros(40000, np.float32), np.zeros(1, np.int32)
    with pytest.raises(Refused):
        run(code, y, x, k, 46341, 46341)
    assert not y.any() and not x.any()


def test_strips_of_a_loop_are_checked_before_the_first_one_runs():
    code = compile_source(source_of(IN_STRIPS + "  y[i] = 2.0 * x[i]"), "f.py")[1]["f"]
    for n in range(1, 14):
        x, y, k = np.arange(n, dtype=np.float32), np.zeros(n, np.float32), np.zeros(1, np.int32)
        run(code, y, x, k, n, 0)
        assert np.array_equal(y, 2 * x)
        y[:] = -1
        for short_y, short_x in ((y, x[:-1].copy()), (y[:-1].copy(), x)):
            with pytest.raises(Refused):
                run(code, short_y, short_x, k, n, 0)
            assert (short_y == -1).all()
