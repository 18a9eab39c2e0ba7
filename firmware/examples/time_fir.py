"""Filter a noisy sine with 32 taps, in bytecode and in machine code.

make kernel FILE=firmware/examples/fir.py
mpremote mount firmware/examples run firmware/examples/time_fir.py
"""

import math
import time
from array import array

import fir
import fir_fpu

N, TAPS = 64, 32

x = array("f", [math.sin(i / 5) + (i * 37 % 11 - 5) / 10 for i in range(N + TAPS - 1)])
h = array("f", [(1 - math.cos(2 * math.pi * (j + 0.5) / TAPS)) / TAPS for j in range(TAPS)])
slow = array("f", [0.0] * N)
fast = array("f", [0.0] * N)


def microseconds(function, y, calls):
    began = time.ticks_us()
    for _ in range(calls):
        function(y, x, h, N, TAPS)
    return time.ticks_diff(time.ticks_us(), began) / calls


bytecode = microseconds(fir.fir, slow, 1)
machine = microseconds(fir_fpu.fir, fast, 100)
off = max(abs(a - b) for a, b in zip(slow, fast))
assert off < 1e-6, off
print(f"bytecode {bytecode:.0f} us, machine code {machine:.1f} us: {bytecode / machine:.0f} times")
print(f"{machine * 1000 / (N * TAPS):.1f} ns a multiply-add; results differ by {off:.1e} at most")
