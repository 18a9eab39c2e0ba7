"""Draw the Mandelbrot set, and time one row of it in bytecode and in machine code.

make kernel FILE=firmware/examples/mandelbrot.py
mpremote mount firmware/examples run firmware/examples/time_mandelbrot.py
"""

import time
from array import array

import mandelbrot
import mandelbrot_fpu

WIDTH, HEIGHT, LIMIT = 64, 24, 64
LEFT, STEP = -2.2, 3.2 / WIDTH

slow = array("i", [0] * WIDTH)
fast = array("i", [0] * WIDTH)


def microseconds(function, counts, y):
    began = time.ticks_us()
    function(counts, LEFT, STEP, y, WIDTH, LIMIT)
    return time.ticks_diff(time.ticks_us(), began)


for row in range(HEIGHT):
    mandelbrot_fpu.mandelbrot_row(fast, LEFT, STEP, 1.2 - row * 2.4 / HEIGHT, WIDTH, LIMIT)
    print("".join(" .:-=+*%@#"[min(count, 36) // 4] for count in fast))

bytecode = microseconds(mandelbrot.mandelbrot_row, slow, 0.3)
machine = microseconds(mandelbrot_fpu.mandelbrot_row, fast, 0.3)
# The FPU rounds a fused multiply-add only once, so the count of a point near the edge may differ.
differ = sum(a != b for a, b in zip(slow, fast))
assert differ <= WIDTH // 20, differ
print(f"bytecode {bytecode} us, machine code {machine} us: {bytecode / machine:.0f} times")
print(f"{differ} of {WIDTH} counts differ")
