"""The program that runs at power-on: train a GPT on names.txt, from the last save, and invent
names.

Afterwards, or after Ctrl-C at any moment, the model is at the REPL as `gpt`.
"""

import time

from esp32gpt.gpt import GPT  # first: it turns on frequent garbage collection for the next imports

# isort: split
from esp32gpt import compat, kernels
from esp32gpt.checkpoint import CheckpointError, can_resume
from esp32gpt.dataset import DatasetError
from esp32gpt.modules import borrow
from esp32gpt.trainer import TrainingError

COUNTDOWN_SECONDS = 2


def banner():
    """Print the board, the firmware and the engine."""
    board, firmware, clock = borrow("chip", "begin")
    print(f"esp32gpt: {board}, {firmware}" + (f", {clock // 1000000} MHz" if clock else ""))
    choice = kernels.choose()
    for reason in choice.reasons:
        print(reason)
    compat.collect()
    print(f"engine: {choice.name}, free memory: {compat.free_bytes() // 1024} KB")


def countdown():
    """Count down, so that the user can press Ctrl-C before training starts."""
    for seconds in range(COUNTDOWN_SECONDS, 0, -1):
        print(f"training starts in {seconds} s (Ctrl-C: REPL)")
        time.sleep(1)


def main():
    """Show the banner, count down, train, and print invented names."""
    global gpt
    banner()
    if not compat.ON_HOST:
        countdown()
    gpt = GPT.load() if can_resume() else GPT()
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
