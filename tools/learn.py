"""`esp32gpt learn`: train on this machine with the numpy engine, which rounds as a chip does, and
print the results: one line of JSON per seed.

The options are those of `esp32gpt run`, with all settings, as in --steps 33000 --batch 4.
--judge FILE trains nothing: it prints the line for that checkpoint, which may come from a board.
bytes_each is the memory of a parameter while training: its weight, gradient and moments, and its
share of the held-out names, but no activations. held_out is the mean loss of up to 1,500 held-out
names, quality is the line of gpt.report() about the names, and names are ten of them.
"""

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

from esp32gpt import inventions, tables
from esp32gpt.gpt import GPT

from tools.host import engine, numpy_engine
from tools.staging import stage

HELD_OUT = 1500  # names
NAMES = 10
SHOWN = ("moment_bits", "steps", "learning_rate", "beta1", "beta2", "warmup", "cosine", "batch")


def judge(gpt):
    """Return the results of a GPT as a dict: engine, parameters, bytes_each, the settings in SHOWN,
    seed, step, avg (left out at step 0), held_out (None if no names are held out), held_out_names
    (how many were measured), quality and names. Invents names for this, which changes the state of
    the GPT's random numbers."""
    loss, count = gpt.held_out_loss(HELD_OUT)
    judged = [
        [gpt.sampler.sample("", temperature) for _ in range(inventions.JUDGED)]
        for temperature in inventions.TEMPERATURES
    ]
    listed = gpt.known(sum(judged, []))
    config = gpt.model.config
    n = len(gpt.model.params)
    bytes_each = (4 * n + tables.training_bytes(config)) / n
    figures = {"engine": gpt.engine_name, "parameters": n, "bytes_each": round(bytes_each, 2)}
    figures |= {name: getattr(config, name) for name in SHOWN}
    figures |= {"seed": gpt.settings["seed"], "step": gpt.trainer.step}
    figures |= {"avg": round(gpt.trainer.avg, 4)} if gpt.trainer.step else {}
    figures |= {"held_out": loss and round(loss, 4), "held_out_names": count}
    figures |= {"quality": inventions.quality(judged, listed, config.block_size)}
    return figures | {"names": gpt.sample(NAMES)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stage.add_options(parser)
    parser.add_argument("--seeds", type=int, nargs="+", help="train once with each")
    parser.add_argument("--judge", type=Path, help="a checkpoint")
    options = parser.parse_args()
    model = options.judge and options.judge.resolve()
    engine.use("numpy", numpy_engine)
    with stage.apart(options):
        for seed in [None] if model or not options.seeds else options.seeds:
            began = time.monotonic()
            with contextlib.redirect_stdout(sys.stderr):
                if model:
                    gpt = GPT.load(str(model))
                else:
                    gpt = GPT(autosave_seconds=0, **({} if seed is None else {"seed": seed}))
                    gpt.train()
                figures = judge(gpt)
            if not model:
                figures["seconds_here"] = round(time.monotonic() - began, 1)
            print(json.dumps(figures, ensure_ascii=False), flush=True)
