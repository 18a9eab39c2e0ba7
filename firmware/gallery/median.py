"""A running median, which removes single wrong readings of a sensor and keeps its steps."""

floats = "a float buffer"
N = 5


def median(y: floats, x: floats, n: int):
    """Write n medians to y: y[i] is the median of x[i] … x[i+4]. x has n + 4 elements."""
    window = [0.0] * N
    for i in range(n):
        for k in range(N):  # sorted insertion
            value = x[i + k]
            j = k
            while j > 0 and window[j - 1] > value:
                window[j] = window[j - 1]
                j -= 1
            window[j] = value
        y[i] = window[N // 2]
