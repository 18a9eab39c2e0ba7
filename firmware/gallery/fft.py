"""Fast Fourier transform of 2^bits complex numbers, in place (Gentleman & Sande 1966).

x holds pairs of real and imaginary parts; w holds the powers of the root of unity, which `twiddles`
writes. The result of `fft` is in bit-reversed order, and `reorder` puts it in order:

    w = array("f", bytes(4 * n))
    twiddles(w, n)
    fft(x, w, n, bits)
    reorder(x, n)
"""

from math import cos, sin

floats = "a float buffer"


def twiddles(w: floats, n: int):
    """Write to w (n) the pairs cos and −sin of 2πk/n, for k from 0 to n/2 − 1."""
    for k in range(n // 2):
        angle = 6.283185307179586 * k / n
        w[2 * k] = cos(angle)
        w[2 * k + 1] = 0.0 - sin(angle)


def fft(x: floats, w: floats, n: int, bits: int):
    """Overwrite x (2n) with its transform, in bit-reversed order; n = 2^bits."""
    for stage in range(bits):
        half = n >> (stage + 1)
        groups = n >> (bits - stage)
        if half > groups:
            for k in range(groups):
                for j in range(half):
                    cosine = w[2 * groups * j]
                    sine = w[2 * groups * j + 1]
                    butterfly(x, 4 * k * half + 2 * j, 2 * half, cosine, sine)
        else:
            for j in range(half):
                cosine = w[2 * groups * j]
                sine = w[2 * groups * j + 1]
                for k in range(groups):
                    butterfly(x, 4 * k * half + 2 * j, 2 * half, cosine, sine)


def butterfly(x: floats, a: int, distance: int, cosine: float, sine: float):
    """Replace two complex numbers by their sum and by their difference, rotated by an angle."""
    b = a + distance
    real = x[a] - x[b]
    imag = x[a + 1] - x[b + 1]
    sum_real = x[a] + x[b]
    sum_imag = x[a + 1] + x[b + 1]
    x[a] = sum_real
    x[a + 1] = sum_imag
    x[b] = real * cosine - imag * sine
    x[b + 1] = real * sine + imag * cosine


def reorder(x: floats, n: int):
    """Swap each element of x (2n) with the element at its bit-reversed index."""
    j = 0
    for i in range(n):
        if i < j:
            real = x[2 * i]
            imag = x[2 * i + 1]
            x[2 * i] = x[2 * j]
            x[2 * i + 1] = x[2 * j + 1]
            x[2 * j] = real
            x[2 * j + 1] = imag
        bit = n >> 1
        while bit > 0 and j & bit != 0:
            j = j ^ bit
            bit = bit >> 1
        j = j | bit
