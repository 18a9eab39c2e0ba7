"""Time one kernel: a linear layer of 16 inputs and 64 outputs, for 8 rows.

mpremote run firmware/examples/time_a_kernel.py
"""

from esp32gpt import chip, compat, kernels
from esp32gpt.buffers import zeros
from esp32gpt.rng import Rng

T, N_IN, N_OUT = 8, 16, 64
CALLS = 20

rng = Rng(1)
x = zeros(T * N_IN)
w = zeros(N_OUT * N_IN)
y = zeros(T * N_OUT)
for buffer in (x, w):
    for i in range(len(buffer)):
        buffer[i] = rng.gaussian(0.0, 1.0)

chip.set_highest_clock()
choice = kernels.choose()
linear_forward = choice.engine.linear_forward
linear_forward(y, x, w, 0, T, N_IN, N_OUT, 0)
began = compat.ticks_us()
for _ in range(CALLS):
    linear_forward(y, x, w, 0, T, N_IN, N_OUT, 0)
us = compat.ticks_diff(compat.ticks_us(), began) / CALLS
products = T * N_IN * N_OUT
print(f"{choice.name}: {us:.0f} us a call, {us * 1000 / products:.1f} ns a multiply-add")
