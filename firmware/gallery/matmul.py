"""The product of two matrices, row by row."""

floats = "a float buffer"

SCHEDULE = {"matmul": "i×2, j×4"}


def matmul(c: floats, a: floats, b: floats, rows: int, inner: int, columns: int):
    """Write c (rows, columns) = a (rows, inner) · b (inner, columns)."""
    for i in range(rows):
        for j in range(columns):
            total = 0.0
            for k in range(inner):
                total += a[i * inner + k] * b[k * columns + j]
            c[i * columns + j] = total
