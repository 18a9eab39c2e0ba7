"""Causal attention in fixed point on block-floating-point q, k, v, and its backward pass.

All of q, k, v share one exponent, because scores and sums run across rows; so does dy.
Probabilities have 14 fraction bits where they weigh something.

The scalars come in an int array, `shape`, because there are more of them than a viper
function takes: start, end, C, n_head, block_size and those of each function.
"""

import micropython


@micropython.viper
def attend(qkv: ptr32, y: ptr32, probs: ptr32, work: ptr32, exp2: ptr32, log2: ptr8, shape: ptr32):
    """float32 probs and, as ints, rows start … end-1 of y (.., C) = probs · v · 2^14.

    work has room for a row of probs. shape[5:]: factor, shift with which
    (q·k >> 14) · factor >> shift is the score's base-2 exponential with 14 fraction bits.
    |q·k| stays under 2^30.
    """
    start = shape[0]
    end = shape[1]
    C = shape[2]
    n_head = shape[3]
    block_size = shape[4]
    factor = shape[5]
    shift = shape[6]
    size = C // n_head
    bias = 1
    bias = bias << 30
    mask = bias - 1 + bias
    h = 0
    while h < n_head:
        t = start
        while t < end:
            # scores, biased to be positive, and the largest
            top = 0
            q = ptr32(int(qkv) + (t * 3 * C + h * size) * 4)
            k = ptr32(int(qkv) + (C + h * size) * 4)
            p = ptr32(int(work))
            s = t + 1
            while s:
                dot = 0
                n = size
                while n:
                    dot += q[0] * k[0]
                    q = ptr32(int(q) + 4)
                    k = ptr32(int(k) + 4)
                    n -= 1
                q = ptr32(int(q) - size * 4)
                k = ptr32(int(k) + (3 * C - size) * 4)
                dot = ((dot & mask) ^ bias) - bias
                dot = (dot >> 14) * factor + bias
                p[0] = dot
                if dot > top:
                    top = dot
                p = ptr32(int(p) + 4)
                s -= 1
            # weights, 20 fraction bits
            total = 0
            p = ptr32(int(work))
            s = t + 1
            while s:
                n = (top - p[0]) >> shift
                dot = 0
                if n < 344064:
                    dot = exp2[(n >> 8) & 63]
                    dot = (dot - (((dot >> 5) * (n & 255) * 89) >> 16)) >> (n >> 14)
                p[0] = dot
                total += dot
                p = ptr32(int(p) + 4)
                s -= 1
            # probabilities: float32 for the backward pass, 14 fraction bits here
            a = 0
            while total > 0x7FFF:
                total >>= 1
                a += 1
            inverse = 0x20000000 // total
            p = ptr32(int(work))
            q = ptr32(int(probs) + (h * block_size + t) * block_size * 4)
            s = t + 1
            while s:
                n = p[0]
                if n > 0xFFFF:
                    n = (n >> 5) * inverse
                else:
                    n = (n * inverse) >> 5
                p[0] = n >> (10 + a)
                if n:
                    e = 149 - 24 - a
                    while n < 0x800000:
                        n <<= 8
                        e -= 8
                    dot = int(log2[n >> 23])
                    q[0] = ((e + dot) << 23) + (n >> dot)
                else:
                    q[0] = 0
                p = ptr32(int(p) + 4)
                q = ptr32(int(q) + 4)
                s -= 1
            # y[t] = Σ p · v
            q = ptr32(int(y) + (t * C + h * size) * 4)
            n = 0
            while n < size:
                k = ptr32(int(qkv) + (2 * C + h * size + n) * 4)
                p = ptr32(int(work))
                dot = 0
                s = t + 1
                while s:
                    dot += p[0] * k[0]
                    p = ptr32(int(p) + 4)
                    k = ptr32(int(k) + 12 * C)
                    s -= 1
                q[0] = dot
                q = ptr32(int(q) + 4)
                n += 1
            t += 1
        h += 1


