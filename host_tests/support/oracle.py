"""The oracle for long runs: it repeats the whole training of another engine with the numpy engine.

Training amplifies rounding errors, so two correct runs differ by more than the error of each step.
More oracles, each with another initial weight larger by 1e-6, show how much they may differ. Two
runs part at some step or stay together by chance, so a pair of oracles may be too close to tell.
"""

import re

import numpy as np
import pytest
from esp32gpt import kernels
from esp32gpt.checkpoint import PATH, exists
from esp32gpt.gpt import GPT

from host_tests.support.long_run import PIECE
from tools.host import numpy_engine

LEAST = 0.02  # a difference that is always allowed
NUDGE = 1e-6
NUDGED = [100, 200, 300]  # the index of the weight that each further oracle has larger
SLOWER = 1.3  # the last steps may take so many times as long

# A higher learning rate than the recipe for so many steps: weights grow larger.
SETTINGS = {"steps": 20000, "learning_rate": 0.01}


def gpt(monkeypatch, settings):
    """Return the GPT that long_run.py trains, but with the numpy engine: from the checkpoint in the
    current directory if there is one."""
    choice = kernels.Choice("numpy", numpy_engine, [])
    monkeypatch.setattr(kernels, "choose", lambda: choice)
    return GPT.load() if exists(PATH) else GPT(**settings)


def train(settings, until, nudged=None):
    """Return the mean loss of each piece up to step `until`; the weight of index `nudged` begins
    larger by NUDGE."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        model = gpt(monkeypatch, settings)
        if nudged is not None:
            model.model.params[nudged] += NUDGE
        losses = np.array([trainer.loss for trainer in model.trainer.run(until)])
    return losses.reshape(-1, PIECE).mean(axis=1)


def pieces(said):
    """Return (mean losses, speeds) of the pieces in the output of long_run.py."""
    lines = re.findall(r"^piece (\S+) (\S+)\r?$", said, re.MULTILINE)
    return np.array([float(loss) for loss, _ in lines]), [float(speed) for _, speed in lines]


def assert_near(losses, oracle, settings, until):
    """Assert that the loss of each piece of a run is near that of the oracle with these settings.

    Near is within LEAST, or within three times the farthest that oracles are from each other. The
    further oracles run, one by one, only if the run needs them.
    """
    assert len(losses) == len(oracle), f"{len(losses)} pieces of {len(oracle)}"
    strayed = abs(losses - oracle)
    worst = int(strayed.argmax())
    limit = LEAST
    oracles = [oracle]
    for weight in NUDGED:
        if strayed[worst] <= limit:
            break
        oracles.append(train(settings, until, weight))
        limit = max(LEAST, 3 * np.ptp(oracles, axis=0).max())
    print(f"last {losses[-1]:.3f}, oracle {oracle[-1]:.3f}, {strayed[worst]:.3f} at the farthest, ")
    print(f"limit {limit:.3f} with {len(oracles)} oracles")
    assert strayed[worst] <= limit, (
        f"steps {worst * PIECE} to {(worst + 1) * PIECE}: {losses[worst]:.4f}, the oracle's are "
        f"{oracle[worst]:.4f}; {limit:.4f} apart would be right, {strayed[worst]:.4f} is not"
    )


def is_steady(speeds):
    """Return True if the last steps took no longer than the first."""
    return speeds[-1] <= SLOWER * speeds[0]


def assert_steady(speeds):
    """Assert that the last steps took no longer than the first."""
    assert is_steady(speeds), speeds
