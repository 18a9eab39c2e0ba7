"""Block floating point: rows of float32 as ints that share an exponent, and back.

Viper has no floats, but it can read a float32's bits through ptr32. `quantize` turns each
row of a matrix into ints q with one exponent, value = q · 2^(exponent - 256), and zeros
behind it up to a multiple of 8; `matmul` multiplies two such matrices and writes float32
bits; `to_float` writes rows of ints as float32. (256 keeps the exponents positive.)

Written to be right where ints have 32 bits (the chip) and where they have 64 and a ptr32
load does not extend the sign (unix): of a product or sum only the low 32 bits count, and
its sign is taken from bit 31.
"""

import micropython

# floor(log2(i)) of a byte
LOG2 = bytes([0] + [len(bin(i)) - 3 for i in range(1, 256)])


@micropython.viper
def quantize(
    src: ptr32,
    dst: ptr32,
    exponents: ptr32,
    first: int,
    rows: int,
    cols: int,
    row_step: int,
    col_step: int,
    padded: int,
    bits: int,
):
    """dst (rows, padded) and exponents (rows,) from float32 src[first + r·row_step + c·col_step].

    Rounded to nearest: |q| <= 2^bits, the largest of a row at least half of that (bits < 24).
    Values under 2^-103 count as 0. A row with an infinity or NaN gets an exponent no float32 has.
    """
    step = col_step * 4
    row = int(src) + first * 4
    while rows:
        src = ptr32(row)
        top = 24
        n = cols
        while n:
            e = (src[0] >> 23) & 255
            if e > top:
                top = e
            src = ptr32(int(src) + step)
            n -= 1
        exponents[0] = top + 130 - bits
        if top == 255:
            exponents[0] = 1024
        exponents = ptr32(int(exponents) + 4)
        base = top + 23 - bits
        src = ptr32(row)
        n = cols
        while n:
            v = src[0]
            shift = base - ((v >> 23) & 255)
            if shift < 24:
                q = ((((v & 0x7FFFFF) | 0x800000) >> shift) + 1) >> 1
                if (v >> 31) & 1:
                    q = 0 - q
                dst[0] = q
            else:
                dst[0] = 0
            src = ptr32(int(src) + step)
            dst = ptr32(int(dst) + 4)
            n -= 1
        n = padded - cols
        while n:
            dst[0] = 0
            dst = ptr32(int(dst) + 4)
            n -= 1
        row += row_step * 4
        rows -= 1


@micropython.viper
def matmul(
    a: ptr32,
    b: ptr32,
    y: ptr32,
    a_exponents: ptr32,
    b_exponents: ptr32,
    log2: ptr8,
    first: int,
    rows: int,
    cols: int,
    padded: int,
):
    """float32 y[first + r·cols + c] = a[r] · b[c], for a (rows, padded) and b (cols, padded).

    The sums must stay under 2^31 in magnitude.
    """
    y = ptr32(int(y) + first * 4)
    b_first = int(b)
    half = padded & 8
    chunks = padded >> 4
    width = padded * 4
    mask = 0x3FFFFFFF
    mask = mask << 1 | 1
    while rows:
        b = ptr32(b_first)
        e_row = a_exponents[0] + 149 - 512
        eb = int(b_exponents)
        column = cols
        while column:
            total = 0
            if half:
                total = (
                    a[0] * b[0]
                    + a[1] * b[1]
                    + a[2] * b[2]
                    + a[3] * b[3]
                    + a[4] * b[4]
                    + a[5] * b[5]
                    + a[6] * b[6]
                    + a[7] * b[7]
                )
                a = ptr32(int(a) + 32)
                b = ptr32(int(b) + 32)
            n = chunks
            while n:
                total += (
                    a[0] * b[0]
                    + a[1] * b[1]
                    + a[2] * b[2]
                    + a[3] * b[3]
                    + a[4] * b[4]
                    + a[5] * b[5]
                    + a[6] * b[6]
                    + a[7] * b[7]
                    + a[8] * b[8]
                    + a[9] * b[9]
                    + a[10] * b[10]
                    + a[11] * b[11]
                    + a[12] * b[12]
                    + a[13] * b[13]
                    + a[14] * b[14]
                    + a[15] * b[15]
                )
                a = ptr32(int(a) + 64)
                b = ptr32(int(b) + 64)
                n -= 1
            a = ptr32(int(a) - width)
            # The float32 nearest below in magnitude: shift the leading bit to bit 23, where
            # it adds 1 to the exponent, hence 149 above and not 150.
            negative = (total >> 31) & 1
            if negative:
                total = 0 - total
            total = total & mask
            if total:
                e = e_row + ptr32(eb)[0]
                while total < 0x800000:
                    total <<= 8
                    e -= 8
                k = int(log2[total >> 23])
                e += k
                if e < 0:
                    y[0] = 0
                elif e > 253:
                    e = 255
                    y[0] = e << 23
                else:
                    y[0] = (e << 23) + (total >> k) + ((0 - negative) << 31)
            else:
                y[0] = 0
            y = ptr32(int(y) + 4)
            eb += 4
            column -= 1
        a = ptr32(int(a) + width)
        a_exponents = ptr32(int(a_exponents) + 4)
        rows -= 1


@micropython.viper
def to_float(
    q: ptr32, y: ptr32, exponents: ptr32, log2: ptr8, q_first: int, first: int, rows: int, cols: int
):
    """float32 y[first + r·cols + c] = q[q_first + r·cols + c] · 2^(exponents[r] - 256)."""
    q = ptr32(int(q) + q_first * 4)
    y = ptr32(int(y) + first * 4)
    mask = 0x3FFFFFFF
    mask = mask << 1 | 1
    while rows:
        e_row = exponents[0] + 149 - 256
        n = cols
        while n:
            v = q[0]
            negative = (v >> 31) & 1
            if negative:
                v = 0 - v
            v = v & mask
            if v:
                e = e_row
                while v < 0x800000:
                    v <<= 8
                    e -= 8
                k = int(log2[v >> 23])
                e += k
                if e < 0:
                    y[0] = 0
                elif e > 253:
                    e = 255
                    y[0] = e << 23
                else:
                    y[0] = (e << 23) + (v >> k) + ((0 - negative) << 31)
            else:
                y[0] = 0
            q = ptr32(int(q) + 4)
            y = ptr32(int(y) + 4)
            n -= 1
        exponents = ptr32(int(exponents) + 4)
        rows -= 1
