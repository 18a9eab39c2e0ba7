"""Adam with both moments of a parameter in one int."""

import micropython

from ...compat import const
from .. import viper

_MOST_MOMENTS = const(256)  # so many of a tensor are unpacked at a time


def adam_step_16(params, grads, moments, hyper, step, num_steps, n):
    """Do the same as reference.adam_step_16: update n parameters and their moments in place."""
    viper._room(_MOST_MOMENTS, _MOST_MOMENTS)
    m = viper._a
    v = viper._b
    params = memoryview(params)
    grads = memoryview(grads)
    first = 0
    while first < n:
        some = min(_MOST_MOMENTS, n - first)
        unpack(0, some, m, v, moments, first)
        viper.adam_step(params[first:], grads[first:], m, v, hyper, step, num_steps, some)
        threshold = (first * 40503 + step * 27146) & 0xFFFF
        pack(0, some, m, v, moments, first, threshold)
        first += some


@micropython.viper
def unpack(x: int, n: int, m: ptr32, v: ptr32, moments: ptr32, first: int):
    """Overwrite m[i] and v[i], for i < n, with the bits of float32 numbers: m[i] from the upper 16
    bits of moments[first + i], v[i] from its lower 16 bits. x is scratch: pass 0."""
    while n:
        n -= 1
        x = moments[first + n]
        m[n] = (x >> 16) << 16
        v[n] = (x & 0xFFFF) << 15


@micropython.viper
def pack(x: int, n: int, m: ptr32, v: ptr32, moments: ptr32, first: int, threshold: int):
    """Do the reverse of `unpack`: overwrite moments[first + i] from m[i] and v[i], for i < n.
    `threshold` rounds the element `first`, as in reference.adam_step_16; the next ones follow from
    it. x is scratch: pass 0."""
    i = 0
    while i < n:
        x = m[i] + threshold
        moments[first + i] = ((x >> 16) << 16) + ((v[i] + (threshold >> 1)) >> 15)
        threshold = (threshold + 40503) & 0xFFFF
        i += 1
