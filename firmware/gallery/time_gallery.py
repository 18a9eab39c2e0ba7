# Times the gallery's kernels in bytecode and as machine code, and compares their results.
# This needs firmware/examples/fir.py in this folder, too:
#     cp firmware/examples/fir.py firmware/gallery
#     mpremote mount firmware/gallery run firmware/gallery/time_gallery.py
from array import array
from time import ticks_diff, ticks_us

import machine

FIR = array("f", [((7 * i) % 13) / 13 - 0.5 for i in range(95)])


def floats(n):
    return array("f", [FIR[i % 95] for i in range(n)])


def cases():
    """Yield (module, function, a function that makes new arguments for each run)."""
    w = array("f", bytes(4 * 64))
    import fft

    fft.twiddles(w, 64)
    yield "fft", "fft", lambda: (floats(128), w, 64, 6)
    yield "fft", "reorder", lambda: (floats(128), 64)
    yield "fir", "fir", lambda: (floats(64), floats(95), floats(32), 64, 32)
    yield "dot", "dot", lambda: (floats(256), floats(256), 256)
    yield "matmul", "matmul", lambda: (floats(256), floats(256), floats(256), 16, 16, 16)
    yield "biquad", "biquad", lambda: (floats(128), floats(10), floats(4), 2, 128)
    yield "median", "median", lambda: (floats(64), floats(68), 64)
    yield "madgwick", "update", lambda: (floats(4), floats(6), 0.1, 0.01)
    yield "leds", "rainbow", lambda: (bytearray(192), 0.1, 0.015, 0.5, 64)
    yield "leds", "gamma", lambda: (bytearray(192), bytearray(range(256)), 192)


def timed(function, make, times):
    """Return the time of the shortest run, in µs, and the first argument after it."""
    best = None
    for _ in range(times):
        args = make()
        start = ticks_us()
        function(*args)
        spent = ticks_diff(ticks_us(), start)
        best = spent if best is None else min(best, spent)
    return best, args[0]


def near(one, other):
    return all(abs(a - b) <= 1e-3 + 1e-3 * abs(a) for a, b in zip(one, other))


machine.freq(240000000)
for module, name, make in cases():
    slow, expected = timed(getattr(__import__(module), name), make, 2)
    fast, got = timed(getattr(__import__(module + "_fpu"), name), make, 5)
    print(f"{name:10} {slow:8} us in bytecode, {fast:6} us as machine code", end="")
    print("" if near(expected, got) else "  AND THEY DIFFER")
