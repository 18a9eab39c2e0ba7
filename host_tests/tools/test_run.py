"""`make run` where there is no MicroPython: CPython trains, with the numpy engine."""

import json
import re
import subprocess
import sys

import pytest

from tools import run
from tools.host.errors import ToolError
from tools.host.paths import DATA

COMMAND = [sys.executable, "-m", "tools.host.run_on_cpython"]


def train(directory, **settings):
    """Train in the directory, on the list of the repository, and return the output."""
    (directory / "esp32gpt.json").write_text(
        json.dumps({"names": str(DATA / "names.txt"), **settings})
    )
    return subprocess.run(COMMAND, cwd=directory, capture_output=True, text=True)


def test_cpython_trains_and_invents_names(tmp_path):
    done = train(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "engine: numpy" in done.stdout and "step:1000 " in done.stdout
    assert float(re.findall(r"avg:(\d\.\d+)", done.stdout)[-1]) < 2.6
    assert re.search(r"^20 [a-z]+$", done.stdout, re.MULTILINE)


def test_training_goes_on_from_the_file_that_it_saved(tmp_path):
    train(tmp_path, steps=30)
    assert "resumed: step 30" in train(tmp_path).stdout


@pytest.mark.parametrize("there", [True, False])
def test_cpython_is_taken_where_there_is_no_micropython(there, monkeypatch, capsys):
    started = []

    def find():
        if there:
            return "/usr/bin/micropython"
        raise ToolError("none")

    def start(command, **_):
        started.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(run, "find_micropython", find)
    monkeypatch.setattr(run.stage, "prepare", lambda options: None)
    monkeypatch.setattr(run.subprocess, "run", start)
    monkeypatch.setattr(sys, "argv", ["run"])
    with pytest.raises(SystemExit):
        run.main()
    assert (started[0][0] == "/usr/bin/micropython") == there
    assert (started[0] == COMMAND) != there
    assert ("There is no MicroPython" in capsys.readouterr().out) != there