@micropython.viper
def score_gradients(
    qkv: ptr32, dy: ptr32, probs: ptr32, ds: ptr32, dqkv: ptr32, shape: ptr32
) -> int:
    """ds (n_head, T, T) = p14 · (dp − Σ p·dp), the gradient of the scores before their scale,
    and dqkv (T, 3C) with q and k zero and dv = Σ p14 · dy, as ints. Returns the largest |ds|.

    shape[5]: bits to cut off dy·v so that 16 are left.
    """
    T = shape[1]
    C = shape[2]
    n_head = shape[3]
    block_size = shape[4]
    cut = shape[5]
    size = C // n_head
    bias = 1
    bias = bias << 30
    mask = bias - 1 + bias
    p = ptr32(int(dqkv))
    n = T * 3 * C
    while n:
        p[0] = 0
        p = ptr32(int(p) + 4)
        n -= 1
    largest = 0
    h = 0
    while h < n_head:
        t = 0
        while t < T:
            source = ptr32(int(probs) + (h * block_size + t) * block_size * 4)
            y = ptr32(int(dy) + (t * C + h * size) * 4)
            v = ptr32(int(qkv) + (2 * C + h * size) * 4)
            dv = ptr32(int(dqkv) + (2 * C + h * size) * 4)
            mean = 0
            s = 0
            while s <= t:
                bits = source[s]
                n = 136 - ((bits >> 23) & 255)
                weight = 0
                if n < 24:
                    weight = ((bits & 0x7FFFFF) | 0x800000) >> n
                dot = 0
                n = size
                while n:
                    dot += y[0] * v[0]
                    dv[0] = dv[0] + weight * y[0]
                    y = ptr32(int(y) + 4)
                    v = ptr32(int(v) + 4)
                    dv = ptr32(int(dv) + 4)
                    n -= 1
                y = ptr32(int(y) - size * 4)
                v = ptr32(int(v) + (3 * C - size) * 4)
                dv = ptr32(int(dv) + (3 * C - size) * 4)
                dot = (((dot & mask) ^ bias) - bias) >> cut
                ds[s] = dot
                mean += weight * dot
                s += 1
            mean >>= 14
            s = 0
            while s <= t:
                bits = source[s]
                n = 136 - ((bits >> 23) & 255)
                weight = 0
                if n < 24:
                    weight = ((bits & 0x7FFFFF) | 0x800000) >> n
                # dp back with its sign, from 18 bits
                dot = ((ds[s] & 0x3FFFF) ^ 0x20000) - 0x20000
                dot = weight * (dot - mean)
                ds[s] = dot
                if dot < 0:
                    dot = 0 - dot
                if dot > largest:
                    largest = dot
                s += 1
            ds = ptr32(int(ds) + T * 4)
            t += 1
        h += 1
    return largest


@micropython.viper
def query_key_gradients(qkv: ptr32, ds: ptr32, dqkv: ptr32, shape: ptr32):
    """Add to dqkv, as ints, dq = Σ ds·k and dk = Σ ds·q.

    shape[5:]: shift, factor, shift2 with which (ds >> shift) · factor >> shift2 is the
    score's gradient in as many bits as leave room for the sums.
    """
    T = shape[1]
    C = shape[2]
    n_head = shape[3]
    shift = shape[5]
    factor = shape[6]
    shift2 = shape[7]
    size = C // n_head
    bias = 1
    bias = bias << 30
    mask = bias - 1 + bias
    to_gradient = int(dqkv) - int(qkv)
    h = 0
    while h < n_head:
        t = 0
        while t < T:
            q = ptr32(int(qkv) + (t * 3 * C + h * size) * 4)
            k = ptr32(int(qkv) + (C + h * size) * 4)
            s = 0
            while s <= t:
                g = ((ds[s] & mask) ^ bias) - bias
                g = ((g >> shift) * factor) >> shift2
                if g:
                    n = size
                    while n:
                        d = ptr32(int(q) + to_gradient)
                        d[0] = d[0] + g * k[0]
                        d = ptr32(int(k) + to_gradient)
                        d[0] = d[0] + g * q[0]
                        q = ptr32(int(q) + 4)
                        k = ptr32(int(k) + 4)
                        n -= 1
                    q = ptr32(int(q) - size * 4)
                    k = ptr32(int(k) - size * 4)
                k = ptr32(int(k) + 12 * C)
                s += 1
            ds = ptr32(int(ds) + T * 4)
            t += 1
        h += 1
