"""Block floating point: convert blocks of float32 to ints with a common exponent, and back.

Viper has no floats, but it can read the bits of a float32 through ptr32. `quantize` turns each
block of a buffer into ints q with one exponent: value = q · 2^(exponent - 256), where 256 keeps
exponents positive. `dots` and `combine` multiply two such matrices. `to_float` writes rows of ints
as float32.

The code is right with ints of 32 bits (the chip), and with ints of 64 bits where a ptr32 load does
not extend the sign (unix). Only the low 32 bits of a product or sum count, and its sign is bit 31.

In code from mpy-cross, only the first two parameters live in registers. If these are temporaries,
the caller passes 0.
"""

import micropython

# floor(log2(i)) of each byte i
LOG2 = bytes([0] + [len(bin(i)) - 3 for i in range(1, 256)])


@micropython.viper
def quantize(
    v: int,
    n: int,
    src: ptr32,
    dst: ptr32,
    exponents: ptr32,
    first: int,
    blocks: int,
    rows: int,
    width: int,
    stride: int,
    bits: int,
) -> int:
    """Overwrite the ints dst and exponents (blocks,) from the float32 src[first:], in blocks side
    by side. v and n are scratch: pass 0.

    Row r of block b is the `width` elements from b·width + r·stride on, in src and in dst; a block
    has `rows` rows. q is rounded to nearest: |q| <= 2^bits, and the largest |q| of a block is at
    least half of this (bits < 24). Values below 2^-103 count as 0. A block with an infinity or a
    NaN gets an exponent that no float32 has.

    Returns the number of bits (at most 15) that another operand may have so that the sum of its
    products with a whole block stays under 2^31. This needs the sum of |q| over a block to stay
    under 2^30.
    """
    src = ptr32(int(src) + first * 4)
    stride *= 4
    most = 0x8000
    while blocks:
        # The upper half of a float32, without its sign, has the same order as the magnitude.
        v = 24 << 7
        row = int(src)
        r = rows
        while r:
            half = ptr16(row)
            n = width >> 2
            while n:
                if half[1] & 0x7FFF > v:
                    v = half[1] & 0x7FFF
                if half[3] & 0x7FFF > v:
                    v = half[3] & 0x7FFF
                if half[5] & 0x7FFF > v:
                    v = half[5] & 0x7FFF
                if half[7] & 0x7FFF > v:
                    v = half[7] & 0x7FFF
                half = ptr16(int(half) + 16)
                n -= 1
            n = width & 3
            while n:
                if half[1] & 0x7FFF > v:
                    v = half[1] & 0x7FFF
                half = ptr16(int(half) + 4)
                n -= 1
            row += stride
            r -= 1
        v >>= 7
        base = v + 23 - bits
        exponents[0] = v + 130 - bits
        if v == 255:
            exponents[0] = 1024
        exponents = ptr32(int(exponents) + 4)
        total = 0
        row = 0
        r = rows
        while r:
            x = ptr32(int(src) + row)
            q = ptr32(int(dst) + row)
            n = width
            while n:
                n -= 1
                v = x[n]
                if v >> 31:
                    shift = base - ((v >> 23) & 255)
                    if shift < 24:
                        v = ((((v & 0x7FFFFF) | 0x800000) >> shift) + 1) >> 1
                        total += v
                        q[n] = 0 - v
                    else:
                        q[n] = 0
                else:
                    shift = base - (v >> 23)
                    if shift < 24:
                        v = ((((v & 0x7FFFFF) | 0x800000) >> shift) + 1) >> 1
                        total += v
                        q[n] = v
                    else:
                        q[n] = 0
            row += stride
            r -= 1
        if total > most:
            most = total
        src = ptr32(int(src) + width * 4)
        dst = ptr32(int(dst) + width * 4)
        blocks -= 1
    n = 0
    while not most >> 30:
        most <<= 1
        n += 1
    return n


@micropython.viper
def dots(
    total: int, b: ptr32, a: ptr32, w: ptr32, y: ptr32, first: int, rows: int, cols: int, width: int
):
    """Write the ints y[first + r·cols + c] = a[r] · w[c], for ints a (rows, width) and w (cols,
    width). total and b are scratch: pass 0 and any buffer.

    The sums must stay under 2^31 in magnitude.
    """
    y = ptr32(int(y) + first * 4)
    while rows:
        b = ptr32(int(w))
        column = cols
        while column:
            total = 0
            n = width >> 4
            while n:
                total = b[0] * a[0] + total
                total = b[1] * a[1] + total
                total = b[2] * a[2] + total
                total = b[3] * a[3] + total
                total = b[4] * a[4] + total
                total = b[5] * a[5] + total
                total = b[6] * a[6] + total
                total = b[7] * a[7] + total
                total = b[8] * a[8] + total
                total = b[9] * a[9] + total
                total = b[10] * a[10] + total
                total = b[11] * a[11] + total
                total = b[12] * a[12] + total
                total = b[13] * a[13] + total
                total = b[14] * a[14] + total
                total = b[15] * a[15] + total
                a = ptr32(int(a) + 64)
                b = ptr32(int(b) + 64)
                n -= 1
            n = width & 15
            while n:
                total = b[0] * a[0] + total
                a = ptr32(int(a) + 4)
                b = ptr32(int(b) + 4)
                n -= 1
            y[0] = total
            y = ptr32(int(y) + 4)
            a = ptr32(int(a) - width * 4)
            column -= 1
        a = ptr32(int(a) + width * 4)
        rows -= 1


