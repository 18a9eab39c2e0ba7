"""`make bench` on the host's MicroPython, with few steps: all figures are present and plausible."""

import json
import subprocess
import sys

import pytest

from tools.host import measure

# Predictions a step in the first three names: their 6, 7 and 6 letters, and one end each.
TOKENS = 22 / 3


def run(*options):
    """Run the command with these options."""
    return subprocess.run(
        [sys.executable, "-m", "tools", "bench", *options], capture_output=True, text=True
    )


@pytest.mark.parametrize("engine", ["viper", "reference"])
def test_figures_of_an_engine(micropython, engine):
    done = run("--engine", engine, "--steps", "3")
    if "SyntaxError" in done.stderr:
        pytest.skip(f"the {engine} engine does not load here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    figures = json.loads(lines[0])
    assert list(figures) == measure.FIELDS
    assert figures["engine"] == engine
    assert "MicroPython" in figures["firmware"]
    assert figures["steps"] == 3
    assert figures["tokens_per_step"] == pytest.approx(TOKENS)
    assert figures["exec_bytes"] is None
    # Times vary on a busy host, so only their range is checked.
    for name in ("us_forward", "us_backward", "us_adam", "us_per_step", "first_step_s"):
        assert 0 < figures[name] < 60e6, name
    assert figures["us_data"] >= 0
    assert figures["sample_tokens_per_s"] > 0
    assert 100_000 < figures["mem_peak"] < 1_000_000
    if engine == "reference":
        assert figures["run_s"] is figures["save_s"] is figures["first_name_s"] is None
    else:
        # A save, or the first name, can be too short for milliseconds.
        assert 0 <= figures["save_s"] < figures["run_s"] <= figures["first_name_s"] < 60


def test_viper_allocates_little_in_a_step(micropython):
    done = run("--engine", "viper", "--steps", "1")
    if done.returncode:
        pytest.skip(f"the viper engine does not load here: {done.stderr}")
    # Words are twice as wide here as on the chip.
    assert 0 < json.loads(done.stdout)["step_alloc"] < 2 * 2048


def test_without_a_choice_all_but_the_reference_are_measured(micropython):
    done = run("--steps", "1")
    assert done.returncode == 0, done.stderr
    engines = [json.loads(line)["engine"] for line in done.stdout.splitlines()]
    assert engines and (engines == ["reference"] or "reference" not in engines)


@pytest.mark.parametrize(
    "options, sentence",
    [
        (("--engine", "abacus"), "There is no engine abacus: choose one of"),
        (("--steps", "0"), "The workload has 1000 names: choose --steps from 1 to that."),
        (("--steps", "1001"), "The workload has 1000 names: choose --steps from 1 to that."),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(micropython, options, sentence):
    done = run(*options)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith(sentence) and done.stderr.count("\n") == 1


def test_a_port_that_is_none_is_one_sentence(tmp_path):
    done = run("--port", str(tmp_path / "ttyUSB9"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1


def test_the_workload_is_a_thousand_names():
    names = measure.WORKLOAD.read_text().split()
    assert len(names) == 1000 and names[:3] == ["yuheng", "diondre", "xavien"]
