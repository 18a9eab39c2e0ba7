"""Causal attention in fixed point on block-floating-point q, k, v, and its backward pass.

All rows of a head share exponents, because scores and sums run across rows: one for q, one for k,
one for v, and one for dy.

A viper function takes too few parameters for all scalars, so they come in an int array, `shape`:
start, end, C, n_head, block_size, and then those of each function.
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
    exponents: ptr32,
    exp2: ptr32,
    shape: ptr32,
):
    """Write probs as float32, and add rows start … end-1 of probs · v to y (.., C), as ints; the
    caller clears y. x and k are scratch: pass 0 and any buffer. exp2 is softmax.EXP2.

    exponents holds the exponents of q, k and v of all heads; afterwards its first n_head elements
    are those of y. work has room for one row of probs. |q·k| must stay under 2^30. shape[5:] is
    (factor, shift): q·k · factor >> (14 + shift - both exponents) is the score to base 2, with 14
    fraction bits.
    """
    start = shape[0]
    end = shape[1]
    channels = shape[2] * 4
    n_head = shape[3]
    block_size = shape[4]
    factor = shape[5]
    size = shape[2] // n_head
    gap = 3 * channels - size * 4
    bias = 1 << 29
    bias <<= 1
    mask = bias - 1 + bias
    h = n_head
    while h:
        shift = shape[6] - exponents[0] - exponents[n_head]
        if shift < 0:
            shift = 0
        if shift > 30:
            shift = 30
        t = start
        while t < end:
            # The scores, with a bias that makes them positive, and the largest score.
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
                x = ((x & mask) ^ bias) - bias
                x = (x >> 14) * factor + (((x & 0x3FFF) * factor) >> 14) + bias
                p[0] = x
                if x > top:
                    top = x
                p = ptr32(int(p) + 4)
                s -= 1
            # The weights as float32, and their sum with 20 fraction bits.
            total = 0
            k = ptr32(int(work))
            p = ptr32(int(probs) + t * (t + 1) * 2)
            s = t + 1
            while s:
                x = (top - k[0]) >> shift
                n = x >> 14
                weight = exp2[(x >> 8) & 63]
                weight -= ((weight >> 5) * (x & 255) * 89) >> 16
                x = 0
                if n < 64:
                    x = ((125 - n) << 23) + (weight << 4)
                p[0] = x
                if n < 21:
                    total += weight >> n
                k = ptr32(int(k) + 4)
                p = ptr32(int(p) + 4)
                s -= 1
            # The probabilities: as float32 for the backward pass, with 14 fraction bits here.
            a = 6
            while total > 0x7FFF:
                total >>= 1
                a -= 1
            inverse = 0x20000000 // total
            k = ptr32(int(work))
            p = ptr32(int(probs) + t * (t + 1) * 2)
            s = t + 1
            while s:
                x = p[0]
                n = 0
                if x:
                    e = (x >> 23) + a
                    x = (((x & 0x7FFFFF) | 0x800000) >> 9) * inverse
                    # p is x · 2^(e − 156)
                    n = 141 - e
                    if n < 31:
                        n = ((x >> n) + 1) >> 1
                    else:
                        n = 0
                    if x >> 29:
                        x >>= 1
                        e += 1
                    p[0] = ((e - 2) << 23) + (x >> 5)
                k[0] = n
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
        exponents[0] = exponents[n_head + n_head] - 14
        exponents = ptr32(int(exponents) + 4)
        qkv = ptr32(int(qkv) + size * 4)
        y = ptr32(int(y) + size * 4)
        probs = ptr32(int(probs) + block_size * (block_size + 1) * 2)
        h -= 1


@micropython.viper
def attend_backward(
    x: int,
    u: ptr32,
    qkv: ptr32,
    dy: ptr32,
    probs: ptr32,
    ds: ptr32,
    row_exponents: ptr32,
    dqkv: ptr32,
    exponents: ptr32,
    dy_exponents: ptr32,
    shape: ptr32,
):
    """Add dq = Σ ds·k, dk = Σ ds·q and dv = Σ p·dy to dqkv (T, 3C), as ints; the caller clears it.

    x and u are scratch of any value. All rows count, so shape[0] is ignored. exponents holds those
    of q, k and v of all heads; afterwards it holds those of dq, dk and dv. ds has room for a
    triangle: row t holds the gradients of t + 1 scores. row_exponents has room for T exponents.

    The gradient of a score before its scale is ds = p · (dp − Σ p·dp), with dp = dy·v. If one
    probability is near 1, all ds are small, and rounding errors of p or dp would be larger than ds.
    Adam would turn these errors into whole steps. So dp is computed relative to the dp of the
    largest p, a small p keeps 14 bits, and the ds of the largest p is chosen so that the sum of all
    ds is 0.

    shape[5]: the bits to cut off dy·v so that 16 are left. shape[6]: the number of bits of T, minus
    one. shape[7]: 1 / sqrt(size) as a factor of 14 bits. shape[8]: 1,024 plus the exponent of ds ·
    factor. shape[9]: the bits to cut off ds · factor so that sums over T have room.
    """
    T = shape[1]
    channels = shape[2] * 4
    n_head = shape[3]
    block_size = shape[4]
    cut = shape[5]
    room = shape[6]
    factor = shape[7]
    cut2 = shape[9]
    size = shape[2] // n_head
    gap = 3 * channels - size * 4
    bias = 1 << 29
    bias <<= 1
    mask = bias - 1 + bias
    h = n_head
    while True:  # older compilers cannot branch on h back to here: too far
        # ds row by row, and one exponent for all rows.
        d = ptr32(int(ds))
        most = 0
        t = 0
        while t < T:
            p = ptr32(int(probs) + t * (t + 1) * 2)
            y = ptr32(int(dy) + t * channels)
            v = ptr32(int(qkv) + channels + channels)
            u = ptr32(int(dqkv) + channels + channels)
            first = 0
            second = 0
            own = 0
            origin = 0
            total = 0
            share = 0
            s = 0
            while s <= t:
                x = p[s]
                n = 135 - (x >> 23)
                weight = 0
                if n < 25:
                    weight = ((((x & 0x7FFFFF) | 0x800000) >> n) + 1) >> 1
                x = weight
                dot = 0
                n = size
                while n:
                    dot = y[0] * v[0] + dot
                    u[0] = y[0] * x + u[0]
                    y = ptr32(int(y) + 4)
                    v = ptr32(int(v) + 4)
                    u = ptr32(int(u) + 4)
                    n -= 1
                y = ptr32(int(y) - size * 4)
                v = ptr32(int(v) + gap)
                u = ptr32(int(u) + gap)
                dot = ((((dot & mask) ^ bias) - bias) + (1 << cut >> 1)) >> cut
                d[s] = dot
                total += x * dot
                share += x
                x = p[s]
                if x > first:
                    second = first
                    first = x
                    own = s
                    origin = dot
                elif x > second:
                    second = x
                s += 1
            # Σ p·dp, relative to the dp of the largest p as well.
            origin += (total - origin * share + 0x2000) >> 14
            e = second >> 23
            total = 0
            largest = 0
            s = t
            while s >= 0:
                x = p[s]
                n = e - (x >> 23) + room
                if n > 30 or s == own:
                    x = 0
                else:
                    # dp with its sign, from 18 bits.
                    x = (((x & 0x7FFFFF) | 0x800000) >> 10) * (
                        ((d[s] & 0x3FFFF) ^ 0x20000) - 0x20000 - origin
                    )
                    x = ((x >> n) + 1) >> 1
                d[s] = x
                total += x
                if x < 0:
                    x = 0 - x
                if x > largest:
                    largest = x
                s -= 1
            d[own] = 0 - total
            if total < 0:
                total = 0 - total
            if total > largest:
                largest = total
            row_exponents[t] = e
            if largest:
                n = 16
                while largest >> n:
                    n += 1
                if e + n > most:
                    most = e + n
            d = ptr32(int(d) + t * 4 + 4)
            t += 1
        # 15 bits of ds times the scale.
        d = ptr32(int(ds))
        t = 0
        while t < T:
            shift = most - row_exponents[t] - 16
            if shift < 0:
                shift = 0  # a row of zeros
            if shift > 30:
                shift = 30
            to_key = channels
            s = t + 1
            while s:
                x = ((d[0] & mask) ^ bias) - bias
                x = ((x >> shift) + 1) >> 1
                x = (x * factor + (1 << cut2 >> 1)) >> cut2
                if x:
                    q = ptr32(int(qkv) + t * 3 * channels)
                    u = ptr32(int(dqkv) + t * 3 * channels)
                    k = ptr32(int(qkv) + to_key)
                    v = ptr32(int(dqkv) + to_key)
                    n = size
                    while n:
                        u[0] = k[0] * x + u[0]
                        v[0] = q[0] * x + v[0]
                        q = ptr32(int(q) + 4)
                        k = ptr32(int(k) + 4)
                        u = ptr32(int(u) + 4)
                        v = ptr32(int(v) + 4)
                        n -= 1
                to_key += 3 * channels
                d = ptr32(int(d) + 4)
                s -= 1
            t += 1
        e = most + dy_exponents[0] + exponents[n_head + n_head] + shape[8] - 1024
        x = exponents[0]
        n = e + exponents[n_head]
        if n < 0:
            n = 0
        exponents[0] = n
        n = e + x
        if n < 0:
            n = 0
        exponents[n_head] = n
        exponents[n_head + n_head] = dy_exponents[0] - 14
        exponents = ptr32(int(exponents) + 4)
        dy_exponents = ptr32(int(dy_exponents) + 4)
        qkv = ptr32(int(qkv) + size * 4)
        dqkv = ptr32(int(dqkv) + size * 4)
        dy = ptr32(int(dy) + size * 4)
        probs = ptr32(int(probs) + block_size * (block_size + 1) * 2)
        h -= 1
        if not h:
            break
