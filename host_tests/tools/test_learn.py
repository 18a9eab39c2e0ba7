"""`esp32gpt learn`: train with numpy, and say how good the model is."""

import json
import sys
from pathlib import Path

import pytest
from esp32gpt import kernels
from esp32gpt.gpt import GPT
from esp32gpt.heldout import MEASURED

from tools import learn
from tools.host.paths import DATA
from tools.staging import stage


@pytest.fixture
def lines(build, monkeypatch, capsys):
    """Return a function that runs the command with these options and returns its lines."""
    monkeypatch.chdir(build)
    monkeypatch.setattr(kernels, "ENGINES", kernels.ENGINES)
    monkeypatch.setattr(kernels, "_choice", None)
    monkeypatch.delitem(sys.modules, "esp32gpt.kernels.numpy", raising=False)

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["learn", *map(str, options)])
        capsys.readouterr()
        learn.main()
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_each_seed_trains_a_model_of_its_own(lines):
    one, other = lines("--steps", 200, "--seeds", 1, 2)
    assert (one["seed"], other["seed"]) == (1, 2)
    for said in (one, other):
        assert said["engine"] == "numpy"
        assert said["step"] == 200 and said["held_out"] < 3 and said["held_out_names"] > 200
        assert len(said["names"]) == learn.NAMES and "new" in said["quality"]
    assert one["names"] != other["names"]


def test_the_files_that_another_command_has_prepared_stay(lines, build):
    stage.NAMES.write_text("zoe\n")
    lines("--steps", 1)
    assert stage.NAMES.read_text() == "zoe\n" and Path.cwd() == build


@pytest.mark.parametrize(("bits", "bytes_each"), [(32, 16.12), (16, 9.91)])
def test_the_memory_of_a_parameter_is_told(lines, bits, bytes_each):
    (said,) = lines("--steps", 1, "--n-embd", 24, "--moment-bits", bits)
    assert (said["parameters"], said["moment_bits"]) == (8592, bits)
    assert said["bytes_each"] == bytes_each


def test_without_room_for_more_the_held_out_names_in_memory_are_measured(lines, monkeypatch):
    lines("--steps", 1)  # chooses the engine
    stage.prepare_files(DATA / "names.txt")

    def no_room(names):
        raise MemoryError

    model = GPT(autosave_seconds=0)
    loss, count = model.held_out_loss(256)
    assert loss and count == 256
    monkeypatch.setattr("esp32gpt.gpt.HeldOut", no_room)
    loss, count = model.held_out_loss(256)
    assert loss and MEASURED <= count < 256


def test_a_checkpoint_is_judged_and_not_trained(lines, tmp_path):
    lines("--steps", 1)  # chooses the engine
    stage.prepare_files(DATA / "names.txt")
    model = GPT(steps=30, autosave_seconds=0)
    model.train()
    model.path = str(tmp_path / "board.ckpt")
    model.save()
    (said,) = lines("--judge", model.path)
    assert said["step"] == 30 and "seconds_here" not in said
    assert said["held_out"] == round(model.held_out_loss(learn.HELD_OUT)[0], 4)
