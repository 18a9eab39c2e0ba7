"""The viper engine: the kernels of reference.py in integer machine code.

MicroPython's native emitter has no floats, so the hot loops work on the bits of the float32
buffers. Matrix products, normalization, softmax and attention use block floating point
(blockfloat.py); sums and Adam work element by element.

Adam turns small gradients into steps of the same size as large ones, so errors must be small
relative to the gradient. The error of a product is about 2^-13 of the largest elements of the two
vectors that are multiplied (of the whole matrix, for weights and activations). Rounding is to
nearest, because a bias would add up.

This module expresses each kernel by the loops in the other modules.
"""

from array import array
from math import exp, log, sqrt

import micropython

from ...buffers import zeros
from . import adam, attention, elementwise, rmsnorm, softmax
from .blockfloat import LOG2, combine, dots, quantize, to_float

# An interrupt cannot stop native code halfway.
ATOMIC = True

ADAM_16 = "viper.adam16"  # the module of adam_step_16, which few need

# The workspace: a small and a large operand in block floating point, and their exponents.
_a = _b = _a_exp = _b_exp = array("i")
_shape = zeros(10, "i")
_NATS = log(2) / 16384  # nats in one unit of a base-2 logarithm with 14 fraction bits
_adam = zeros(4)
_one = array("f", [1.0])


