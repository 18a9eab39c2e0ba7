"""The library's tests and main.py, under the host's MicroPython."""

import re
import signal
import subprocess
import time

import pytest

from host_tests.support.places import LIBRARY, LIBRARY_TESTS, RUNNER
from tools.host.paths import DATA, FIRMWARE

LINE = re.compile(
    r"step:(\d+) loss:\d+\.\d{4} avg:(\d+\.\d{4}) (?:held:\d+\.\d{4} )?ms:\d+\.\d eta:\d+\r?$",
    re.MULTILINE,
)


def start(micropython, *arguments, **options):
    """Start MicroPython with a script, its input and output piped, and return the process."""
    return subprocess.Popen(
        [micropython, "-X", "heapsize=16M", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


@pytest.mark.parametrize("module", LIBRARY_TESTS)
def test_library_under_micropython(micropython, module, tmp_path):
    process = start(
        micropython,
        RUNNER,
        LIBRARY,
        module,
        cwd=tmp_path,
        env={"MICROPYPATH": str(FIRMWARE)},
    )
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    assert re.search(r"^[1-9]\d* passed, 0 failed$", said, re.MULTILINE), said


def test_the_runner_reports_failures(micropython, tmp_path):
    (tmp_path / "test_bad.py").write_text(
        "def test_good():\n    pass\n\n\ndef test_wrong():\n    assert 1 == 2\n"
    )
    process = start(micropython, RUNNER, tmp_path)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 1 and "FAILED test_bad test_wrong" in said
    assert "1 passed, 1 failed" in said


@pytest.fixture
def run_main(micropython, tmp_path):
    """Return a function that starts main.py with these bytes as names.txt (None: no such file).

    With inspect, a REPL follows, as on a board.
    """

    def run(names, steps, inspect=False):
        if names is not None:
            (tmp_path / "names.txt").write_bytes(names)
        (tmp_path / "esp32gpt.json").write_text(f'{{"steps": {steps}}}')
        env = {"MICROPYPATH": str(FIRMWARE)}
        flags = ["-i"] if inspect else []
        return start(micropython, *flags, FIRMWARE / "main.py", cwd=tmp_path, env=env)

    return run


def test_main_trains_and_invents_names(run_main):
    names = (DATA / "names.txt").read_bytes()
    process = run_main(names, 200)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert "engine: viper" in said or "no viper engine here" in said
    lines = LINE.findall(said)
    assert lines[-1][0] == "200" and float(lines[-1][1]) < 2.8, said
    assert len(re.findall(r"^[ 12]\d [a-z]+$", said, re.MULTILINE)) >= 18, said
    assert re.search(r"^held-out: loss 2\.\d+ \(256 names", said, re.MULTILINE), said
    assert re.search(r"^(20|1\d) of 20 are new", said, re.MULTILINE), said


def test_main_goes_on_from_where_it_was_saved(run_main):
    names = (DATA / "names.txt").read_bytes()
    whole = run_main(names, 60).communicate(timeout=60)[0]
    last = LINE.findall(whole)[-1]
    saved = "saved: step 60 to esp32gpt.ckpt"
    assert saved in whole
    # The second run finds the first one's checkpoint, and its schedule is longer.
    said = run_main(names, 80).communicate(timeout=60)[0]
    assert "resumed: step 60 from esp32gpt.ckpt" in said and "training: step 60 to 80" in said
    assert LINE.findall(said)[-1][0] == "80" and last[0] == "60"
    again = run_main(names, 80).communicate(timeout=60)[0]
    assert "all 80 steps are done" in again and "names it has invented" in again


def test_main_takes_names_as_people_write_them(run_main):
    names = b"Anna\r\nBOB\r\n\r\nZo\xc3\xab\r\n\xff\xfe\r\nCarl\xf0\x9f\x98\x80\r\nmia"
    process = run_main(names * 4, 20)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0 and "step:20 " in said and "12 letters" in said
    assert "skipped 4 of 21 lines" in said, said


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        (None, "make deploy"),
        (b"", "needs one name a line"),
        (b"\n\n", "has no name"),
        (b"\x01\x02\n\xff\xfe\n", "no name that can be used"),
    ],
)
def test_main_answers_bad_names_with_one_sentence(run_main, names, remedy):
    process = run_main(names, 10)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 1 and "Traceback" not in said
    assert said.splitlines()[-1].startswith("esp32gpt: ") and remedy in said.splitlines()[-1]


@pytest.mark.parametrize("steps", ["0", "-1", '"abc"', "1.5", "99999999999"])
def test_main_answers_bad_settings_with_one_sentence(run_main, steps):
    process = run_main(b"anna\n", steps)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 1 and "Traceback" not in said
    assert said.splitlines()[-1].startswith("esp32gpt: steps must be a whole number from 1 to ")


@pytest.mark.parametrize("moment", ["training: step 0", "step:100 ", "step:400 "])
def test_ctrl_c_leaves_the_model_at_the_repl(run_main, moment):
    names = (DATA / "names.txt").read_bytes()
    process = run_main(names, 100000, inspect=True)
    for line in process.stdout:
        if moment in line:
            break
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    commands = "before = gpt.trainer.step\ngpt.train(1)\n"
    commands += "print('alive', gpt.trainer.step - before, gpt.sample(1, 'ma'))\n"
    said = process.communicate(commands, timeout=30)[0]
    assert re.search(r"^alive 1 \['ma[a-z]*'\]", said, re.MULTILINE), said
    stopped, saved = re.search(
        r"stopped after step (\d+)(?:.|\n)*?saved: step (\d+)", said
    ).groups()
    assert stopped == saved and "Traceback" not in said, said
