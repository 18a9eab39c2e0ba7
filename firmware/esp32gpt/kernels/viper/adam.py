"""Adam on the bits of float32, with aligned integer sums and a table of reciprocal roots."""

# ruff: noqa: SIM108 - a conditional expression goes through memory in viper

from array import array
from math import sqrt

import micropython

# RSQRT[256 + i] = 2^14 / sqrt(f) for f from 1 to 2, where i is the first 8 fraction bits of f, and
# RSQRT[i] the same for f / 2. So an index can be cut out of a float32: the last bit of its exponent
# and 8 bits of its mantissa.
RSQRT = array("H", [round(16384 / sqrt((i + 256.5) / 512)) for i in range(256)])
RSQRT.extend(array("H", [round(16384 / sqrt((i + 256.5) / 256)) for i in range(256)]))

# How far to shift a number of 8 bits to the left so that its leading bit is bit 7.
SHIFTS = bytes([8] + [8 - len(bin(i)) + 2 for i in range(1, 256)])


@micropython.viper
def update(
    x: int,
    i: int,
    e: int,
    p: ptr32,
    g: ptr32,
    m: ptr32,
    v: ptr32,
    rsqrt: ptr16,
    shifts: ptr8,
    constants: ptr32,
):
    """Update elements i-1 … 0 of p (parameters), m and v from g (gradients), in one call, so that
    no interrupt comes between them. x and e are scratch: pass 0. rsqrt and shifts are RSQRT and
    SHIFTS.

    constants are float32: rate, 1 − β1, 1 − β2, ε. The changes of m and v are right to 12 bits, the
    step to 8 bits. A gradient below 2^-60 counts as 0, one above 2^63 as 2^63. v below 2^-119
    becomes 0, and a decaying m stays at 2^-95.

    A float32 is a mantissa of 24 bits times 2^(e − 150). If a change does not alter the exponent,
    it is added to the bits as a whole.
    """
    x = constants[0]
    rate = ((x & 0x7FFFFF) | 0x800000) >> 9
    e_rate = ((x >> 23) & 255) - 62
    # 1 − β1 with 15 fraction bits; 1 − β2 as k2 · 2^-(k2_cut + 11)
    x = constants[1]
    k1 = ((x & 0x7FFFFF) | 0x800000) >> (135 - ((x >> 23) & 255))
    x = constants[2]
    k2 = ((x & 0x7FFFFF) | 0x800000) >> 10
    k2_cut = 129 - ((x >> 23) & 255)
    x = constants[3]
    eps = ((x & 0x7FFFFF) | 0x800000) >> 9
    e_eps = (x >> 23) & 255
    # If v < small, sqrt(v) < 2^8 · ε; if v < nothing, sqrt(v) < 2^-15 · ε.
    small = ((e_eps << 1) - 127 + 18) << 23
    nothing = small - (46 << 23)
    if nothing < 0:
        nothing = 0
    e_eps -= 78
    # Not `while i`: on the chip a conditional branch reaches only 2 KB, less than this loop.
    while True:
        if not i:
            break
        i -= 1
        x = g[i]
        e_g = (x >> 23) & 255
        if e_g > 66:
            if x >> 31:
                x = 0 - (((x >> 9) & 0x3FFF) | 0x4000)
            else:
                x = ((x >> 9) & 0x3FFF) | 0x4000
            grad = x
            square = (x * x) >> 13
            x = v[i]
            e = x >> 23
            # g² in units of 2^(e − 150 + 11) is square >> d
            d = e - e_g - e_g + 130
        else:
            x = (m[i] >> 23) & 255
            if x < 33:
                if not v[i]:
                    continue
                m[i] = 32 << 23
            grad = 0
            square = 0
            e_g = 0
            x = v[i]
            e = x >> 23
            d = 0
            if e < 8:
                d = 32

        # v' = v + (g² − v) · (1 − β2)
        if d >> 5:
            if e_g > 190:
                e_g = 190
                d = e - 250
            x = (x & 0x7FFFFF) | 0x800000
            if e < 8:
                x = 0
            if d < 0:
                e -= d
                d = 0 - d
                if d > 24:
                    d = 24
                x >>= d
                d = 0
            else:
                d = 31
            x += ((((square >> d) - (x >> 11)) * k2) >> k2_cut) + ((e - 1) << 23)
        else:
            x = ((((square >> d) - (((x >> 11) & 0xFFF) | 0x1000)) * k2) >> k2_cut) + x
        if (x >> 23) - e:
            x -= (e - 1) << 23
            if x:
                while x < 0x100000:
                    x <<= 4
                    e -= 4
                while x < 0x800000:
                    x <<= 1
                    e -= 1
            while x > 0xFFFFFF:
                x >>= 1
                e += 1
            if e < 8:
                x = 0
            else:
                x += (e - 1) << 23
        v[i] = x
        if x < small:
            # 1 / (s + ε) = 1/s / (1 + ε/s), for s = sqrt(v)
            if x < nothing:
                x = nothing
            root = int(rsqrt[(x >> 15) & 511])
            e = x >> 24
            # 1 + ε/s with 14 fraction bits
            x = ((eps * root) >> (e - e_eps)) + 0x4000
            e -= e_rate
            while x >> 18:
                x >>= 4
                e += 4
            if x >> 16:
                x >>= 2
                e += 2
            root = (root * (0x20000000 // x)) >> 15
            e_root = e
        else:
            root = int(rsqrt[(x >> 15) & 511])
            e_root = (x >> 24) - e_rate

        # m' = m + (g − m) · (1 − β1)
        x = m[i]
        e = (x >> 23) & 255
        if x >> 31:
            x = 0 - ((x & 0x7FFFFF) | 0x800000)
        else:
            x = (x & 0x7FFFFF) | 0x800000
        d = e_g - e
        if d > 0:
            e = e_g
            if d > 31:
                d = 31
            x >>= d
        else:
            d = 0 - d
            if d > 31:
                d = 31
            grad >>= d
        x = (((grad - (x >> 9)) * k1) >> 6) + x
        step = ((((x >> 9) * root) >> 15) * rate) >> 6
        e_root -= e
        if x < 0:
            x = 0 - x
            e -= 256
        while not x >> 17:
            if x:
                x <<= 4
                e -= 4
            else:
                x = 0x800000
                e = 0
        d = int(shifts[x >> 17])
        m[i] = ((e - d) << 23) + ((x << d) >> 1)

        # p' = p − rate · m' / sqrt(v')
        x = p[i]
        d = ((x >> 23) & 255) + e_root
        if d >> 5:
            e = 1
        else:
            step = (((step << 1) >> d) + 1) >> 1
            if x >> 31:
                e = x + step
            else:
                e = x - step
            if (e ^ x) >> 23:
                e = 1
            else:
                p[i] = e
                e = 0
        if e and d < 32:
            # The exponent changes, and perhaps the sign.
            e = (x >> 23) & 255
            if e == 0:
                x = 0
            elif x >> 31:
                x = 0 - ((x & 0x7FFFFF) | 0x800000)
            else:
                x = (x & 0x7FFFFF) | 0x800000
            if d < 0:
                e -= d
                d = 0 - d
                if d > 31:
                    d = 31
                x = (x >> d) - step
            else:
                x -= step
            minus = 0
            if x < 0:
                x = 0 - x
                minus = 0 - 1
            if x:
                while x < 0x100000:
                    x <<= 4
                    e -= 4
                while x < 0x800000:
                    x <<= 1
                    e -= 1
                while x > 0xFFFFFF:
                    x >>= 1
                    e += 1
                if e > 0:
                    x += ((e - 1) << 23) + (minus << 31)
                else:
                    x = 0
            p[i] = x
