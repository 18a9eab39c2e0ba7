"""Compare an engine with the reference on small inputs, before it is chosen."""

from array import array

from ..buffers import zeros
from ..rng import Rng
from . import reference

T, C, N_HEAD, V, BLOCK_SIZE = 3, 4, 2, 5, 4
TOLERANCE = 1e-4


def inputs(n):
    """Return a new float32 array of n draws from the standard normal distribution. They depend only
    on n."""
    rng = Rng(n)
    buffer = zeros(n)
    for i in range(n):
        buffer[i] = rng.gaussian(0.0, 1.0)
    return buffer


def cases():
    """Return a tuple with (name of the kernel, tuple of the sizes of its outputs, tuple of the
    arguments after the outputs) of every kernel."""
    x = inputs(T * C)
    wide = inputs(T * 3 * C)
    w = inputs(3 * C * C)
    relu = array("f", [max(value, 0.0) for value in x])
    tokens = array("i", [1, 0, 4, 2])
    probs = zeros(N_HEAD * BLOCK_SIZE * (BLOCK_SIZE + 1) // 2)
    reference.attention_forward(zeros(T * C), probs, wide, 0, T, C, N_HEAD, BLOCK_SIZE)
    shape = (T, C, N_HEAD, BLOCK_SIZE)
    rstd = array("f", [0.5, 1.0, 2.0])
    hyper = array("f", [0.01, 0.85, 0.99, 1e-8])
    text = b"-\0\1\0\xff"
    ids = array("H", [7, 300] + [0] * 254)
    return (
        ("encode_letters", (), (array("i", [9] * 5), text, ids, 1, 4)),
        ("embed_forward", (T * C, T), (tokens, w, wide, 0, T, C)),
        ("embed_backward", (V * C, BLOCK_SIZE * C), (x, wide, rstd, tokens, T, C, V, BLOCK_SIZE)),
        ("rmsnorm_forward", (T * C, T), (x, 0, T, C)),
        ("rmsnorm_backward", (T * C,), (x, wide, rstd, T, C)),
        ("linear_forward", (T * 3 * C,), (x, w, 0, T, C, 3 * C, 1)),
        ("linear_backward", (T * C, 3 * C * C), (wide, relu, w, T, C, 3 * C, 1)),
        ("attention_forward", (T * C, len(probs)), (wide, 0) + shape),
        ("attention_backward", (T * 3 * C, BLOCK_SIZE), (x, probs, wide) + shape),
        ("residual_forward", (T * C,), (x, wide, 0, T, C)),
        ("cross_entropy", (2, T * V), (tokens, 1, T, V)),
        ("categorical", (2 * V,), (array("f", [2.0]), 1, V, 3, 9000000)),
        ("adam_step", (T,), (x, zeros(T), rstd, hyper, 3, 9, T)),
        ("adam_step_16", (T,), (x, array("i", [0, 32257, -1082130432]), hyper, 3, 9, T)),
    )


def run(engine, case):
    """Return a list of the buffers that are passed to a kernel, as they are afterwards, and at the
    end [its return value or 0]. `case` is one of `cases()`."""
    kernel, sizes, arguments = case
    values = [inputs(size) for size in sizes] + list(arguments)
    result = getattr(engine, kernel)(*values)
    return [value for value in values if not isinstance(value, int)] + [[result or 0]]


def check(engine):
    """Raise ValueError if a kernel that the engine (a module) has gives other results than the
    reference."""
    for case, again in zip(cases(), cases()):  # separate arguments: kernels may overwrite some
        if not hasattr(engine, case[0]):
            continue
        for got, expected in zip(run(engine, case), run(reference, again)):
            for i in range(len(got)):
                if not abs(got[i] - expected[i]) <= TOLERANCE * (1 + abs(expected[i])):
                    raise ValueError(f"{case[0]} fails its self-test")
