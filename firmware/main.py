"""What runs at power-on: train a GPT on names.txt, from where it was saved, then invent names.

Afterwards, or after Ctrl-C at any moment, `gpt` is at the REPL.
"""

import gc
import time

from esp32gpt import GPT, compat, kernels
from esp32gpt.checkpoint import PATH, CheckpointError, exists
from esp32gpt.dataset import DatasetError
from esp32gpt.trainer import TrainingError

COUNTDOWN_SECONDS = 2
HERTZ = 240_000_000  # the chip boots at 160 MHz


def banner():
    """Say what runs here."""
    board, firmware = compat.describe()
    clock = compat.set_clock(HERTZ)
    print(f"esp32gpt: {board}, {firmware}" + (f", {clock // 1000000} MHz" if clock else ""))
    for reason in kernels.reasons:
        print(reason)
    gc.collect()
    print(f"engine: {kernels.name}, free memory: {compat.free_bytes() // 1024} KB")


def countdown():
    """Time for Ctrl-C before anything else happens."""
    for seconds in range(COUNTDOWN_SECONDS, 0, -1):
        print(f"training starts in {seconds} s (Ctrl-C: REPL)")
        time.sleep(1)


def main():
    """Everything, from the banner to the names."""
    global gpt
    banner()
    if not compat.ON_HOST:
        countdown()
    changes = compat.settings()
    gpt = GPT.load(**changes) if exists(PATH) or exists(PATH + ".old") else GPT(**changes)
    gpt.train()
    if gpt.is_trained():
        gpt.report()


gpt = None
try:
    main()
    gc.collect()  # as at the end of GPT.train
except KeyboardInterrupt:
    print("\nstopped: " + ("`gpt` is the model, GPT.help()" if gpt else "main() begins again"))
except (CheckpointError, DatasetError, TrainingError, MemoryError, ValueError) as error:
    print(f"esp32gpt: {error}")
    compat.leave(1)
