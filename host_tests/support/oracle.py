"""The oracle for long runs: it repeats the whole training of another engine with the numpy engine.

Training amplifies rounding errors, so two correct runs differ by more than the error of each step.
A second oracle, with one initial weight larger by 1e-6, shows how much they may differ.
"""

import re

import numpy as np
from esp32gpt import kernels
from esp32gpt.checkpoint import PATH, exists
from esp32gpt.gpt import GPT

from host_tests.support.long_run import PIECE
from tools.host import numpy_engine

LEAST = 0.02  # a difference that is always allowed
NUDGE = 1e-6
SLOWER = 1.3  # the last steps may take so many times as long

# A higher learning rate than the recipe for so many steps: weights grow larger.
SETTINGS = {"steps": 20000, "learning_rate": 0.01}


def gpt(monkeypatch, settings):
    """Return the GPT that long_run.py trains, but with the numpy engine: from the checkpoint in the
    current directory if there is one."""
    choice = kernels.Choice("numpy", numpy_engine, [])
    monkeypatch.setattr(kernels, "choose", lambda: choice)
    return GPT.load() if exists(PATH) else GPT(**settings)


def train(monkeypatch, settings, until):
    """Return (the mean loss of each piece up to step `until`, the allowed difference)."""
    runs = []
    for nudge in (0, NUDGE):
        model = gpt(monkeypatch, settings)
        model.model.params[100] += nudge
        losses = np.array([trainer.loss for trainer in model.trainer.run(until)])
        runs.append(losses.reshape(-1, PIECE).mean(axis=1))
    oracle, nudged = runs
    return oracle, max(LEAST, 3 * abs(oracle - nudged).max())


def pieces(said):
    """Return (mean losses, speeds) of the pieces in the output of long_run.py."""
    lines = re.findall(r"^piece (\S+) (\S+)\r?$", said, re.MULTILINE)
    return np.array([float(loss) for loss, _ in lines]), [float(speed) for _, speed in lines]


def assert_near(losses, oracle, limit):
    """Assert that the loss of each piece of a run is within `limit` of the oracle's."""
    assert len(losses) == len(oracle), f"{len(losses)} pieces of {len(oracle)}"
    strayed = abs(losses - oracle)
    worst = int(strayed.argmax())
    print(f"last {losses[-1]:.3f}, oracle {oracle[-1]:.3f}, ", end="")
    print(f"farthest apart {strayed[worst]:.3f}, limit {limit:.3f}")
    assert strayed[worst] <= limit, (
        f"steps {worst * PIECE} to {(worst + 1) * PIECE}: {losses[worst]:.4f}, the oracle's are "
        f"{oracle[worst]:.4f}; {limit:.4f} apart would be right, {strayed[worst]:.4f} is not"
    )


def assert_steady(speeds):
    """Assert that the last steps took no longer than the first."""
    assert speeds[-1] <= SLOWER * speeds[0], speeds
