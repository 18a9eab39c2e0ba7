"""The machine code of the reference kernels gives the same results as the reference kernels."""

from copy import copy
from pathlib import Path

import numpy as np
import pytest
from esp32gpt.kernels import reference

from tools.kernelc.compiler import compile_source

from . import machine

SOURCE = Path(__file__).parents[2] / "firmware/esp32gpt/kernels/reference.py"
MODULE, CODES = compile_source(SOURCE.read_text(), SOURCE)

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

# start, T, C, heads, V, block_size: the default, one of everything, odd sizes, T = 0.
SHAPES = [
    (0, 8, 16, 4, 27, 16),
    (0, 1, 1, 1, 1, 1),
    (3, 1, 6, 3, 5, 7),
    (2, 5, 10, 2, 11, 7),
    (0, 3, 5, 1, 3, 3),
    (4, 0, 6, 2, 5, 8),
]


def need_rows(name, shape):
    """Skip the test if the shape has no rows, and the kernel needs one."""
    if name in ("cross_entropy", "linear_backward") and not shape[1]:
        pytest.skip(f"{name} needs at least one row")


class Case:
    """A shape, and arguments for kernels by the names of their parameters."""

    def __init__(self, shape, seed):
        self.start, self.T, self.C, self.heads, self.V, self.block = shape
        self.random = np.random.default_rng(seed)

    def floats(self, size):
        return self.random.normal(size=size).astype(np.float32)

    def arguments(self, kernel):
        start, T, C, H, V, B = self.start, self.T, self.C, self.heads, self.V, self.block
        n_in, n_out = C, 2 * C + 1
        sizes = {
            "encode_letters": (T + 1, B, 256, start, T),
            "embed_forward": (B * C, B, B, V * C, B * C, start, T, C),
            "embed_backward": (V * C, B * C, T * C, T * C, T, B, T, C, V, B),
            "rmsnorm_forward": (B * C, B, B * C, start, T, C),
            "rmsnorm_backward": (T * C, T * C, T * C, T, T, C),
            "linear_forward": (B * n_out, B * n_in, n_in * n_out, start, T, n_in, n_out, 1),
            "linear_backward": (
                *(T * n_in, n_in * n_out, T * n_out, T * n_in, n_in * n_out),
                *(T, n_in, n_out, 1),
            ),
            "attention_forward": (B * C, H * B * B, B * 3 * C, start, T, C, H, B),
            "attention_backward": (T * 3 * C, B, T * C, H * B * B, T * 3 * C, T, C, H, B),
            "residual_forward": (B * C, B * C, B * C, start, T, C),
            "cross_entropy": (3, T * V, T, 2, T, V),
            "categorical": (B * V, 1, start, V, T, 9000000),
            "adam_step": (C, C, C, C, 4, 3, 1000, C),
            "adam_step_16": (C, C, C, 4, 3, 1000, C),
        }[kernel.name]
        arguments = []
        for (name, kind), size in zip(kernel.params, sizes, strict=True):
            if kind == "floats":
                arguments.append(self.floats(size))
            elif kind == "uint8s":
                arguments.append(self.random.integers(0, 256, size).astype(np.uint8))
            elif kind == "uint16s":
                arguments.append(self.random.integers(0, 3, size).astype(np.uint16))
            elif kind == "ints":
                arguments.append(self.random.integers(0, V, size).astype(np.int32))
            else:
                arguments.append(size)
            if kernel.name == "adam_step" and name == "v":
                arguments[-1] = abs(arguments[-1]) * 1e-3
            if kernel.name == "linear_backward" and name == "x":
                arguments[-1] = np.maximum(arguments[-1], 0)
            if name == "moments":
                m = self.floats(size).view(np.int32) & ~0xFFFF
                arguments[-1] = m | abs(self.floats(size)).view(np.int32) >> 15
            if name == "hyper":
                arguments[-1] = np.array([0.01, 0.85, 0.99, 1e-8], np.float32)
        return arguments


def expected(kernel, arguments):
    """Return the arguments after the kernel in double precision, and its result."""
    doubles = [
        a.astype(np.float64) if getattr(a, "dtype", 0) == np.float32 else copy(a) for a in arguments
    ]
    with np.errstate(all="ignore"):
        result = getattr(reference, kernel.name)(*doubles)
    return doubles, result


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_compiled_kernel_agrees_with_float64(name, shape):
    need_rows(name, shape)
    kernel = MODULE.kernels[name]
    arguments = Case(shape, 1).arguments(kernel)
    doubles, wanted = expected(kernel, arguments)
    result = machine.run(CODES[name], *arguments)
    assert result == wanted
    for (parameter, kind), got, want in zip(kernel.params, arguments, doubles, strict=True):
        if parameter == "moments":
            # A rounding to 8 bits may go the other way.
            for part in (lambda x: x & ~0xFFFF, lambda x: (x & 0xFFFF) << 15):
                got_part, want_part = (part(x).view(np.float32) for x in (got, want))
                np.testing.assert_allclose(got_part, want_part, rtol=2**-7, err_msg=parameter)
        elif kind in ("floats", "ints"):
            np.testing.assert_allclose(got, want, rtol=3e-5, atol=3e-6, err_msg=parameter)
