"""The part of replay.py that runs where the library runs: in a directory with its files.

    python replay_onboard.py [where the library is]

Reads replay.json, replay_names.txt and replay_init.bin; leaves replay_losses.bin and, of
step 0, replay_grads.bin, all float32.
"""

import json
import sys

if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])

from esp32gpt import kernels
from esp32gpt.buffers import zeros
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer


class Lines:
    """Documents read from a file one by one: a thousand names do not fit a board's memory."""

    def __init__(self, file):
        self.file = file
        self.line = file.readline().strip()

    def peek(self, tokens):
        return TOKENIZER.encode(self.line, 0, len(self.line), tokens)

    def advance(self):
        self.line = self.file.readline().strip()


TOKENIZER = Tokenizer()

with open("replay.json") as file:
    engine, steps, shape = json.load(file)
model = Model(Config(**shape), kernels.load(engine))
with open("replay_init.bin", "rb") as file:
    file.readinto(model.params)
losses = zeros(steps)
with open("replay_names.txt", "rb") as names:
    trainer = Trainer(model, Lines(names))
    for state in trainer.run(steps):
        losses[state.step - 1] = state.loss
        if state.step == 1:
            with open("replay_grads.bin", "wb") as file:
                # In pieces: through a mount each is copied, and the board's memory is full.
                grads = memoryview(trainer.backward.grads)
                for i in range(0, len(grads), 128):
                    file.write(grads[i : i + 128])
with open("replay_losses.bin", "wb") as file:
    file.write(losses)
