"""The oracle of long runs: the whole training that another engine does, in numpy's float32.

Training amplifies rounding errors until two right runs differ by more than each step's error.
So a second oracle, one of whose weights began 1e-6 further on, says how much that is.
"""

import re

import numpy as np
from esp32gpt import kernels
from esp32gpt.checkpoint import PATH, exists
from esp32gpt.gpt import GPT

from host_tests.support.long_run import PIECE
from tools.host import numpy_engine

LEAST = 0.02  # of difference that is always allowed
NUDGE = 1e-6


def gpt(monkeypatch, settings):
    """The GPT that long_run.py trains, on the numpy engine: in the present directory, and from the
    checkpoint if there is one."""
    choice = kernels.Choice("numpy", numpy_engine, [])
    monkeypatch.setattr(kernels, "choose", lambda: choice)
    return GPT.load() if exists(PATH) else GPT(**settings)


def train(monkeypatch, settings, until):
    """(mean losses of the pieces up to that step, how far each may be from them)."""
    runs = []
    for nudge in (0, NUDGE):
        model = gpt(monkeypatch, settings)
        model.model.params[100] += nudge
        losses = np.array([trainer.loss for trainer in model.trainer.run(until)])
        runs.append(losses.reshape(-1, PIECE).mean(axis=1))
    oracle, nudged = runs
    return oracle, max(LEAST, 3 * abs(oracle - nudged).max())


def pieces(said):
    """(mean losses, seconds) of the pieces that long_run.py has told."""
    lines = re.findall(r"^piece (\S+) (\S+)\r?$", said, re.MULTILINE)
    return np.array([float(loss) for loss, _ in lines]), [float(time) for _, time in lines]


def assert_near(losses, oracle, limit):
    """Assert that each piece of a run is as good as the oracle's."""
    assert len(losses) == len(oracle), f"{len(losses)} pieces of {len(oracle)}"
    strayed = abs(losses - oracle)
    worst = int(strayed.argmax())
    assert strayed[worst] <= limit, (
        f"steps {worst * PIECE} to {(worst + 1) * PIECE}: {losses[worst]:.4f}, the oracle's are "
        f"{oracle[worst]:.4f}; {limit:.4f} apart would be right, {strayed[worst]:.4f} is not"
    )
