"""Adam on the bits of float32: aligned integer sums, and a table for the reciprocal root."""

import micropython


@micropython.viper
def update(
    p: ptr32, g: ptr32, m: ptr32, v: ptr32, rsqrt: ptr16, constants: ptr32, i: int, n: int
) -> int:
    """Update elements i … n-1; returns n, or the index of an element it leaves untouched.

    Such an element has an infinity or NaN in it, or a second moment so small that ε counts.
    constants: float32 rate, 1 − β1, 1 − β2, ε. m and v come out right to 14 bits of what changes in them, the step to 8 bits.

    Below, a float32 is a mantissa of 24 bits times 2^(e − 150).
    """
    p = ptr32(int(p) + i * 4)
    g = ptr32(int(g) + i * 4)
    m = ptr32(int(m) + i * 4)
    v = ptr32(int(v) + i * 4)
    c = constants[0]
    rate = ((c & 0x7FFFFF) | 0x800000) >> 9
    e_rate = ((c >> 23) & 255) - 62
    # 1 − β1 with 15 fraction bits; 1 − β2 as k2 · 2^-k2_shift
    c = constants[1]
    k1 = ((c & 0x7FFFFF) | 0x800000) >> (135 - ((c >> 23) & 255))
    c = constants[2]
    k2 = ((c & 0x7FFFFF) | 0x800000) >> 9
    k2_shift = 141 - ((c >> 23) & 255)
    # The exponent of v from which on sqrt(v) is over 2^8 · ε.
    e_least = (((constants[3] >> 23) & 255) << 1) - 127 + 18
    while i < n:
        e_g = (g[0] >> 23) & 255
        e_m = (m[0] >> 23) & 255
        e_v = (v[0] >> 23) & 255
        if e_g > 254 or e_m > 254 or e_v > 254 or ((p[0] >> 23) & 255) > 254:
            return i
        grad = 0

        # v' = v − v · (1 − β2) + g² · (1 − β2), as square at exponent e_v
        square = 0
        if e_v:
            square = (v[0] & 0x7FFFFF) | 0x800000
            square -= ((square >> 9) * k2) >> (k2_shift - 9)
        if e_g:
            grad = (g[0] & 0x7FFFFF) | 0x800000
            d = e_g + e_g - 111 - k2_shift
            if d > 0:
                c = grad >> 9
                c = (((c * c) >> 15) * k2) >> 6
                d -= e_v
                if d > 0:
                    e_v += d
                    if d > 24:
                        square = 0
                    square >>= d & 31
                else:
                    d = 0 - d
                    if d > 24:
                        c = 0
                    c >>= d & 31
                square += c
        if square:
            while square < 0x800000:
                square <<= 1
                e_v -= 1
            if square > 0xFFFFFF:
                square >>= 1
                e_v += 1
            if e_v < 1:
                square = 0

        # m' = m + (g − m) · (1 − β1), as mean at exponent e_m, with its sign apart
        mean = 0
        if e_m:
            mean = (m[0] & 0x7FFFFF) | 0x800000
            if (m[0] >> 31) & 1:
                mean = 0 - mean
        if (g[0] >> 31) & 1:
            grad = 0 - grad
        d = e_g - e_m
        if d > 0:
            e_m = e_g
            if d > 24:
                mean = 0
            mean >>= d & 31
        else:
            d = 0 - d
            if d > 24:
                grad = 0
            grad >>= d & 31
        mean += (((grad - mean) >> 10) * k1) >> 5
        negative = 0
        if mean < 0:
            negative = 1
            mean = 0 - mean
        if mean:
            while mean < 0x800000:
                mean <<= 1
                e_m -= 1
            if mean > 0xFFFFFF:
                mean >>= 1
                e_m += 1
            if e_m < 1:
                mean = 0

        if mean:
            if square == 0 or e_v < e_least:
                return i
            # step = rate · m' / sqrt(v'), as mean at exponent e_m
            d = e_v & 1
            c = int(rsqrt[(square >> (15 + d)) - 128])
            m[0] = ((e_m - 1) << 23) + mean + ((0 - negative) << 31)
            mean = ((((mean >> 9) * c) >> 15) * rate) >> 6
            e_m += e_rate - ((e_v + d) >> 1)

            # p' = p − step
            c = p[0]
            e_p = (c >> 23) & 255
            d = e_m - e_p
            if e_p == 0:
                c = 0
            elif (c >> 31) & 1:
                c = 0 - ((c & 0x7FFFFF) | 0x800000)
            else:
                c = (c & 0x7FFFFF) | 0x800000
            if d > 0:
                e_p = e_m
                if d > 24:
                    c = 0
                c >>= d & 31
            else:
                d = 0 - d
                if d > 24:
                    mean = 0
                mean >>= d & 31
            if negative:
                c += mean
            else:
                c -= mean
            negative = 0
            if c < 0:
                negative = 1
                c = 0 - c
            if c:
                while c < 0x800000:
                    c <<= 1
                    e_p -= 1
                while c > 0xFFFFFF:
                    c >>= 1
                    e_p += 1
            if c and e_p > 0:
                p[0] = ((e_p - 1) << 23) + c + ((0 - negative) << 31)
            else:
                p[0] = 0
        else:
            m[0] = 0
        if square:
            v[0] = ((e_v - 1) << 23) + square
        else:
            v[0] = 0
        p = ptr32(int(p) + 4)
        g = ptr32(int(g) + 4)
        m = ptr32(int(m) + 4)
        v = ptr32(int(v) + 4)
        i += 1
    return n
