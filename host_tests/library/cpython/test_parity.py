"""The library compared with independent implementations: a scalar autograd GPT, and recordings."""

import json
import os
from pathlib import Path

import pytest
from esp32gpt import kernels, tables
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

from host_tests.support import scalar_gpt
from tools import replay

SHAPE = {
    "n_embd": 8,
    "n_head": 2,
    "n_layer": 2,
    "block_size": 5,
    "vocab_size": 27,
    "steps": 10,
    "learning_rate": 0.01,
    "beta1": 0.85,
    "beta2": 0.99,
    "eps": 1e-8,
    "init_std": 0.2,
}
NAMES = ["ida", "otto", "benjamin", "al", "mo"]


@pytest.fixture(scope="module")
def recording():
    """Run the scalar GPT; return its initial weights, gradients of step 0, losses, final
    weights."""
    config = Config(**SHAPE)
    model = Model(config, kernels.load("reference"))
    model.init_weights(Rng(11))
    weights = {}
    for name, rows, cols in tables.parameters(config):
        view = model.weights[name]
        weights[name] = [
            [scalar_gpt.Value(view[r * cols + c]) for c in range(cols)] for r in range(rows)
        ]
    values = [value for w in weights.values() for row in w for value in row]
    run = {"init": [value.data for value in values], "losses": []}
    optimizer = scalar_gpt.Adam(values, SHAPE)
    for step, name in enumerate(NAMES):
        tokens = [0, *(ord(c) - 96 for c in name), 0][: SHAPE["block_size"] + 1]
        loss = scalar_gpt.loss_of(weights, SHAPE, tokens)
        loss.backward()
        run["losses"].append(loss.data)
        if step == 0:
            run["grads"] = [value.grad for value in values]
        optimizer.step(step)
    run["final"] = [value.data for value in values]
    return run


def test_losses_gradients_and_weights_are_those_of_a_scalar_autograd(recording):
    model = Model(Config(**SHAPE), kernels.load("reference"), typecode="d")
    for i, value in enumerate(recording["init"]):
        model.params[i] = value
    trainer = Trainer(model, NameList(NAMES, Tokenizer()))
    for state in trainer.run(len(NAMES)):
        assert state.loss == pytest.approx(recording["losses"][state.step - 1], abs=1e-12)
        if state.step == 1:
            assert list(trainer.backward.grads) == pytest.approx(recording["grads"], abs=1e-12)
    assert list(model.params) == pytest.approx(recording["final"], abs=1e-9)


def trace_of(recording, path):
    """Write the recording as a trace file, with the token numbers of microgpt.py: BOS is the
    last."""
    config = {"num_steps" if name == "steps" else name: value for name, value in SHAPE.items()}
    trace = {"config": config, "docs": NAMES, "losses": recording["losses"]}
    for key, name in (("init", "init"), ("grads", "grad_step0")):
        trace[name] = replay.to_trace(Config(**SHAPE), recording[key])
    path.write_text(json.dumps(trace))


@pytest.mark.parametrize("engine", ["reference", "viper"])
@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_replay_reports_how_far_a_run_strays_from_a_recording(
    recording, tmp_path, engine, runtime, request
):
    if runtime == "micropython":
        request.getfixturevalue("micropython")
    elif engine == "viper":
        pytest.skip("CPython has no viper")
    trace_of(recording, tmp_path / "trace.json")
    report = replay.replay(tmp_path / "trace.json", engine, runtime)
    assert report["engine"] == engine and report["steps"] == len(NAMES)
    exact = engine == "reference"
    assert report["max_abs_dloss"] < (1e-5 if exact else 0.05)
    assert report["grad0_max_abs_err"] < (1e-6 if exact else 1e-2)
    assert report["grad0_max_rel_l2"] < (1e-5 if exact else 0.01)
    assert report["mean_all"] == pytest.approx(report["ref_mean_all"], abs=1e-5 if exact else 0.02)


def test_replay_sees_a_wrong_gradient(recording, tmp_path):
    wrong = dict(recording, grads=[g * 1.001 for g in recording["grads"]])
    trace_of(wrong, tmp_path / "trace.json")
    report = replay.replay(tmp_path / "trace.json", "reference", "cpython")
    assert report["grad0_median_rel_l2"] == pytest.approx(1e-3, rel=0.01)


def test_a_trace_keeps_its_numbers_through_both_orders():
    config = Config(**SHAPE)
    flat = [float(i) for i in range(sum(r * c for _, r, c in tables.parameters(config)))]
    assert replay.from_trace(config, replay.to_trace(config, flat)) == flat


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("", "not a trace"), ("{}", "not a trace"), ('{"config": {"n_embd": 3}}', "not a trace")],
)
def test_replay_refuses_what_is_no_trace(tmp_path, content, complaint):
    (tmp_path / "trace.json").write_text(content)
    with pytest.raises(replay.ToolError, match=complaint):
        replay.replay(tmp_path / "trace.json", "reference", "cpython")


SHARED = os.environ.get("ESP32GPT_SHARED_DATA")
TRACES = ["microgpt_trace.json", "microgpt_trace_small.json"]


@pytest.mark.skipif(not SHARED, reason="ESP32GPT_SHARED_DATA names no directory of recordings")
@pytest.mark.parametrize("trace", TRACES)
class TestRecordingsOfMicrogpt:
    """Full size: the run of microgpt.py, step by step."""

    def test_reference_engine(self, trace):
        report = replay.replay(Path(SHARED) / trace, "reference", "cpython")
        assert report["max_abs_dloss"] <= 1e-6
        assert report["grad0_max_abs_err"] <= 1e-6

    def test_viper_engine(self, trace, micropython):
        report = replay.replay(Path(SHARED) / trace, "viper", "micropython")
        assert report["grad0_median_rel_l2"] <= 0.001
        assert report["grad0_max_rel_l2"] <= 0.01
        assert abs(report["mean_all"] - report["ref_mean_all"]) <= 0.005
        assert abs(report["mean_last100"] - report["ref_mean_last100"]) <= 0.02
