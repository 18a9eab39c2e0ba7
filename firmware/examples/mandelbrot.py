"""One row of the Mandelbrot set. `make kernel FILE=firmware/examples/mandelbrot.py` compiles it to
machine code, and time_mandelbrot.py compares the code with this function in bytecode."""

ints = "an int32 buffer"


def mandelbrot_row(counts: ints, left: float, step: float, y: float, n: int, limit: int):
    """Write to counts[i], for i < n, the number of iterations after which the point
    left + i·step + y·√-1 escapes; at most `limit`."""
    for i in range(n):
        x = left + step * i
        re = 0.0
        im = 0.0
        count = 0
        while count < limit and re * re + im * im < 4.0:
            next_re = re * re - im * im + x
            im = 2.0 * re * im + y
            re = next_re
            count += 1
        counts[i] = count
