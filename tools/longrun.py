"""`esp32gpt longrun`: train on this machine in float32 with NumPy, as long as a board would take
hours for, and print the held-out loss.

    esp32gpt longrun --names data/makemore.txt --n-embd 24 --moment-bits 16 --steps 20000
"""

import argparse
import time

from esp32gpt.config import Config, size
from esp32gpt.dataset import HELD_OUT, TRAINED, Dataset
from esp32gpt.evaluator import Evaluator
from esp32gpt.heldout import HeldOut
from esp32gpt.model import Model
from esp32gpt.recipes import finish
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import LATIN, Tokenizer
from esp32gpt.trainer import Trainer

from tools.host import numpy_engine

EVALUATED = 2000  # held-out names


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", default="data/names.txt", help="a list in the letters a to z")
    for name in ("n_embd", "n_head", "n_layer", "block_size", "steps", "moment_bits", "seed"):
        default = {"seed": 42}.get(name) or getattr(Config(), name)
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    options = vars(parser.parse_args())
    path, seed = options.pop("names"), options.pop("seed")
    config = Config(vocab_size=len(LATIN) + 1, **options)
    finish(config, ())
    tokenizer = Tokenizer(LATIN)
    model = Model(config, numpy_engine)
    model.init_weights(Rng(seed))
    trainer = Trainer(model, Dataset(path, tokenizer, seed, side=TRAINED))
    trainer._undo = None  # nothing interrupts that could not begin anew
    began = time.time()
    for _ in trainer.run(config.steps):
        pass
    ms = (time.time() - began) / config.steps * 1000
    evaluator = Evaluator(model, tokenizer)
    held_out = HeldOut(16 * EVALUATED)
    held_out.read(Dataset(path, tokenizer, seed, side=HELD_OUT), EVALUATED, evaluator.tokens)
    loss, names = evaluator.mean(held_out, EVALUATED)
    n = size(config.parameters())
    bytes_each = (4 * n + config.training_bytes()) / n
    print(
        f"{n} parameters, {bytes_each:.2f} bytes each; {config.steps} steps of {ms:.2f} ms; "
        f"held-out loss {loss:.4f} of {names} names, mean of the last 100 losses {trainer.avg:.4f}"
    )


if __name__ == "__main__":
    main()
