"""Softmax and cross-entropy in fixed point, with base-2 logarithms that have 14 fraction bits."""

from array import array
from math import log

import micropython

# 2^20 · 2^(-i/64), and 2^14 · log2(1 + i/64)
EXP2 = array("i", [round(1048576 * 2 ** (-i / 64)) for i in range(64)])
LOG2 = array("i", [round(16384 * log(1 + i / 64) / log(2)) for i in range(65)])


@micropython.viper
def softmax_rows(
    q: ptr32,
    exponents: ptr32,
    scale: ptr32,
    exp2: ptr32,
    log2: ptr32,
    targets: ptr32,
    rows: int,
    V: int,
) -> int:
    """Overwrite rows of logits q (rows, V), ints of 16 bits, and their exponents, with
    softmax(logits · scale[0]) / rows. scale[0] is a float32; exp2 and log2 are EXP2 and LOG2.

    Returns 2^14 times the sum over the rows of −log2(probability of the target), or −1 if this is
    not finite; if targets is 0, the result has no meaning. V is at most 1,024.
    """
    loss = 0
    finite = 1
    divisor = rows
    # log2(e) · scale = c · 2^e_scale, where c has at most 14 bits; log2(e) is 23637 / 2^14.
    c = scale[0]
    e_scale = ((c >> 23) & 255) - 139
    c = ((((c & 0x7FFFFF) | 0x800000) >> 10) * 23637) >> 15
    while rows:
        # The largest logit. Adding 2^17 makes all of them positive, on 64 bits too.
        top = 0
        n = V
        p = ptr32(int(q))
        while n:
            v = (p[0] + 0x20000) & 0x3FFFF
            if v > top:
                top = v
            p = ptr32(int(p) + 4)
            n -= 1
        shift = 0 - (exponents[0] - 256 + e_scale + 14)
        if exponents[0] > 512:
            finite = 0
        if shift > 30:
            shift = 30
        target = 0
        if int(targets):
            target = targets[0]
            targets = ptr32(int(targets) + 4)
        total = 0
        n = 0
        p = ptr32(int(q))
        while n < V:
            # t = log2(largest weight / this weight)
            t = (top - ((p[0] + 0x20000) & 0x3FFFF)) * c
            if shift >= 0:
                t >>= shift
            elif t:
                t = 0xFFFFFF
            if n == target:
                if t > 0xFFFFFF:
                    t = 0xFFFFFF  # 1,024 bits: with larger values the sum would not fit an int
                loss += t
            weight = 0
            if t < 344064:  # 21 · 2^14: for a larger t, 2^-t is 0
                weight = exp2[(t >> 8) & 63]
                weight = (weight - (((weight >> 5) * (t & 255) * 89) >> 16)) >> (t >> 14)
            total += weight
            p[0] = weight
            p = ptr32(int(p) + 4)
            n += 1
        m = total
        a = 0
        while m > 0x7FFF:
            m >>= 1
            a += 1
        t = (total >> (a - 6)) - 0x100000  # the fraction of total / 2^(a + 14), 20 bits
        i = t >> 14
        t = log2[i] + (((log2[i + 1] - log2[i]) * (t & 0x3FFF)) >> 14)
        loss += t + ((a - 6) << 14)
        # probability / rows = weight · inverse · 2^-(a + 29), total · rows = m · 2^a
        m *= divisor
        while m > 0x7FFF:
            m >>= 1
            a += 1
        inverse = 0x20000000 // m
        exponents[0] = 256 - 24 - a
        n = V
        while n:
            v = q[0]
            if v > 0xFFFF:
                q[0] = (v >> 5) * inverse
            else:
                q[0] = (v * inverse) >> 5
            q = ptr32(int(q) + 4)
            n -= 1
        exponents = ptr32(int(exponents) + 4)
        rows -= 1
    if finite:
        return loss
    return -1
