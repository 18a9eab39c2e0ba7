"""tools/convert.py: models as checkpoints, as .npz, and from recordings of microgpt.py."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from esp32gpt import checkpoint, tables
from esp32gpt.config import Config
from esp32gpt.gpt import GPT

from tools import convert
from tools.host.errors import ToolError
from tools.host.recording import shape_of, to_trace

SHAPE = {"n_embd": 4, "n_head": 2, "block_size": 6}


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Train a small GPT in a temporary directory and save it to esp32gpt.ckpt; return the GPT."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("anna\nmara\nnora\nomar\n" * 5)
    gpt = GPT(**SHAPE)
    gpt.train(30)
    return gpt


@pytest.fixture
def trace(tmp_path):
    """Write a recording of two steps, with its initial and final weights; return its path."""
    config = {"n_embd": 4, "n_head": 2, "n_layer": 1, "block_size": 6, "vocab_size": 27}
    config |= {"num_steps": 2, "learning_rate": 0.01, "beta1": 0.85, "beta2": 0.99}
    config |= {"eps": 1e-8, "init_std": 0.08}
    model = Config(**shape_of({"config": config}))
    n = sum(rows * cols for _, rows, cols in tables.parameters(model))
    ends = [to_trace(model, list(np.arange(n) / n + k)) for k in range(2)]
    path = tmp_path / "trace.json"
    record = {"config": config, "losses": [3.5, 3.25], "init": ends[0], "final": ends[1]}
    path.write_text(json.dumps(record))
    return path


def run(*arguments):
    command = [sys.executable, "-m", "tools", "convert", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_checkpoint_survives_the_way_through_npz(trained):
    assert run("esp32gpt.ckpt", "model.npz").returncode == 0
    assert run("model.npz", "again.ckpt").returncode == 0
    assert Path("again.ckpt").read_bytes() == Path("esp32gpt.ckpt").read_bytes()


def test_an_npz_has_every_weight_by_its_name(trained):
    assert (
        run("esp32gpt.ckpt", "model.npz").stdout == "model.npz: 264 parameters, step 30 of 1000\n"
    )
    with np.load("model.npz") as file:
        for name, rows, cols in tables.parameters(trained.model.config):
            assert file[name].shape == file["m." + name].shape == (rows, cols)
            assert np.array_equal(file[name].ravel(), trained.model.weights[name])
        assert str(file["alphabet"]) == "amnor" and file["step"] == 30


def test_training_goes_on_from_what_was_edited_in_numpy(trained):
    run("esp32gpt.ckpt", "model.npz")
    with np.load("model.npz") as file:
        found = dict(file)
    found["wte"][0] = 0.25
    np.savez("model.npz", **found)
    assert run("model.npz", "esp32gpt.ckpt").returncode == 0
    gpt = GPT.load()
    assert list(gpt.model.wte[:4]) == [0.25] * 4 and gpt.trainer.step == 30
    gpt.train(3)


def test_a_recording_becomes_a_model(trace, tmp_path):
    for options, first, step in ([], 1.0, 2), (["--initial"], 0.0, 0):
        assert run(trace, tmp_path / "model.ckpt", *options).returncode == 0
        header, (params, m, _, losses) = convert.read_checkpoint(tmp_path / "model.ckpt")
        # In a recording BOS is the last token; here it is the first.
        end = json.loads(trace.read_text())["final" if step else "init"]
        assert list(params[:4]) == pytest.approx(end["wte"][26]) and params[0] == first
        assert header.step == step and not m.any()
        assert list(losses[:2]) == ([3.5, 3.25] if step else [0, 0])


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"wte": np.zeros((3, 4))}, "wte is"),
        ({"v.lm_head": np.full((6, 4), np.nan)}, "not finite"),
        ({"n_head": np.int64(3)}, "n_head must divide"),
        ({"step": np.int64(-1)}, "holds no model"),
        ({"alphabet": np.array("ab")}, "6 tokens and 2 letters"),
        ({"losses": None}, "lacks 'losses'"),
    ],
)
def test_an_npz_that_is_no_model_is_refused(trained, change, reason):
    run("esp32gpt.ckpt", "model.npz")
    with np.load("model.npz") as file:
        found = dict(file) | change
    np.savez("model.npz", **{name: x for name, x in found.items() if x is not None})
    done = run("model.npz", "new.ckpt")
    assert done.returncode == 1 and reason in done.stderr and len(done.stderr.splitlines()) == 1
    assert not checkpoint.exists("new.ckpt")


def test_other_files_are_refused_in_one_sentence(trained):
    Path("text.npz").write_text("hello")
    Path("text.json").write_text("[1")
    Path("text.ckpt").write_text("hello")
    for arguments in (
        *(("names.txt", "x.ckpt"), ("esp32gpt.ckpt", "x.txt"), ("none.npz", "x.ckpt")),
        *(("none.ckpt", "x.npz"), ("none.json", "x.npz"), ("text.npz", "x.ckpt")),
        *(("text.json", "x.ckpt"), ("text.ckpt", "x.npz"), ("esp32gpt.ckpt", "no/x.npz")),
        *(("esp32gpt.ckpt", "no/x.ckpt"), ("esp32gpt.ckpt", "x.npz", "--initial")),
    ):
        done = run(*arguments)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr


def test_reading_names_what_is_wrong(tmp_path):
    with pytest.raises(ToolError, match="there is no"):
        convert.read_checkpoint(tmp_path / "none.ckpt")
