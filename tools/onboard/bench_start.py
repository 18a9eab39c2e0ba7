"""Do everything that main.py does up to its first step, then measure the heap within a second step.

bench.py puts a line `ENGINE, PATH = ...` before this script. The script prints one line, a dict of
figures.
"""

import gc


def executable():
    """Return the free bytes for machine code, or None if they are not known."""
    try:
        import esp32

        return sum(region[1] for region in esp32.idf_heap_info(esp32.HEAP_EXEC))
    except (ImportError, AttributeError):
        return None


before = executable()
from esp32gpt import compat, kernels, modules

kernels.ENGINES = (ENGINE,)
kernels.choose().engine.ATOMIC = True  # nothing interrupts the bench: no copies to undo a step
after = executable()
import esp32gpt.run  # noqa: F401  (in memory while gpt.train runs)
from esp32gpt.gpt import GPT

ticks_diff, ticks_us = compat.ticks_diff, compat.ticks_us
modules.borrow("chip", "set_highest_clock")
gc.collect()

# The same as main.py from its countdown, but always with the default shape.
began = ticks_us()
gpt = GPT(names=PATH, n_embd=16, n_head=4, n_layer=1, block_size=16, steps=1000, seed=42)
gpt.trainer.train_step()
first_step = ticks_diff(ticks_us(), began)


class Probe:
    """Stands for the trainer's optimizer. `peak` is the number of allocated bytes at the worst
    point of the last step: before the update, with garbage collected."""

    varies = True

    def prepare(self, step):
        """Do the same as the optimizer."""
        optimizer.prepare(step)

    def step(self, params, grads, step):
        """Collect garbage and write the allocated bytes to `peak`, then do the same as the
        optimizer."""
        gc.collect()
        self.peak = gc.mem_alloc()
        optimizer.step(params, grads, step)


optimizer = gpt.trainer.optimizer
probe = gpt.trainer.optimizer = Probe()
gpt.trainer.train_step()
print(
    {
        "firmware": ", ".join(reversed(modules.borrow("chip", "describe"))),
        "mem_peak": probe.peak,
        "exec_bytes": None if after is None else before - after,
        "first_step_s": round(first_step / 1000000, 3),
    }
)
