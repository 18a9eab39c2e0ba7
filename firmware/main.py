"""What runs at power-on: train a GPT on names.txt from scratch, then invent names.

Afterwards, or after Ctrl-C at any moment, `model`, `trainer` and `sampler` are at the REPL.
"""

import gc
import time

from esp32gpt import compat, kernels  # native code first: it wants memory that arrays take
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset, DatasetError
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer, TrainingError

STEPS = 1000
NAMES = 20
SEED = 42
COUNTDOWN_SECONDS = 2
HERTZ = 240_000_000  # the chip boots at 160 MHz


def banner():
    """Say what runs here."""
    board, firmware = compat.describe()
    clock = compat.set_clock(HERTZ)
    print(f"esp32gpt on {board}, {firmware}" + (f", {clock // 1000000} MHz" if clock else ""))
    for reason in kernels.reasons:
        print(reason)
    gc.collect()
    print(f"engine: {kernels.name}, free memory: {compat.free_bytes() // 1024} KB")


def countdown():
    """Time for Ctrl-C before anything else happens."""
    for seconds in range(COUNTDOWN_SECONDS, 0, -1):
        print(f"training starts in {seconds} s (Ctrl-C: REPL)")
        time.sleep(1)


def train(trainer, steps):
    """Train to so many steps, with a line of fixed form every 100 steps or quarter second."""
    print(f"training {steps} steps on {trainer.model.config.vocab_size - 1} letters")
    began = printed = compat.ticks_us()
    first = trainer.step
    line_step = first
    for state in trainer.run(steps):
        now = compat.ticks_us()
        since = compat.ticks_diff(now, printed)
        if since > 250_000 or state.step % 100 == 0 or state.step == steps:
            ms = since / 1000 / (state.step - line_step)
            eta = compat.ticks_diff(now, began) / 1_000_000
            eta *= (steps - state.step) / (state.step - first)
            losses = f"loss:{state.loss:.4f} avg:{state.avg:.4f}"
            print(f"step:{state.step} {losses} ms:{ms:.1f} eta:{eta:.0f}")
            printed = now
            line_step = state.step


def sample(sampler, count):
    """Invent names."""
    print(f"{count} names it has invented:")
    for i in range(count):
        print(f"{i + 1:2} {sampler.sample()}")


def main():
    """Everything, from the banner to the names."""
    global model, trainer, sampler
    banner()
    if not compat.ON_HOST:
        countdown()
    steps = compat.setting("ESP32GPT_STEPS", STEPS)
    tokenizer = Tokenizer()
    rng = Rng(SEED)
    names = Dataset("names.txt", tokenizer, SEED)
    if names.sorted:
        print("names.txt is sorted: its names are drawn in another order (make deploy shuffles)")
    config = Config(vocab_size=tokenizer.vocab_size, num_steps=steps)
    model = Model(config)
    model.init_weights(rng)
    trainer = Trainer(model, names)
    sampler = Sampler(model, tokenizer, rng)
    train(trainer, steps)
    if names.skipped:
        print(f"skipped {names.skipped} lines with other characters than {tokenizer.alphabet}")
    sample(sampler, NAMES)


model = trainer = sampler = None
try:
    main()
except KeyboardInterrupt:
    if trainer:
        print(f"\nstopped after step {trainer.step}; at the REPL: model, trainer, sampler,")
        print("  as in sampler.sample('ma') or train(trainer, 1000)")
    else:
        print("\nstopped before training; main() begins again")
except (DatasetError, TrainingError, MemoryError, ValueError) as error:
    print(f"esp32gpt: {error}")
    compat.leave(1)
