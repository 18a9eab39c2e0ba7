"""With any arguments, a kernel writes only to its buffers: a fuzzer of the checks at the door."""

import os
import random

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source

from . import machine
from .machine import Argument, Refused, Wrong, run

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

KERNELS = {
    "rows": (
        "def f(y: floats, x: floats, k: ints, start: int, n: int, m: int):\n"
        "    for i in range(start, start + n):\n        row = k[i] * m\n"
        "        for j in range(m):\n            y[row + j] += x[i * m + j]\n"
    ),
    "a scatter": (
        "def f(y: uint8s, k: int16s, x: floats, n: int, a: float):\n    for i in range(n):\n"
        "        if x[i] > a:\n            y[k[i] + 2] = k[n - 1 - i]\n"
        "        else:\n            k[y[i]] += 1\n"
    ),
    "a sort": (
        "def f(x: floats, n: int):\n    for i in range(1, n):\n        key = x[i]\n        j = i\n"
        "        while j > 0 and x[j - 1] > key:\n            x[j] = x[j - 1]\n            j -= 1\n"
        "        x[j] = key\n"
    ),
    "a tiled product": (
        "SCHEDULE = {'f': 'i×2, j×4'}\n\n\n"
        "def f(c: floats, a: floats, b: floats, n: int, k: int, m: int):\n"
        "    for i in range(n):\n        for j in range(m):\n            total = 0.0\n"
        "            for t in range(k):\n                total += a[i * k + t] * b[t * m + j]\n"
        "            c[i * m + j] = total\n"
    ),
    "a product in strips": (
        "SCHEDULE = {'f': 'j×4'}\n\n\n"
        "def f(c: floats, a: floats, b: floats, k: int, m: int):\n"
        "    for first in range(0, k, 3):\n        last = min(first + 3, k)\n"
        "        for j in range(m):\n            total = c[j]\n"
        "            for t in range(first, last):\n                total += a[t] * b[t * m + j]\n"
        "            c[j] = total\n"
    ),
    "strides and steps": (
        "def f(x: int8s, y: ints, n: int, m: int):\n    for i in range(n, 0, -3):\n"
        "        for j in range(0, m, 2):\n            y[i * 2 + j] = x[m - j] << 2\n"
        "            x[(i ^ j) & 15] = y[i] // 3\n"
    ),
}
DTYPES = [np.float32, np.int32, np.int16, np.uint16, np.int8, np.uint8]
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 255, 1 << 14, 1 << 16, (1 << 30) - 1, -1, -(1 << 29)]
COUNT = 1000 if os.environ.get("ESP32GPT_FULL") else 120


def argument(draw, kind, arrays):
    """Return an argument for a parameter: mostly of its kind, of any length, sliced, shared or
    wrong."""
    if draw.random() < 0.03 and kind != "float":  # a firmware function checks floats
        return draw.choice([Wrong(), 3, 1.5, Argument(np.zeros(9, np.float32), typecode="d")])
    if kind == "int":
        return draw.choice(NUMBERS[:11] if draw.random() < 0.85 else NUMBERS)
    if kind == "float":
        return draw.choice([0.0, -1.0, 1e30, float("nan")])
    dtype = {
        "floats": np.float32, "ints": np.int32, "int16s": np.int16, "uint8s": np.uint8,
        "int8s": np.int8,
    }[kind]  # fmt: skip
    if draw.random() < 0.03:
        dtype = draw.choice(DTYPES)
    shared = [array for array in arrays if array.dtype == dtype]
    if shared and draw.random() < 0.3:
        array = draw.choice(shared)
    else:
        length = draw.choice([1, 2, 8, 16, 40])
        values = [draw.randrange(-6, 20) for _ in range(length)]
        array = np.array(values).astype(dtype)
        arrays.append(array)
    if draw.random() < 0.3:
        start = draw.randrange(len(array))
        return Argument(array, start, draw.randrange(start, len(array) + 1))
    return array


@pytest.mark.parametrize("name", KERNELS)
def test_nothing_outside_the_buffers_is_written(name):
    source = KERNELS[name]
    code = compile_source(source, "f.py")[1]["f"]
    head = source[source.index("f(") + 2 : source.index("):\n")]
    kinds = [parameter.split(": ")[1] for parameter in head.split(", ")]
    draw, done = random.Random(name), 0
    for _ in range(COUNT):
        arrays = []
        args = [argument(draw, kind, arrays) for kind in kinds]
        if any(isinstance(arg, int) and arg >= 1 << 14 for arg in args):
            args = [
                min(arg, 300) if type(arg) is int and draw.random() < 0.5 else arg for arg in args
            ]
        before = [np.copy(array) for array in arrays]
        try:
            run(code, *args)  # checks the guard words around each array
            done += 1
        except Refused as refused:
            if refused.reason in ("type", "arguments", "length"):
                assert all(map(np.array_equal, arrays, before))
        for arg in args:
            if isinstance(arg, Argument) and _users(arg.array, args) == 1 and arg.array.size > 9:
                # The parts of an array outside its slice stay as they are.
                old = next(b for a, b in zip(arrays, before, strict=True) if a is arg.array)
                assert np.array_equal(arg.array[: arg.start], old[: arg.start])
                assert np.array_equal(arg.array[arg.stop :], old[arg.stop :])
    assert done >= 3


def _users(array, args):
    return sum(arg is array or getattr(arg, "array", None) is array for arg in args)
