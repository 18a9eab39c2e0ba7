"""Float32 arithmetic on the bits, element by element: sums, products, ReLU."""

import micropython


@micropython.viper
def add(y: ptr32, a: ptr32, b: ptr32, y_first: int, a_first: int, b_first: int, n: int):
    """y[y_first + i] = a[a_first + i] + b[b_first + i] for n elements; y may be a or b.

    Within half a unit in the last place or so; denormals count as 0.
    """
    y = ptr32(int(y) + y_first * 4)
    a = ptr32(int(a) + a_first * 4)
    b = ptr32(int(b) + b_first * 4)
    while n:
        va = a[0]
        vb = b[0]
        e = (va >> 23) & 255
        d = e - ((vb >> 23) & 255)
        if d < 0:
            v = va
            va = vb
            vb = v
            e -= d
            d = 0 - d
        if d < 28 and d < e and e < 255:
            # Three bits below the last place, for rounding.
            m = ((va & 0x7FFFFF) | 0x800000) << 3
            s = (((vb & 0x7FFFFF) | 0x800000) << 3) >> d
            negative = (va >> 31) & 1
            if negative == ((vb >> 31) & 1):
                m += s
                if m > 0x7FFFFFF:
                    m >>= 1
                    e += 1
            else:
                m -= s
                if m < 0:
                    m = 0 - m
                    negative = 1 - negative
                if m:
                    while m < 0x4000000:
                        m <<= 1
                        e -= 1
            if m and e > 0:
                y[0] = ((e - 1) << 23) + ((m + 4) >> 3) + ((0 - negative) << 31)
            else:
                y[0] = 0
        else:
            y[0] = va
        y = ptr32(int(y) + 4)
        a = ptr32(int(a) + 4)
        b = ptr32(int(b) + 4)
        n -= 1


@micropython.viper
def scale(y: ptr32, x: ptr32, factor: ptr32, n: int):
    """y[i] = x[i] · factor[0] for n elements, to 15 bits; the factor is positive and normal."""
    f = factor[0]
    e_factor = ((f >> 23) & 255) - 127
    f = ((f & 0x7FFFFF) | 0x800000) >> 9
    while n:
        v = x[0]
        e = ((v >> 23) & 255) + e_factor
        m = (((v & 0x7FFFFF) | 0x800000) >> 8) * f >> 6  # 16 bits × 15 bits
        if m > 0xFFFFFF:
            m >>= 1
            e += 1
        if (v >> 23) & 255 == 0 or e < 1:
            y[0] = 0
        elif e > 254:
            e = 255
            y[0] = e << 23
        else:
            y[0] = ((e - 1) << 23) + m + ((0 - ((v >> 31) & 1)) << 31)
        y = ptr32(int(y) + 4)
        x = ptr32(int(x) + 4)
        n -= 1


@micropython.viper
def relu(x: ptr32, first: int, n: int):
    """x[first + i] = 0 where negative."""
    x = ptr32(int(x) + first * 4)
    while n:
        if (x[0] >> 31) & 1:
            x[0] = 0
        x = ptr32(int(x) + 4)
        n -= 1


@micropython.viper
def relu_mask(dx: ptr32, y: ptr32, n: int):
    """dx[i] = 0 where y[i] is 0, either zero."""
    while n:
        if (y[0] & 0x3FFFFFFF) == 0 and ((y[0] >> 30) & 1) == 0:
            dx[0] = 0
        dx = ptr32(int(dx) + 4)
        y = ptr32(int(y) + 4)
        n -= 1


@micropython.viper
def fill(x: ptr32, first: int, n: int):
    """x[first + i] = 0."""
    x = ptr32(int(x) + first * 4)
    while n:
        x[0] = 0
        x = ptr32(int(x) + 4)
        n -= 1
