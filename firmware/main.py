"""The program that runs at power-on: train a GPT on names.txt, from the last save, and invent
names.

Afterwards, or after Ctrl-C at any moment, the model is at the REPL as `gpt`.
"""

import time

from esp32gpt.gpt import GPT  # first: it turns on frequent garbage collection for the next imports

# isort: split
from esp32gpt import compat, kernels
from esp32gpt.checkpoint import CheckpointError, can_resume
from esp32gpt.compat import const
from esp32gpt.dataset import DatasetError
from esp32gpt.modules import borrow
from esp32gpt.trainer import TrainingError

_COUNTDOWN_US = const(2_000_000)


def banner():
    """Print the board, the firmware and the engine."""
    board, firmware, clock = borrow("chip", "begin")
    print(f"esp32gpt: {board}, {firmware}" + (f", {clock // 1000000} MHz" if clock else ""))
    choice = kernels.choose()
    for reason in choice.reasons:
        print(reason)
    compat.collect()
    print(f"engine: {choice.name}, free memory: {compat.free_bytes() // 1024} KB")


def build():
    """Return the model of the last save, or a new one. On a board this takes as long as a
    countdown, so that the user can press Ctrl-C before training starts."""
    began = compat.ticks_us()
    if not compat.ON_HOST:
        print(f"training starts in {_COUNTDOWN_US // 1000000} s (Ctrl-C: REPL)")
    model = GPT.load() if can_resume() else GPT()
    while not compat.ON_HOST and compat.ticks_diff(compat.ticks_us(), began) < _COUNTDOWN_US:
        time.sleep(0.02)
    return model


def main():
    """Show the banner, build the model, train, and print invented names."""
    global gpt
    gpt = None  # an earlier model would take the memory
    banner()
    gpt = build()
    gpt.train()
    if gpt.is_trained():
        gpt.report()


gpt = None
try:
    main()
    compat.collect()  # as at the end of GPT.train
except KeyboardInterrupt:
    print("\nstopped: " + ("`gpt` is the model, GPT.help()" if gpt else "main() begins again"))
except (CheckpointError, DatasetError, TrainingError, MemoryError, ValueError) as error:
    print(f"esp32gpt: {error}")
    compat.leave(1)