def reserve(config):
    """Allocate the workspace for the kernels of a model of this shape.

    Raises ValueError if the vocabulary is too large for the sums of fixed-point softmax.
    """
    C = config.n_embd
    V = config.vocab_size
    T = config.block_size
    if V > 1024:
        raise ValueError("the viper engine takes at most 1,024 tokens: use a smaller alphabet")
    wide = max(4 * C, V)
    rows = max(T, wide, 3 * config.n_head)
    _room(max(T * C, _triangle(T), wide), max(T, C) * wide, rows, rows)
    _score_scales(C // config.n_head)  # fills the cache now: later it would split the free memory


def _triangle(T):
    """Return the number of attention scores of T rows; each row attends to itself and earlier
    ones."""
    return T * (T + 1) // 2


def _room(a, b, a_rows=1, b_rows=1):
    """Make the workspace large enough for operands of a and b ints, and an exponent for each
    row."""
    global _a, _b, _a_exp, _b_exp
    if a > len(_a):
        _a = zeros(a, "i")
    if b > len(_b):
        _b = zeros(b, "i")
    if a_rows > len(_a_exp):
        _a_exp = zeros(a_rows, "i")
    if b_rows > len(_b_exp):
        _b_exp = zeros(b_rows, "i")


def _product_bits(n):
    """Return the bits that two factors may have together so that a sum of n products stays under
    2^31."""
    bits = 31
    while n:
        n >>= 1
        bits -= 1
    return bits


_scales = {}


def _score_scales(size):
    """Return (factor, k, factor, k) for log2(e) / sqrt(size) and 1 / sqrt(size), each as
    factor · 2^-k. The factors have 14 bits.
    """
    if size not in _scales:
        scales = ()
        for scale in (1 / (log(2) * sqrt(size)), 1 / sqrt(size)):
            k = 14
            while scale < 0.5:
                scale *= 2
                k += 1
            while scale >= 1:
                scale /= 2
                k -= 1
            scales += (int(scale * 16384), k)
        _scales[size] = scales
    return _scales[size]


@micropython.viper
def encode_letters(tokens: ptr32, text: ptr8, ids: ptr16, first: int, n: int) -> int:
    i = 0
    while i < n:
        token = ids[text[first + i]]
        if not token:
            return i
        i += 1
        tokens[i] = token
    return n


def embed_forward(x, rstd, tokens, wte, wpe, start, T, C):
    elementwise.add(0, 0, x, wte, wpe, tokens, 0, start, T, C)
    rmsnorm_forward(x, rstd, x, start, T, C)


def embed_backward(dwte, dwpe, dx, x, rstd, tokens, T, C, V, block_size):
    _clear(dwte, 0, V * C)
    _clear(dwpe, 0, block_size * C)
    rmsnorm_backward(dwpe, dx, x, rstd, T, C)
    elementwise.add(0, 0, dwte, dwte, dwpe, tokens, 1, 0, T, C)


def _clear(x, first, n):
    """Set x[first + i] = 0 for i < n, as a sum of no terms."""
    combine(0, x, x, x, first, 1, 0, n, 0, 0)


def rmsnorm_forward(y, rstd, x, start, T, C):
    _room(0, T * C, 1, T)
    cut = 15 - min((_product_bits(C) - 1) >> 1, 14)
    quantize(0, 0, x, _b, _b_exp, start * C, T, 1, C, 0, 15)
    rmsnorm.normalize(0, 0, _b, _b_exp, rstd, adam.RSQRT, start, T, C, cut)
    to_float(0, 0, _b, y, _b_exp, LOG2, 0, start * C, T, C, 256, 0)


def rmsnorm_backward(dx, dy, y, rstd, T, C):
    _room(T * C, T * C, T, T)
    bits = min((_product_bits(C) - 1) >> 1, 14)
    quantize(0, 0, dy, _a, _a_exp, 0, T, 1, C, 0, bits)
    quantize(0, 0, y, _b, _b_exp, 0, T, 1, C, 0, bits)
    rmsnorm.normalize_backward(_a, _b, _a_exp, _b_exp, rstd, T, C, bits)
    to_float(0, 0, _a, _a, _a_exp, LOG2, 0, 0, T, C, 256, 0)
    elementwise.add(0, 0, dx, dx, _a, 0, 0, 0, T, C)


def linear_forward(y, x, w, start, T, n_in, n_out, relu):
    _room(n_in, n_out * n_in, T)
    while T:
        some = min(len(_a) // n_in, T)
        bits = quantize(0, 0, x, _a, _a_exp, start * n_in, some, 1, n_in, 0, 14)
        quantize(0, 0, w, _b, _b_exp, 0, 1, 1, n_out * n_in, 0, bits)
        dots(0, _a, _a, _b, y, start * n_out, some, n_out, n_in)
        first = start * n_out
        to_float(0, 0, y, y, _a_exp, LOG2, first, first, some, n_out, _b_exp[0], 0)
        if relu:
            elementwise.relu(y, y, first, some * n_out)
        start += some
        T -= some


def linear_backward(dx, dw, dy, x, w, T, n_in, n_out, relu):
    _weights_backward(dw, dy, x, T, n_in, n_out)
    _inputs_backward(dx, dy, w, T, n_in, n_out)
    if relu:
        elementwise.relu(dx, x, 0, T * n_in)


def _weights_backward(dw, dy, x, T, n_in, n_out):
    _room(T * min(n_in, n_out), T * max(n_in, n_out), n_out)
    bits = _product_bits(T)
    a = _a
    b = _b
    if n_out > n_in:
        a, b = b, a
    # Each output has an exponent, because Adam makes large steps even from small gradients.
    quantize(0, 0, dy, a, _a_exp, 0, n_out, T, 1, n_out, bits >> 1)
    quantize(0, 0, x, b, _b_exp, 0, 1, 1, T * n_in, 0, (bits + 1) >> 1)
    combine(0, dw, a, b, 0, n_out, T, n_in, 1, n_out)
    to_float(0, 0, dw, dw, _a_exp, LOG2, 0, 0, n_out, n_in, _b_exp[0], 0)


def _inputs_backward(dx, dy, w, T, n_in, n_out):
    _room(n_out, n_out * n_in, T)
    start = 0
    while T:
        some = min(len(_a) // n_out, T)
        bits = quantize(0, 0, dy, _a, _a_exp, start * n_out, some, 1, n_out, 0, 14)
        quantize(0, 0, w, _b, _b_exp, 0, 1, 1, n_out * n_in, 0, bits)
        first = start * n_in
        combine(0, dx, _a, _b, first, some, n_out, n_in, n_out, 1)
        to_float(0, 0, dx, dx, _a_exp, LOG2, first, first, some, n_in, _b_exp[0], 0)
        start += some
        T -= some


def _set_shape(start, end, C, n_head, block_size):
    _shape[0] = start
    _shape[1] = end
    _shape[2] = C
    _shape[3] = n_head
    _shape[4] = block_size


def attention_forward(y, probs, qkv, start, T, C, n_head, block_size):
    end = start + T
    size = C // n_head
    _room(end, end * 3 * C, 1, 3 * n_head)
    bits = min((_product_bits(size) - 1) >> 1, 14)
    quantize(0, 0, qkv, _b, _b_exp, 0, 3 * n_head, end, size, 3 * C, bits)
    scales = _score_scales(size)
    _set_shape(start, end, C, n_head, block_size)
    _shape[5] = scales[0]
    _shape[6] = scales[1] - 28 + 512
    first = start * C
    _clear(y, first, T * C)
    attention.attend(0, _b, _b, y, probs, _a, _b_exp, softmax.EXP2, _shape)
    to_float(0, 0, y, y, _b_exp, LOG2, first, first, T * n_head, size, 256, n_head)


def attention_backward(dqkv, dscores, dy, probs, qkv, T, C, n_head, block_size):
    size = C // n_head
    n = T * 3 * C
    _room(_triangle(T), n + T * C, n_head, 3 * n_head)
    # Choose the bits of q, k and v so that q·k and dy·v stay under 2^30, and those of dy so that
    # Σ p·dy does too.
    size_bits = _product_bits(size) - 1
    sum_bits = _product_bits(T) - 1
    bits = min(size_bits >> 1, 14)
    dy_bits = min(size_bits - bits, sum_bits - 14)
    d = memoryview(_b)[n:]
    quantize(0, 0, qkv, _b, _b_exp, 0, 3 * n_head, T, size, 3 * C, bits)
    quantize(0, 0, dy, d, _a_exp, 0, n_head, T, size, C, dy_bits)
    scales = _score_scales(size)
    cut = max(bits + dy_bits + 30 - size_bits - 16, 0)
    cut2 = 29 - (sum_bits - bits)
    room = 29 - sum_bits
    _set_shape(0, T, C, n_head, block_size)
    _shape[5] = cut
    _shape[6] = room
    _shape[7] = scales[2]
    _shape[8] = 1024 - 512 - 154 + room + cut + cut2 - scales[3]
    _shape[9] = cut2
    _clear(dqkv, 0, n)
    attention.attend_backward(0, dqkv, _b, d, probs, _a, dscores, dqkv, _b_exp, _a_exp, _shape)
    to_float(0, 0, dqkv, dqkv, _b_exp, LOG2, 0, 0, T * 3 * n_head, size, 256, 3 * n_head)


def residual_forward(y, x, branch, start, T, C):
    elementwise.add(0, 0, y, x, branch, 0, 0, start, T, C)


def cross_entropy(losses, logits, targets, slot, T, V):
    _room(0, T * V, 1, T)
    quantize(0, 0, logits, _b, _b_exp, 0, T, 1, V, 0, 16)
    loss = softmax.softmax_rows(_b, _b_exp, _one, softmax.EXP2, softmax.LOG2, targets, T, V)
    to_float(0, 0, _b, logits, _b_exp, LOG2, 0, 0, T, V, 256, 0)
    share = 1 / T
    for t in range(T):
        logits[t * V + targets[t]] -= share
    if loss < 0:
        losses[slot] = float("nan")
        return 0
    losses[slot] = loss * _NATS / T
    return 1


def categorical(logits, scale, row, V, top_k, draw):
    _room(0, V)
    quantize(0, 0, logits, _b, _b_exp, row * V, 1, 1, V, 0, 16)
    softmax.softmax_rows(_b, _b_exp, scale, softmax.EXP2, softmax.LOG2, 0, 1, V)
    # After this shift, the probabilities add up to 2^29.
    q = _b
    shift = 227 - _b_exp[0]
    left = draw << 5
    if top_k:
        least = sorted(q[:V])[-min(top_k, V)]
        total = 0
        for i in range(V):
            if q[i] < least:
                q[i] = 0
            total += q[i] >> shift
        left = total * draw >> 24
    token = 0
    for i in range(V):
        weight = q[i] >> shift
        if weight:
            token = i
            left -= weight
            if left < 0:
                break
    return token


def adam_step(params, grads, m, v, hyper, step, num_steps, n):
    beta1 = hyper[1]
    beta2 = hyper[2]
    correct1 = 1 - exp((step + 1) * log(beta1))
    correct2 = sqrt(1 - exp((step + 1) * log(beta2)))
    # The bias correction of v is moved out of the root: rate · m / (sqrt(v) + eps).
    rate = hyper[0] * (num_steps - step) / num_steps / correct1 * correct2
    eps = hyper[3] * correct2
    _adam[0] = rate
    _adam[1] = min(1 - beta1, 0.9999)
    _adam[2] = 1 - beta2
    _adam[3] = eps
    adam.update(0, n, 0, params, grads, m, v, adam.RSQRT, adam.SHIFTS, _adam)
