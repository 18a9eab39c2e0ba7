"""Causal attention in fixed point on block-floating-point q, k, v, and its backward pass.

All of q, k, v share one exponent, because scores and sums run across rows; so does dy.
Probabilities have 14 fraction bits where they weigh something.

The scalars come in an int array, `shape`, because there are more of them than a viper
function takes: start, end, C, n_head, block_size and those of each function. Scores and
their gradients lie in triangles: row t has t + 1 of them.
"""

# ruff: noqa: SIM108 - a conditional expression goes through memory in viper

import micropython


@micropython.viper
def attend(
    x: int,
    k: ptr32,
    qkv: ptr32,
    y: ptr32,
    probs: ptr32,
    work: ptr32,
    exp2: ptr32,
    log2: ptr8,
    shape: ptr32,
):
    """float32 probs and, as ints, rows start … end-1 of y (.., C) = probs · v · 2^14,
    added to what is there.

    work has room for a row of probs. shape[5:]: factor, shift with which
    (q·k >> 14) · factor >> shift is the score's base-2 exponential with 14 fraction bits.
    |q·k| stays under 2^30.
    """
    start = shape[0]
    end = shape[1]
    channels = shape[2] * 4
    n_head = shape[3]
    block_size = shape[4]
    factor = shape[5]
    shift = shape[6]
    size = shape[2] // n_head
    gap = 3 * channels - size * 4
    bias = 1 << 29
    bias <<= 1
    mask = bias - 1 + bias
    h = n_head
    while h:
        t = start
        while t < end:
            # scores, biased to be positive, and the largest
            top = 0
            q = ptr32(int(qkv) + t * 3 * channels)
            k = ptr32(int(qkv) + channels)
            p = ptr32(int(work))
            s = t + 1
            while s:
                x = 0
                n = size
                while n:
                    x = k[0] * q[0] + x
                    q = ptr32(int(q) + 4)
                    k = ptr32(int(k) + 4)
                    n -= 1
                q = ptr32(int(q) - size * 4)
                k = ptr32(int(k) + gap)
                x = ((((x & mask) ^ bias) - bias) >> 14) * factor + bias
                p[0] = x
                if x > top:
                    top = x
                p = ptr32(int(p) + 4)
                s -= 1
            # weights, 20 fraction bits
            total = 0
            k = ptr32(int(work))
            s = t + 1
            while s:
                x = (top - k[0]) >> shift
                weight = 0
                if x < 344064:
                    weight = exp2[(x >> 8) & 63]
                    weight = (weight - (((weight >> 5) * (x & 255) * 89) >> 16)) >> (x >> 14)
                k[0] = weight
                total += weight
                k = ptr32(int(k) + 4)
                s -= 1
            # probabilities: float32 for the backward pass, 14 fraction bits here
            a = 0
            while total > 0x7FFF:
                total >>= 1
                a += 1
            inverse = 0x20000000 // total
            k = ptr32(int(work))
            p = ptr32(int(probs) + t * block_size * 4)
            s = t + 1
            while s:
                x = k[0]
                if x > 0xFFFF:
                    x = (x >> 5) * inverse
                else:
                    x = (x * inverse) >> 5
                k[0] = x >> (10 + a)
                if x:
                    e = 125 - a
                    while not x >> 23:
                        x <<= 8
                        e -= 8
                    n = int(log2[x >> 23])
                    p[0] = ((e + n) << 23) + (x >> n)
                else:
                    p[0] = 0
                k = ptr32(int(k) + 4)
                p = ptr32(int(p) + 4)
                s -= 1
            # y[t] = Σ p · v
            p = ptr32(int(work))
            q = ptr32(int(qkv) + channels + channels)
            s = t + 1
            while s:
                k = ptr32(int(y) + t * channels)
                x = p[0]
                n = size
                while n:
                    k[0] = q[0] * x + k[0]
                    k = ptr32(int(k) + 4)
                    q = ptr32(int(q) + 4)
                    n -= 1
                q = ptr32(int(q) + gap)
                p = ptr32(int(p) + 4)
                s -= 1
            t += 1
        qkv = ptr32(int(qkv) + size * 4)
        y = ptr32(int(y) + size * 4)
        probs = ptr32(int(probs) + block_size * block_size * 4)
        h -= 1


