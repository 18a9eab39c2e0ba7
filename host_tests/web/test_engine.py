"""The page's engine: reference.py's kernels in JavaScript, under MicroPython's WebAssembly port."""

import json
import os
import re
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from esp32gpt.config import Config

from host_tests.support.places import LIBRARY, LIBRARY_TESTS, SUPPORT
from tools import replay
from tools.host.paths import ROOT
from tools.host.recording import from_trace, shape_of, to_trace
from tools.kernelc.errors import CompileError
from tools.web import javascript, parts

WEB = ROOT / "tools" / "web"
SHARED = os.environ.get("ESP32GPT_SHARED_DATA")


@pytest.fixture(scope="module")
def run_in_node(node, tmp_path_factory):
    """Return a function that runs a Python script in the page's interpreter, and returns its
    output."""
    directory = tmp_path_factory.mktemp("web")
    parts.write(directory / "parts")

    def run(script, *folders):
        path = directory / "script.py"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [node, WEB / "run.mjs", directory / "parts", path, *folders],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


CONFORMANCE = """
import engines, run_on_micropython
engines.TOLERANCE["web"] = engines.TOLERANCE["reference"]
assert [engine[0] for engine in engines.engines()] == ["reference", "web"]
run_on_micropython.run(["{module}"])
"""


@pytest.mark.parametrize("module", LIBRARY_TESTS)
def test_library_in_webassembly(run_in_node, module):
    script = CONFORMANCE.format(module=module)
    said = run_in_node(script, SUPPORT, LIBRARY)
    assert re.search(r"^[1-9]\d* passed, 0 failed$", said, re.MULTILINE), said


TRAINING = """
from array import array
from binascii import hexlify
from esp32gpt import kernels
from esp32gpt.config import Config
from esp32gpt.namelist import NameList
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

model = Model(Config(n_layer=2, steps=40), kernels.load("{engine}"))
model.init_weights(Rng(7))
trainer = Trainer(model, NameList(["ida", "otto", "benjamin", "mo"], Tokenizer()))
losses = array("f", [state.loss for state in trainer.run(40)])
for i in range(0, len(model.params), 128):
    losses.extend(model.params[i : i + 128])
print(hexlify(losses).decode())
"""


def test_training_is_that_of_the_reference_engine_under_cpython(run_in_node):
    got = array("f", bytes.fromhex(run_in_node(TRAINING.format(engine="web"))))
    done = subprocess.run(
        [sys.executable, "-c", TRAINING.format(engine="reference")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "firmware")},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = array("f", bytes.fromhex(done.stdout))
    assert len(got) == len(expected) > 4192
    assert max(abs(g - e) for g, e in zip(got, expected, strict=True)) < 1e-5


@pytest.mark.skipif(not SHARED, reason="ESP32GPT_SHARED_DATA names no directory of recordings")
@pytest.mark.parametrize("name", ["microgpt_trace.json", "microgpt_trace_small.json"])
def test_recordings_of_microgpt(run_in_node, name):
    trace = json.loads((Path(SHARED) / name).read_text(encoding="utf-8"))
    config = Config(**shape_of(trace))
    init = from_trace(config, trace["init"])
    losses = [float(loss) for loss in trace["losses"]]
    names = [doc.encode() for doc in trace["docs"][: len(losses)]]
    calls = replay.statements("web", shape_of(trace), init, names)
    said = run_in_node("\n".join((replay.SCRIPT, *calls)))
    numbers = array("f", bytes.fromhex(said.replace("\n", "")))
    got = numbers[:1] + numbers[1 + len(init) :]
    assert replay.compare_losses(got, losses)["max_abs_dloss"] <= 1e-6
    grads = to_trace(config, numbers[1 : 1 + len(init)])
    assert replay.compare_gradients(grads, trace["grad_step0"])["grad0_max_abs_err"] <= 1e-6


ARITHMETIC = '''
from math import exp, log, sqrt

from floatbits import from_bits, to_bits
HALF = 0.5
TABLE = (1.5, -2.0, 0.1)


def kernel(y: floats, x: floats, n: ints, a: int, b: float) -> int:
    """A line of everything that the subset has."""
    i = a
    while i > 0 and not (i == 7 or i > 90):
        i -= 3
    for k in range(9, -1, -2):
        if 2 <= k < 6:
            y[k] = -x[k] * HALF + float(k // 2) - k % 3
        else:
            y[k] = abs(x[k] - b) / (1.0 + exp(x[k])) + sqrt(float(k)) * min(k, int(b * 3.7))
    last = k
    own = [0.3] * 2
    own[1] = TABLE[2] * x[1]
    for k in range(2):
        y[k] += own[k] - TABLE[k]
        y[k + 10] += log(b) + n[k] + from_bits(to_bits(x[k]) ^ 3) + (n[k] % 5) + (~n[k] >> 1)
        k = 5
    return i * 100 + last * 10 + k
'''


def test_every_construct_means_what_it_means_in_python(node, tmp_path):
    source = ARITHMETIC.replace("floats", "'floats'").replace("ints", "'ints'")
    # `floatbits` is found as a kernel's import of it is: beside it.
    values = {"__name__": "esp32gpt.kernels.arithmetic", "__package__": "esp32gpt.kernels"}
    exec(source.replace("from floatbits", "from .floatbits"), values)
    x = array("f", [i / 7 - 0.6 for i in range(12)])
    expected = array("f", range(12))
    n = array("i", [3, -4])
    result = values["kernel"](expected, x, n, 41, 1.25)
    script = javascript.kernels(ARITHMETIC, Path("arithmetic.py"))
    page = tmp_path / "arithmetic.mjs"
    page.write_text(
        f"{script}\nconst wasm = new WebAssembly.Memory({{ initial: 1 }});\nbind(wasm);\n"
        f"F32.set({list(x)}, 100);\nF32.set([...Array(12).keys()], 200);\nI32.set([3, -4], 300);\n"
        "wasm.grow(1);\n"  # after which the views are empty until they are renewed
        "const result = kernel(200, 100, 300, 41, 1.25);\n"
        "console.log(JSON.stringify([result, ...F32.subarray(200, 212)]));\n"
    )
    said = subprocess.run([node, page], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [result, *expected]


@pytest.mark.parametrize(
    ("statement", "line"),
    [("x[0] = 2.0 ** 3.0", 2), ("for i in range(0, 9, n): x[i] = 0.0", 2), ("x[0] = y[0]", 2)],
)
def test_what_it_does_not_know_is_refused_with_its_line(statement, line):
    source = f"def kernel(x: floats, n: int):\n    {statement}\n"
    with pytest.raises(CompileError, match=rf"k\.py:{line}: "):
        javascript.kernels(source, Path("k.py"))
