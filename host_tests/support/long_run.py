"""Train in pieces of 1,000 steps, and print the mean loss and the speed of each piece.

Run this with the library, in the directory of names and checkpoints:

    micropython long_run.py SETTINGS UNTIL
"""

import json
import sys
import time

from esp32gpt import compat
from esp32gpt.checkpoint import PATH, exists
from esp32gpt.gpt import GPT

PIECE = 1000
PART = 100


def clock():
    """Return the process's time in seconds if the system has it, or else the chip's time."""
    return time.clock() if hasattr(time, "clock") else compat.ticks_us() / 1e6


def train(settings, until):
    """Train a new GPT with these settings, or the one in the checkpoint, to step `until`.

    The speed of a piece is the time of its fastest part, in seconds for 100 steps, because other
    programs may slow down some parts.
    """
    gpt = GPT.load() if exists(PATH) else GPT(**settings)
    total = 0.0
    fastest = 1e9
    began = clock()
    for trainer in gpt.trainer.run(until):
        total += trainer.loss
        if trainer.step % PART == 0:
            now = clock()
            fastest = min(fastest, now - began)
            began = now
        if trainer.step % PIECE == 0:
            print(f"piece {total / PIECE:.5f} {fastest:.4f}")
            total = 0.0
            fastest = 1e9


if __name__ == "__main__":
    train(json.loads(sys.argv[1]), int(sys.argv[2]))
