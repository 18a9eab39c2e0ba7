"""RMSNorm on block-floating-point rows (see blockfloat.py)."""

# ruff: noqa: SIM108 - a conditional expression goes through memory in viper

import micropython


@micropython.viper
def normalize(
    v: int,
    n: int,
    q: ptr32,
    exponents: ptr32,
    rstd: ptr32,
    rsqrt: ptr16,
    first: int,
    rows: int,
    C: int,
    cut: int,
):
    """Overwrite the rows of x, ints q (rows, C) and their exponents, with rows of x · rstd, and
    write rstd[first + r] as float32. v and n are scratch: pass 0.

    q has 15 bits, and C · (q >> cut)² must stay under 2^30. The root comes from the table rsqrt
    (adam.RSQRT) and one Newton step; it is right to about 14 bits.
    """
    rstd = ptr32(int(rstd) + first * 4)
    half = (1 << cut) >> 1
    while rows:
        total = 0
        n = C
        while n:
            n -= 1
            v = q[n]
            if v >> 31:
                v = (0 - v) & 0xFFFF
            v = (v + half) >> cut
            total += v * v
        # Σx² + C · 1e-5, with the exponent of the larger summand; 1e-5 is 42950 · 2^-32.
        e = exponents[0] - 256 + cut
        e_root = e
        d = 32 + e + e
        if d >= 0:
            if d > 30:
                d = 30
            total += (42950 * C) >> d
        else:
            d = 0 - d
            if d > 30:
                d = 30
            total = (total >> d) + 42950 * C
            e_root = -16
        total = total // C
        shifts = 0
        while total < 0x10000000:
            total <<= 2
            shifts += 1
        # root / 2^14 is 1 / sqrt(total / 2^30), between 1 and 2.
        if total >> 29:
            root = int(rsqrt[(total >> 21) & 255])
        else:
            root = int(rsqrt[(total >> 20) & 511]) << 1
        error = 0x3FFFFFFF - (total >> 15) * ((root * root) >> 13)
        root += (root * (error >> 15)) >> 16
        e_root = shifts - 15 - e_root
        if e_root > -126:
            rstd[0] = ((e_root + 126) << 23) + (root << 9)
        else:
            rstd[0] = 0
        if e < 512 + cut:
            exponents[0] = exponents[0] + e_root - 14
        n = C
        while n:
            n -= 1
            q[n] = q[n] * root
        q = ptr32(int(q) + C * 4)
        exponents = ptr32(int(exponents) + 4)
        rstd = ptr32(int(rstd) + 4)
        rows -= 1


@micropython.viper
def normalize_backward(
    dy: ptr32,
    y: ptr32,
    dy_exponents: ptr32,
    y_exponents: ptr32,
    rstd: ptr32,
    rows: int,
    C: int,
    bits: int,
):
    """Overwrite the rows of dy, and their exponents, with rstd · (dy − y · mean(dy·y)). dy and y
    are ints q (rows, C); rstd is float32.

    q has `bits` bits, and C · q² must stay under 2^30. |y| is at most sqrt(C).
    """
    while rows:
        dot = 0
        n = C
        p = ptr32(int(dy))
        while n:
            dot += p[0] * y[0]
            p = ptr32(int(p) + 4)
            y = ptr32(int(y) + 4)
            n -= 1
        y = ptr32(int(y) - C * 4)
        negative = (dot >> 31) & 1
        if negative:
            dot = 0 - dot
        mean = (dot & 0x3FFFFFFF) // C
        # Keep so many bits of the mean that its product with q fits.
        cut = 3 * bits - 29
        if cut < 0:
            cut = 0
        mean >>= cut
        shift = 512 - y_exponents[0] - y_exponents[0] - cut
        if shift > 29:
            shift = 29
        if shift < 0:
            shift = 0  # only if |y| is above sqrt(C)
        half = (1 << shift) >> 1
        if negative == 0:
            mean = 0 - mean
        v = rstd[0]
        root = ((v & 0x7FFFFF) | 0x800000) >> 9
        n = C
        while n:
            # The product with its sign, from 30 bits.
            v = ((y[0] * mean) & 0x3FFFFFFF ^ 0x20000000) - 0x20000000
            dy[0] = (dy[0] + ((v + half) >> shift)) * root
            dy = ptr32(int(dy) + 4)
            y = ptr32(int(y) + 4)
            n -= 1
        dy_exponents[0] = dy_exponents[0] + ((rstd[0] >> 23) & 255) - 127 - 14
        dy_exponents = ptr32(int(dy_exponents) + 4)
        y_exponents = ptr32(int(y_exponents) + 4)
        rstd = ptr32(int(rstd) + 4)
        rows -= 1
