"""Adam on the bits of float32: aligned integer sums, and a table for the reciprocal root."""

import micropython


@micropython.viper
def update(
    x: int,
    e: int,
    d: int,
    p: ptr32,
    g: ptr32,
    m: ptr32,
    v: ptr32,
    rsqrt: ptr16,
    constants: ptr32,
    i: int,
    n: int,
) -> int:
    """Update elements i … n-1; returns n, or the index of an element it leaves untouched.

    Such an element has a gradient that is not finite, or a second moment so small that ε
    counts. constants: float32 rate, 1 − β1, 1 − β2, ε. m and v come out right to 14 bits of
    what changes in them, the step to 8 bits.

    A float32 is a mantissa of 24 bits times 2^(e − 150). x, e and d are not arguments: the
    first three locals are the ones that live in registers.
    """
    p = ptr32(int(p) + i * 4)
    g = ptr32(int(g) + i * 4)
    m = ptr32(int(m) + i * 4)
    v = ptr32(int(v) + i * 4)
    x = constants[0]
    rate = ((x & 0x7FFFFF) | 0x800000) >> 9
    e_rate = ((x >> 23) & 255) - 62
    # 1 − β1 with 15 fraction bits; 1 − β2 as k2 · 2^-(k2_cut + 9)
    x = constants[1]
    k1 = ((x & 0x7FFFFF) | 0x800000) >> (135 - ((x >> 23) & 255))
    x = constants[2]
    k2 = ((x & 0x7FFFFF) | 0x800000) >> 9
    k2_cut = 132 - ((x >> 23) & 255)
    e_product = 120 + k2_cut
    # The exponent of v from which on sqrt(v) is over 2^8 · ε.
    e_least = (((constants[3] >> 23) & 255) << 1) - 127 + 18
    while i < n:
        x = g[0]
        bits = x
        e_g = (x >> 23) & 255
        if e_g > 254:
            return i
        grad = 0
        if e_g:
            grad = (x & 0x7FFFFF) | 0x800000

        # v' = v − v · (1 − β2) + g² · (1 − β2)
        x = v[0]
        e = x >> 23
        if e:
            x = (x & 0x7FFFFF) | 0x800000
            x -= ((x >> 9) * k2) >> k2_cut
        else:
            x = 0
        c = grad >> 9
        c = (((c * c) >> 15) * k2) >> 6
        d = e_g + e_g - e_product - e
        if d > 0:
            e += d
            if d > 24:
                x = 0
            else:
                x >>= d
            x += c
        elif d > -24:
            x += c >> (0 - d)
        if x:
            while x < 0x800000:
                x <<= 1
                e -= 1
            if x > 0xFFFFFF:
                x >>= 1
                e += 1
        if e < e_least:
            if bits | m[0]:
                return i
            if e < 1:
                e = 1
                x = 0x800000  # stored as 0
            v[0] = ((e - 1) << 23) + x
        else:
            v[0] = ((e - 1) << 23) + x
            d = e & 1
            root = int(rsqrt[(x >> (15 + d)) - 128])
            e_root = e_rate - ((e + d) >> 1)

            # m' = m + (g − m) · (1 − β1)
            if (bits >> 31) & 1:
                grad = 0 - grad
            x = m[0]
            e = (x >> 23) & 255
            if e == 0:
                x = 0
            elif (x >> 31) & 1:
                x = 0 - ((x & 0x7FFFFF) | 0x800000)
            else:
                x = (x & 0x7FFFFF) | 0x800000
            d = e_g - e
            if d > 0:
                e = e_g
                if d > 24:
                    x = 0
                else:
                    x >>= d
            elif d < -24:
                grad = 0
            else:
                grad >>= 0 - d
            x += (((grad - x) >> 10) * k1) >> 5
            negative = 0
            if x < 0:
                negative = 1
                x = 0 - x
            if x:
                while x < 0x800000:
                    x <<= 1
                    e -= 1
                if x > 0xFFFFFF:
                    x >>= 1
                    e += 1
            if x == 0 or e < 1:
                m[0] = 0
            else:
                m[0] = ((e - 1) << 23) + x + ((0 - negative) << 31)

                # p' = p − rate · m' / sqrt(v')
                x = ((((x >> 9) * root) >> 15) * rate) >> 6
                e += e_root
                c = p[0]
                d = ((c >> 23) & 255) - e
                if d > 0:
                    # The step is the smaller: most often only the mantissa changes.
                    if d < 25:
                        x >>= d
                        e += d
                        if negative == ((c >> 31) & 1):
                            x = 0 - x
                        d = c + x
                        if (d >> 23) == (c >> 23):
                            p[0] = d
                            x = 0
                        else:
                            x += (c & 0x7FFFFF) | 0x800000
                            negative = (c >> 31) & 1
                    else:
                        x = 0
                else:
                    d = 0 - d
                    c = p[0]
                    negative = 1 - negative
                    if d < 24 and (c >> 23) & 255:
                        d = ((c & 0x7FFFFF) | 0x800000) >> d
                        if negative == ((c >> 31) & 1):
                            x += d
                        else:
                            x -= d
                    if x == 0:
                        p[0] = 0
                if x:
                    # Another exponent, perhaps another sign.
                    if x < 0:
                        x = 0 - x
                        negative = 1 - negative
                    while x < 0x800000:
                        x <<= 1
                        e -= 1
                    while x > 0xFFFFFF:
                        x >>= 1
                        e += 1
                    if e > 0:
                        p[0] = ((e - 1) << 23) + x + ((0 - negative) << 31)
                    else:
                        p[0] = 0
        p = ptr32(int(p) + 4)
        g = ptr32(int(g) + 4)
        m = ptr32(int(m) + 4)
        v = ptr32(int(v) + 4)
        i += 1
    return n
