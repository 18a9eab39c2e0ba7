"""Whole trainings under the host's MicroPython, compared with the oracle: steps stay as good as in
float32, and as fast as at the start, for all weights."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from host_tests.support import oracle
from host_tests.support.places import LONG_RUN
from tools.host.paths import DATA, FIRMWARE
from tools.lists.prepare import prepare

SHARED = os.environ.get("ESP32GPT_SHARED_DATA")

SHAPES = [
    {},
    {"n_embd": 12, "n_head": 3, "n_layer": 2, "block_size": 8},
    {"n_embd": 24, "n_head": 6},
]


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Prepare the longest list at hand in a temporary directory, and go there."""
    source = Path(SHARED) / "names.txt" if SHARED else DATA / "names.txt"
    prepare(source, tmp_path / "names.txt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(micropython, directory, settings, until):
    """Start MicroPython, which trains in that directory, and return the process."""
    return subprocess.Popen(
        [micropython, "-X", "heapsize=16M", LONG_RUN, json.dumps(settings), str(until)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        env={"MICROPYPATH": str(FIRMWARE)},
    )


def compare(micropython, directory, settings, until):
    """Train, compare with the oracle, and return the speed of each piece.

    The oracle runs beside the training and may slow it down. If the speeds are not steady, they are
    measured once more, alone.
    """
    process = start(micropython, directory, settings, until)
    expected = oracle.train(settings, until)
    said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    losses, speeds = oracle.pieces(said)
    oracle.assert_near(losses, expected, settings, until)
    if not oracle.is_steady(speeds):
        said = start(micropython, directory, settings, until).communicate()[0]
        speeds = oracle.pieces(said)[1]
    return speeds


def test_steps_so_long_that_weights_grow_large(micropython, directory):
    """After 6,000 steps the weights are as large as after 20,000 at the usual rate."""
    settings = {"steps": 6000, "learning_rate": 0.02, "seed": 42}
    speeds = compare(micropython, directory, settings, 6000)
    oracle.assert_steady(speeds)


def test_going_on_from_a_late_state(micropython, directory, monkeypatch, tmp_path):
    """In this state a head is saturated, a third of the units are dead, and v has denormals."""
    settings = {**oracle.SETTINGS, "seed": 42}
    early = oracle.gpt(monkeypatch, settings)
    for _ in early.trainer.run(8000):
        pass
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copy("names.txt", fresh)
    first = start(micropython, fresh, settings, 1000).communicate()[0]
    early.save()
    speeds = compare(micropython, directory, {}, 9000)
    oracle.assert_steady(oracle.pieces(first)[1] + speeds)


@pytest.mark.long
@pytest.mark.parametrize("seed", [42, 7, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=["default", "two layers", "24 channels"])
def test_twenty_thousand_steps(micropython, directory, shape, seed):
    settings = {**oracle.SETTINGS, "seed": seed, **shape}
    speeds = compare(micropython, directory, settings, 20000)
    oracle.assert_steady(speeds)
