"""The scalar product of two vectors, with four sums side by side, because each addition takes 4
cycles."""

floats = "a float buffer"


def dot(x: floats, y: floats, n: int) -> float:
    """Return the sum of x[i] · y[i] over n elements."""
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    for i in range(n // 4):
        a += x[4 * i] * y[4 * i]
        b += x[4 * i + 1] * y[4 * i + 1]
        c += x[4 * i + 2] * y[4 * i + 2]
        d += x[4 * i + 3] * y[4 * i + 3]
    for i in range(n // 4 * 4, n):
        a += x[i] * y[i]
    return (a + b) + (c + d)
