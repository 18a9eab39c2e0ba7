"""Time the kernels for large shapes: nanoseconds for one more multiply-add of Linear, and for a
pair of rows and a channel in attention.

mpremote run firmware/examples/time_large_kernels.py

Only a board with PSRAM has room for the largest shapes. An emulated board that counts instructions
takes 4 ns for each.
"""

from esp32gpt import chip, compat, kernels
from esp32gpt.buffers import zeros

SHAPES = ((64, 16), (64, 64), (256, 64), (64, 256), (320, 80), (80, 320))  # outputs, inputs
CONTEXTS = (16, 32, 64)
C, N_HEAD = 16, 4
CALLS = 5


def us(function, *arguments):
    """Return the microseconds of a call, on average."""
    function(*arguments)
    began = compat.ticks_us()
    for _ in range(CALLS):
        function(*arguments)
    return compat.ticks_diff(compat.ticks_us(), began) / CALLS


def linear(engine, n_out, n_in):
    """Return the ns of one more multiply-add, forward and backward, between 4 and 8 rows."""
    x, y = zeros(8 * n_in), zeros(8 * n_out)
    w, dw = zeros(n_out * n_in), zeros(n_out * n_in)
    forward = [us(engine.linear_forward, y, x, w, 0, T, n_in, n_out, 0) for T in (8, 4)]
    backward = [us(engine.linear_backward, x, dw, y, x, w, T, n_in, n_out, 0) for T in (8, 4)]
    ns = 1000 / (4 * n_out * n_in)
    return (forward[0] - forward[1]) * ns, (backward[0] - backward[1]) * ns / 2


def attention(engine, T):
    """Return the ns of a pair of rows and a channel, forward and backward."""
    qkv, dqkv, y = zeros(T * 3 * C), zeros(T * 3 * C), zeros(T * C)
    probs, dscores = zeros(N_HEAD * T * (T + 1) // 2), zeros(T)
    forward = us(engine.attention_forward, y, probs, qkv, 0, T, C, N_HEAD, T)
    backward = us(engine.attention_backward, dqkv, dscores, y, probs, qkv, T, C, N_HEAD, T)
    ns = 1000 / (T * (T + 1) // 2 * C)
    return forward * ns, backward * ns


def show(what, measure, *shape):
    """Print a line with what measure(engine, *shape) returns."""
    try:
        forward, backward = measure(choice.engine, *shape)
        print(f"{what:24}{forward:8.2f}{backward:10.2f}")
    except MemoryError:
        print(f"{what:24} no room here")


chip.set_highest_clock()
choice = kernels.choose()
print(f"{choice.name:24} forward  backward")
for n_out, n_in in SHAPES:
    show(f"{n_out} outputs, {n_in} inputs", linear, n_out, n_in)
for T in CONTEXTS:
    show(f"attention, {T} rows", attention, T)
