"""Each pass alone keeps the results of a program: it is executed before and after each pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.kernelc.compiler import PASSES
from tools.kernelc.flatten import flatten
from tools.kernelc.frontend import parse
from tools.kernelc.lower import lower

from . import interpreter
from .test_kernels import MODULE, Case
from .test_passes import program
from .test_random_programs import SIZE, Anywhere, Writer, functions, programs


def forms(now):
    """Yield (pass, program) after each pass before `frame`, except `lower`: it returns a tree."""
    for step in PASSES:
        now = step(now)
        if step.__name__ in ("frame", "assemble"):
            return
        if step is not lower:
            yield step, now


def outcome(now, args):
    """Return the arrays after the program, or the reason for its refusal."""
    args = [np.copy(arg) if hasattr(arg, "dtype") else arg for arg in args]
    try:
        interpreter.run(now, args)
    except interpreter.Refused as refused:
        return str(refused)
    return [arg for arg in args if hasattr(arg, "dtype")]


def same(one, other, close):
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    pairs = zip(one, other, strict=True)
    if close:
        return all(np.allclose(a, b, 1e-4, 1e-5, equal_nan=True) for a, b in pairs)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def check(kernel, module, args):
    before, previous = None, None
    for step, now in forms(program(kernel, module)):
        after = outcome(now, args)
        if before is not None:
            # Python computes in double precision and rounds products: `lower` fuses them.
            close = step is flatten
            assert same(before, after, close), f"{step.__name__} after {previous.__name__}"
        before, previous = after, step


@pytest.mark.parametrize("name", [n for n in MODULE.kernels if not n.startswith("categorical")])
@pytest.mark.parametrize("shape", [(0, 3, 5, 1, 3, 3), (2, 2, 6, 3, 5, 4)], ids=str)
def test_each_pass_keeps_what_a_reference_kernel_computes(name, shape):
    kernel = MODULE.kernels[name]
    check(kernel, MODULE, Case(shape, 1).arguments(kernel))


@pytest.mark.parametrize("writer", [Writer, Anywhere])
def test_each_pass_keeps_what_random_programs_compute(writer):
    @programs(600)
    @given(functions(writer), st.integers(0, SIZE), st.integers(0, 1000))
    def agree(source, n, seed):
        random = np.random.default_rng(seed)
        x, y = (random.normal(size=SIZE).astype(np.float32) for _ in range(2))
        k = random.integers(-20, 20, SIZE).astype(np.int32)
        module = parse(source, "f.py")
        before = previous = None
        for step, now in forms(program(module.kernels["f"], module)):
            if now.tree is None:
                continue
            after = outcome(now, (x, y, k, n, 5, 1.5))
            assert before is None or same(before, after, False), (previous, step, source)
            before, previous = after, step

    agree()
