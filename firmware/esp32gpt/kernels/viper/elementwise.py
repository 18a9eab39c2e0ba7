"""Float32 arithmetic on bits, element by element: sums and ReLU."""

import micropython


@micropython.viper
def add(
    x: int,
    n: int,
    y: ptr32,
    a: ptr32,
    b: ptr32,
    tokens: ptr32,
    scatter: int,
    start: int,
    rows: int,
    C: int,
):
    """Write y[t] = a[t] + b[t], as float32, for rows start … start+rows-1 of C elements. y may be a
    or b. x and n are scratch: pass 0.

    With tokens (0 for none), row tokens[t] of a is used instead of row t; with scatter 1, also in
    y. The error is at most one unit in the last place. Denormals count as 0.
    """
    t = start
    while rows:
        row = t * C * 4
        u = ptr32(int(b) + row)
        z = ptr32(int(y) + row)
        if int(tokens):
            row = tokens[t] * C * 4
            if scatter:
                z = ptr32(int(y) + row)
        w = ptr32(int(a) + row)
        n = C
        while n:
            n -= 1
            # x is the larger of the two, v the smaller.
            x = w[n]
            v = u[n]
            d = ((x >> 23) & 255) - ((v >> 23) & 255)
            if d < 0:
                v = x
                x = u[n]
                d = 0 - d
            e = (x >> 23) & 255
            if d < 25 and d < e and e < 255:
                s = ((v & 0x7FFFFF) | 0x800000) >> d
                if (x ^ v) >> 31:
                    s = 0 - s
                # If the exponent stays the same, the sum is an addition on all bits.
                v = x + s
                if (v ^ x) >> 23:
                    negative = (x >> 31) & 1
                    x = ((x & 0x7FFFFF) | 0x800000) + s
                    if x < 0:
                        x = 0 - x
                        negative = 1 - negative
                    if x:
                        while not x >> 20:
                            x <<= 4
                            e -= 4
                        while not x >> 23:
                            x <<= 1
                            e -= 1
                        if x >> 24:
                            x >>= 1
                            e += 1
                        if e > 0:
                            x += ((e - 1) << 23) + ((0 - negative) << 31)
                        else:
                            x = 0
                else:
                    x = v
            z[n] = x
        t += 1
        rows -= 1


@micropython.viper
def relu(x: ptr32, y: ptr32, first: int, n: int):
    """Set the float32 x[first + i] = 0 where y[first + i] is not above 0, for i < n."""
    x = ptr32(int(x) + first * 4)
    y = ptr32(int(y) + first * 4)
    while n:
        n -= 1
        v = y[n]
        if v >> 31 or v == 0:
            x[n] = 0
