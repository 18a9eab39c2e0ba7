"""The numpy engine: the kernels of reference.py with numpy in float32, for CPython.

It computes in float32, as the chip does, and a step takes about half a millisecond. So other
engines can be compared with it over whole trainings, and a host without MicroPython can train.
Buffers are used in place: `view` copies nothing. Python's floats do not widen float32.
"""

from functools import cache
from math import sqrt

import numpy as np
from esp32gpt.kernels.reference import encode_letters  # noqa: F401 - there is nothing to vectorize

# An interrupt may arrive in the middle of adam_step and leave it half done.
ATOMIC = False


def reserve(config):
    """Do nothing: this engine needs no workspace for the kernels of a model of this shape."""


def view(buffer, rows, *shape, first=0):
    """Return elements of a flat buffer as an array (rows, *shape), without a copy; writing to it
    changes the buffer. It begins at row `first` of such rows."""
    size = int(np.prod(shape))
    return np.asarray(buffer)[first * size : (first + rows) * size].reshape(rows, *shape)


def softmax(x):
    """Overwrite each row (the last axis) of x with exp(x) / sum; return the logarithms of the rows'
    sums of exp(x), an array without the last axis."""
    top = x.max(axis=-1, keepdims=True)
    np.exp(x - top, out=x)
    total = x.sum(axis=-1, keepdims=True)
    x /= total
    return (top + np.log(total))[..., 0]


def embed_forward(x, rstd, tokens, wte, wpe, start, T, C):
    own = np.asarray(wte).reshape(-1, C)[np.asarray(tokens)[start : start + T]]
    np.add(own, view(wpe, T, C, first=start), out=view(x, T, C, first=start))
    rmsnorm_forward(x, rstd, x, start, T, C)


def embed_backward(dwte, dwpe, dx, x, rstd, tokens, T, C, V, block_size):
    dwte, dpositions = view(dwte, V, C), view(dwpe, block_size, C)
    dwte[:] = 0
    dpositions[:] = 0
    rmsnorm_backward(dwpe, dx, x, rstd, T, C)
    np.add.at(dwte, np.asarray(tokens)[:T], dpositions[:T])


def rmsnorm_forward(y, rstd, x, start, T, C):
    x = view(x, T, C, first=start)
    scale = 1 / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
    view(rstd, T, 1, first=start)[:] = scale
    np.multiply(x, scale, out=view(y, T, C, first=start))


def rmsnorm_backward(dx, dy, y, rstd, T, C):
    dx, dy, y = view(dx, T, C), view(dy, T, C), view(y, T, C)
    dx += view(rstd, T, 1) * (dy - y * (dy * y).mean(axis=1, keepdims=True))


def linear_forward(y, x, w, start, T, n_in, n_out, relu):
    x, w, y = view(x, T, n_in, first=start), view(w, n_out, n_in), view(y, T, n_out, first=start)
    np.matmul(x, w.T, out=y)
    if relu:
        np.maximum(y, 0, out=y)


def linear_backward(dx, dw, dy, x, w, T, n_in, n_out, relu):
    dx, x, dy = view(dx, T, n_in), view(x, T, n_in), view(dy, T, n_out)
    np.matmul(dy.T, x, out=view(dw, n_out, n_in))
    np.matmul(dy, view(w, n_out, n_in), out=dx)
    if relu:
        dx[x == 0] = 0


def heads(buffer, rows, parts, C, n_head, first=0):
    """Return an array (parts, n_head, rows, C / n_head), a view without a copy. Each row of the
    buffer has `parts` vectors of C elements, side by side; the view begins at row `first`."""
    return view(buffer, rows, parts, n_head, C // n_head, first=first).transpose(1, 2, 0, 3)


def triangle(T):
    """Return the number of attention weights of T rows, of which row t has t + 1."""
    return T * (T + 1) // 2


@cache
def places(T):
    """Return two arrays, the row and the column of each of these weights."""
    return np.tril_indices(T)


def attention_forward(y, probs, qkv, start, T, C, n_head, block_size):
    end = start + T
    q, k, v = heads(qkv, end, 3, C, n_head)
    scores = q[:, start:] @ k.transpose(0, 2, 1) * (1 / sqrt(C // n_head))
    scores[:, np.arange(end) > np.arange(start, end)[:, None]] = -np.inf  # the future
    softmax(scores)
    first = triangle(start)
    rows, columns = places(end)
    rows, columns = rows[first:] - start, columns[first:]
    view(probs, n_head, triangle(block_size))[:, first : triangle(end)] = scores[:, rows, columns]
    heads(y, T, 1, C, n_head, start)[0] = scores @ v


def attention_backward(dqkv, dscores, dy, probs, qkv, T, C, n_head, block_size):
    q, k, v = heads(qkv, T, 3, C, n_head)
    dq, dk, dv = heads(dqkv, T, 3, C, n_head)
    dy = heads(dy, T, 1, C, n_head)[0]
    p = np.zeros((n_head, T, T), "f")
    rows, columns = places(T)
    p[:, rows, columns] = view(probs, n_head, triangle(block_size))[:, : triangle(T)]
    dp = dy @ v.transpose(0, 2, 1)
    ds = p * (dp - (p * dp).sum(axis=2, keepdims=True)) * (1 / sqrt(C // n_head))
    dq[:] = ds @ k
    dk[:] = ds.transpose(0, 2, 1) @ q
    dv[:] = p.transpose(0, 2, 1) @ dy


def residual_forward(y, x, branch, start, T, C):
    x, branch = view(x, T, C, first=start), view(branch, T, C, first=start)
    np.add(x, branch, out=view(y, T, C, first=start))


def cross_entropy(losses, logits, targets, slot, T, V):
    logits = view(logits, T, V)
    own = np.arange(T), np.asarray(targets)[:T]
    chosen = logits[own]
    with np.errstate(invalid="ignore"):  # the returned 0 reports an infinite logit
        loss = float((softmax(logits) - chosen).mean())
    logits[own] -= 1
    logits /= T
    losses[slot] = loss
    return int(np.isfinite(loss))


def categorical(logits, scale, row, V, top_k, draw):
    x = view(logits, 1, V, first=row)[0]
    least = np.sort(x)[-min(top_k, V)] if top_k else -np.inf
    x[:] = np.where(x >= least, np.exp((x - x.max()) * scale[0]), 0)
    before = np.cumsum(x) - x  # each token's share begins here
    return int(np.flatnonzero((before <= x.sum() * (draw / 2**24)) & (x > 0))[-1:].sum())


def adam_step(params, grads, m, v, hyper, step, num_steps, n):
    rate, beta1, beta2, eps = (float(h) for h in hyper)
    params, g, m, v = (view(buffer, n) for buffer in (params, grads, m, v))
    rate *= (num_steps - step) / num_steps / (1 - beta1 ** (step + 1))
    correct2 = sqrt(1 - beta2 ** (step + 1))
    m += (g - m) * (1 - beta1)
    v += (g * g - v) * (1 - beta2)
    params -= rate * correct2 * m / (np.sqrt(v) + eps * correct2)


def adam_step_16(params, grads, moments, hyper, step, num_steps, n):
    both = view(moments, n)
    m = (both & ~0xFFFF).view(np.float32)
    v = ((both & 0xFFFF) << 15).view(np.float32)
    adam_step(params, grads, m, v, hyper, step, num_steps, n)
    threshold = ((np.arange(n) * 40503 + step * 27146) & 0xFFFF).astype(np.int32)
    both[:] = (m.view(np.int32) + threshold) & ~0xFFFF
    both += (v.view(np.int32) + (threshold >> 1)) >> 15
