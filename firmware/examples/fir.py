"""A FIR filter. `make kernel FILE=firmware/examples/fir.py` compiles it to machine code, and
time_fir.py compares the code with this function in bytecode."""

floats = "a float buffer"

# Compute four outputs at once, so that each coefficient is loaded once for four.
SCHEDULE = {"fir": "i×4"}


def fir(y: floats, x: floats, h: floats, n: int, taps: int):
    """Write y[i] = h[0]·x[i] + … + h[taps-1]·x[i+taps-1] for i < n; x has n + taps - 1 samples."""
    for i in range(n):
        total = 0.0
        for j in range(taps):
            total += h[j] * x[i + j]
        y[i] = total
