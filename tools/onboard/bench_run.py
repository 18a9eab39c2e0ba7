"""Do everything that main.py does from its countdown to the first invented name, and time it.

bench.py puts a line `ENGINE, PATH, STEPS = ...` before this script. The last line that the script
prints is a dict of figures.
"""

import gc

from esp32gpt import checkpoint, compat, kernels, modules

kernels.ENGINES = (ENGINE,)
kernels.choose()
from esp32gpt.gpt import GPT

ticks_diff, ticks_us = compat.ticks_diff, compat.ticks_us
modules.borrow("chip", "set_highest_clock")
gc.collect()


def timed(save):
    """Return a function that does the same as `save` and adds its time, in microseconds, to the
    global `saving`. It returns None."""

    def measured(*arguments):
        global saving
        began = ticks_us()
        save(*arguments)
        saving += ticks_diff(ticks_us(), began)

    return measured


COUNTDOWN = 2000000  # microseconds
saving = 0
began = ticks_us()
gpt = GPT(names=PATH, n_embd=16, n_head=4, n_layer=1, block_size=16, steps=STEPS, seed=42)
gpt.path = "bench.ckpt"
gpt.save = timed(gpt.save)
while ticks_diff(ticks_us(), began) < COUNTDOWN:  # main.py builds the model meanwhile
    pass
trains = ticks_us()
gpt.train()
ends = ticks_us()
gpt.sample()
sampled = ticks_us()
for suffix in checkpoint.SUFFIXES:
    checkpoint.remove(gpt.path + suffix)
print(
    {
        "run_s": round((ticks_diff(ends, trains) - saving) / 1000000, 3),
        "save_s": round(saving / 1000000, 3),
        "first_name_s": round(ticks_diff(sampled, trains) / 1000000, 3),
    }
)
