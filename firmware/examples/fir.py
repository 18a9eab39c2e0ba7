"""A FIR filter. `make kernel FILE=firmware/examples/fir.py` makes machine code of it, and
time_fir.py compares the two."""

floats = "a float buffer"

# Four outputs at once, which share the coefficients that they load.
SCHEDULE = {"fir": "i×4"}


def fir(y: floats, x: floats, h: floats, n: int, taps: int):
    """y[i] = h[0]·x[i] + … + h[taps-1]·x[i+taps-1] for n outputs; x has n + taps - 1 samples."""
    for i in range(n):
        total = 0.0
        for j in range(taps):
            total += h[j] * x[i + j]
        y[i] = total