@micropython.viper
def combine(
    x: int,
    y: ptr32,
    a: ptr32,
    b: ptr32,
    first: int,
    rows: int,
    terms: int,
    cols: int,
    row_step: int,
    term_step: int,
):
    """Write `rows` rows of `cols` ints, y[first + r·cols + c] = Σ a[r·row_step + k·term_step] ·
    b[k, c] over k < terms, for ints a and b (terms, cols). x is scratch: pass 0.

    The sums must stay under 2^31 in magnitude.
    """
    y = ptr32(int(y) + first * 4)
    row_step *= 4
    term_step *= 4
    while rows:
        row = int(b)
        left = cols
        while left:
            wide = left >> 4
            if wide:
                left -= 16
                y[0] = 0
                y[1] = 0
                y[2] = 0
                y[3] = 0
                y[4] = 0
                y[5] = 0
                y[6] = 0
                y[7] = 0
                y[8] = 0
                y[9] = 0
                y[10] = 0
                y[11] = 0
                y[12] = 0
                y[13] = 0
                y[14] = 0
                y[15] = 0
            else:
                left -= 1
                y[0] = 0
            s = ptr32(int(a))
            c = ptr32(row)
            n = terms
            while n:
                x = s[0]
                if x:
                    y[0] = c[0] * x + y[0]
                    if wide:
                        y[1] = c[1] * x + y[1]
                        y[2] = c[2] * x + y[2]
                        y[3] = c[3] * x + y[3]
                        y[4] = c[4] * x + y[4]
                        y[5] = c[5] * x + y[5]
                        y[6] = c[6] * x + y[6]
                        y[7] = c[7] * x + y[7]
                        y[8] = c[8] * x + y[8]
                        y[9] = c[9] * x + y[9]
                        y[10] = c[10] * x + y[10]
                        y[11] = c[11] * x + y[11]
                        y[12] = c[12] * x + y[12]
                        y[13] = c[13] * x + y[13]
                        y[14] = c[14] * x + y[14]
                        y[15] = c[15] * x + y[15]
                s = ptr32(int(s) + term_step)
                c = ptr32(int(c) + cols * 4)
                n -= 1
            if wide:
                y = ptr32(int(y) + 64)
                row += 64
            else:
                y = ptr32(int(y) + 4)
                row += 4
        a = ptr32(int(a) + row_step)
        rows -= 1


@micropython.viper
def to_float(
    v: int,
    n: int,
    q: ptr32,
    y: ptr32,
    exponents: ptr32,
    log2: ptr8,
    q_first: int,
    first: int,
    rows: int,
    cols: int,
    other: int,
    period: int,
):
    """Write y[first + r·cols + c] = q[q_first + r·cols + c] · 2^(exponents[r] + other - 512) as
    float32. `other` is the exponent of a second factor, or 256. v and n are scratch: pass 0. log2
    is LOG2 of this module.

    If period is not 0, exponents has `period` elements and repeats. y may be q, element for
    element. A row becomes 0 if its factor is below 2^-126, and infinite if its factor is above
    2^96.
    """
    turn = exponents
    left = period
    q = ptr32(int(q) + q_first * 4)
    y = ptr32(int(y) + first * 4)
    minus = 0 - 1
    mask = minus ^ (minus << 31)
    minus <<= 31
    while rows:
        # The exponent of a number with its leading bit in bit 23, minus the 1 that this bit adds.
        base = exponents[0] + other + 149 - 512
        n = cols
        if base < 23 or base > 245:
            v = 0
            if base > 245:
                v = 255
                v <<= 23
            while n:
                n -= 1
                y[n] = v
        else:
            base <<= 23
        while n:
            n -= 1
            v = q[n]
            if v:
                e = base
                if v >> 31:
                    v = (0 - v) & mask
                    e += minus
                while not v >> 23:
                    v <<= 8
                    e -= 0x4000000
                k = int(log2[v >> 23])
                v >>= k
                v = (k << 23) + e + v
            y[n] = v
        q = ptr32(int(q) + cols * 4)
        y = ptr32(int(y) + cols * 4)
        exponents = ptr32(int(exponents) + 4)
        left -= 1
        if not left:
            exponents = turn
            left = period
        rows -= 1