@micropython.viper
def score_gradients(
    x: int, dv: ptr32, qkv: ptr32, dy: ptr32, probs: ptr32, ds: ptr32, dqkv: ptr32, shape: ptr32
) -> int:
    """ds, n_head triangles, = p14 · (dp − Σ p·dp), the gradient of the scores before their
    scale; added to dqkv (T, 3C), as ints, dv = Σ p14 · dy. Returns the largest |ds|.

    shape[5]: bits to cut off dy·v so that 16 are left.
    """
    T = shape[1]
    channels = shape[2] * 4
    block_size = shape[4]
    cut = shape[5]
    size = shape[2] // shape[3]
    gap = 3 * channels - size * 4
    bias = 1 << 29
    bias <<= 1
    mask = bias - 1 + bias
    largest = 0
    h = shape[3]
    while h:
        t = 0
        while t < T:
            source = ptr32(int(probs) + t * block_size * 4)
            y = ptr32(int(dy) + t * channels)
            v = ptr32(int(qkv) + channels + channels)
            dv = ptr32(int(dqkv) + channels + channels)
            mean = 0
            s = 0
            while s <= t:
                x = source[s]
                n = 136 - ((x >> 23) & 255)
                weight = 0
                if n < 24:
                    weight = ((x & 0x7FFFFF) | 0x800000) >> n
                x = weight
                dot = 0
                n = size
                while n:
                    dot = y[0] * v[0] + dot
                    dv[0] = y[0] * x + dv[0]
                    y = ptr32(int(y) + 4)
                    v = ptr32(int(v) + 4)
                    dv = ptr32(int(dv) + 4)
                    n -= 1
                y = ptr32(int(y) - size * 4)
                v = ptr32(int(v) + gap)
                dv = ptr32(int(dv) + gap)
                dot = (((dot & mask) ^ bias) - bias) >> cut
                ds[s] = dot
                mean += x * dot
                s += 1
            mean >>= 14
            s = t + 1
            while s:
                x = source[0]
                n = 136 - ((x >> 23) & 255)
                weight = 0
                if n < 24:
                    weight = ((x & 0x7FFFFF) | 0x800000) >> n
                # dp back with its sign, from 18 bits
                x = weight * (((ds[0] & 0x3FFFF) ^ 0x20000) - 0x20000 - mean)
                ds[0] = x
                if x < 0:
                    x = 0 - x
                if x > largest:
                    largest = x
                source = ptr32(int(source) + 4)
                ds = ptr32(int(ds) + 4)
                s -= 1
            t += 1
        qkv = ptr32(int(qkv) + size * 4)
        dqkv = ptr32(int(dqkv) + size * 4)
        dy = ptr32(int(dy) + size * 4)
        probs = ptr32(int(probs) + block_size * block_size * 4)
        h -= 1
    return largest


@micropython.viper
def query_key_gradients(x: int, dq: ptr32, qkv: ptr32, ds: ptr32, dqkv: ptr32, shape: ptr32):
    """Add to dqkv, as ints, dq = Σ ds·k and dk = Σ ds·q.

    shape[5:]: shift, factor, shift2 with which (ds >> shift) · factor >> shift2 is the
    score's gradient in as many bits as leave room for the sums.
    """
    T = shape[1]
    channels = shape[2] * 4
    shift = shape[5]
    factor = shape[6]
    shift2 = shape[7]
    size = shape[2] // shape[3]
    bias = 1 << 29
    bias <<= 1
    mask = bias - 1 + bias
    h = shape[3]
    while h:
        t = 0
        while t < T:
            to_key = channels
            s = t + 1
            while s:
                x = ((ds[0] & mask) ^ bias) - bias
                x = ((x >> shift) * factor) >> shift2
                if x:
                    q = ptr32(int(qkv) + t * 3 * channels)
                    dq = ptr32(int(dqkv) + t * 3 * channels)
                    k = ptr32(int(qkv) + to_key)
                    dk = ptr32(int(dqkv) + to_key)
                    n = size
                    while n:
                        dq[0] = k[0] * x + dq[0]
                        dk[0] = q[0] * x + dk[0]
                        q = ptr32(int(q) + 4)
                        k = ptr32(int(k) + 4)
                        dq = ptr32(int(dq) + 4)
                        dk = ptr32(int(dk) + 4)
                        n -= 1
                to_key += 3 * channels
                ds = ptr32(int(ds) + 4)
                s -= 1
            t += 1
        qkv = ptr32(int(qkv) + size * 4)
        dqkv = ptr32(int(dqkv) + size * 4)
        h -= 1
