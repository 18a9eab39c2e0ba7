"""Replay a recording of microgpt.py on any engine and interpreter, and report the differences.

The names, the initial weights and the schedule come from the recording. The report is one line of
JSON. Losses are compared at every step, gradients at step 0, tensor by tensor.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from array import array
from pathlib import Path

from esp32gpt.config import Config

from tools.host import board
from tools.host.errors import ToolError
from tools.host.micropython import run_micropython
from tools.host.paths import FIRMWARE, ONBOARD
from tools.host.recording import from_trace, shape_of, to_trace

ENGINES = ("reference", "viper", "fpu")
SCRIPT = (ONBOARD / "replay.py").read_text(encoding="utf-8")
PIECE = 128  # numbers at a time
NAMES = 10  # names at a time
SILENCE = 300  # seconds that a step may take on a board or an emulator


def replay(path, engine, runtime, steps=None):
    """Replay the first `steps` steps (None: all) of the recording at `path`; return the report, a
    dict with the engine, the runtime, the steps and the figures of `compare_losses` and
    `compare_gradients`.

    `engine` is a name in ENGINES. `runtime` is "cpython", "micropython", or the serial port of a
    board that has the library. Raises ToolError if the file is no recording or has fewer steps, or
    if the run fails.
    """
    try:
        trace = json.loads(Path(path).read_text(encoding="utf-8"))
        config = Config(**shape_of(trace))
        init = from_trace(config, trace["init"])
        grads = trace["grad_step0"]
        from_trace(config, grads)
        losses = [float(loss) for loss in trace["losses"]]
        names = [name.encode() for name in trace["docs"][: len(losses)]]
    except OSError as error:
        raise ToolError(f"Cannot read {path} ({error.strerror}): name a recording.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"{path} is not a trace of microgpt.py ({error!r}): name a recording of it."
        ) from error
    if not names:
        raise ToolError(f"{path} has no steps: name a longer recording.")
    steps = len(losses) if steps is None else steps
    if not 1 <= steps <= len(losses):
        raise ToolError(f"{path} has {len(losses)} steps: choose --steps from 1 to that.")
    numbers = array("f")
    for line in run(statements(engine, shape_of(trace), init, names[:steps]), runtime).split():
        numbers.frombytes(bytes.fromhex(line))
    # In the order of `statements`: the first loss, the gradients, the other losses.
    got_losses = numbers[:1] + numbers[1 + len(init) :]
    report = {"engine": engine, "runtime": runtime, "steps": steps}
    report.update(compare_losses(got_losses, losses[:steps]))
    report.update(compare_gradients(to_trace(config, numbers[1 : 1 + len(init)]), grads))
    return report


def statements(engine, shape, init, names):
    """Yield the replay as texts of Python, each one call of a function in onboard/replay.py.
    `engine` is a name in ENGINES, `shape` the dict of the arguments of Config, `init` the flat list
    of weights, and `names` a list of bytes, one for each step."""
    yield f"start({engine!r}, {shape!r})"
    for i in range(0, len(init), PIECE):
        yield f"weights({i}, '{array('f', init[i : i + PIECE]).tobytes().hex()}')"
    yield f"train({names[0]!r})"
    for i in range(0, len(init), PIECE):
        yield f"gradients({i}, {min(i + PIECE, len(init))})"
    for i in range(1, len(names), NAMES):
        yield f"train({b' '.join(names[i : i + NAMES])!r})"


def run(calls, runtime):
    """Run onboard/replay.py and then `calls`, texts of Python, and return everything that they
    print, as text. `runtime` is that of `replay`. Raises ToolError if the run fails."""
    if runtime not in ("cpython", "micropython"):
        with board.session(runtime) as transport:
            transport.enter_raw_repl(soft_reset=True)  # frees all memory
            board.identify(transport)
            return "".join(board.run(transport, call, SILENCE) for call in (SCRIPT, *calls))
    path = f"import sys\nsys.path.insert(0, {str(FIRMWARE)!r})"
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "replay.py"
        script.write_text("\n".join((path, SCRIPT, *calls)), encoding="utf-8")
        if runtime == "micropython":
            return run_micropython(script)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"The replay failed under CPython: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def compare_losses(got, expected):
    """Return a dict of floats: max_abs_dloss is the largest absolute difference between the losses
    of a step, mean_all and ref_mean_all are the means of `got` and of `expected`, and mean_last100
    and ref_mean_last100 those of the last 100. `got` and `expected` hold one loss a step and have
    the same length."""
    return {
        "max_abs_dloss": max(abs(g - e) for g, e in zip(got, expected, strict=True)),
        "mean_all": statistics.fmean(got),
        "ref_mean_all": statistics.fmean(expected),
        "mean_last100": statistics.fmean(got[-100:]),
        "ref_mean_last100": statistics.fmean(expected[-100:]),
    }


def compare_gradients(got, expected):
    """Return a dict of floats: grad0_max_abs_err is the largest absolute error of any element, and
    grad0_median_rel_l2 and grad0_max_rel_l2 are the median and the largest relative L2 error of the
    tensors. Both arguments are {name: rows} in a recording's layout."""
    errors = []
    relative = []
    for name, rows in expected.items():
        pairs = [
            (g, e)
            for got_row, row in zip(got[name], rows, strict=True)
            for g, e in zip(got_row, row, strict=True)
        ]
        errors.append(max(abs(g - e) for g, e in pairs))
        distance = sum((g - e) ** 2 for g, e in pairs) ** 0.5
        norm = sum(e * e for _, e in pairs) ** 0.5
        relative.append(distance / norm if norm else distance)
    return {
        "grad0_max_abs_err": max(errors),
        "grad0_median_rel_l2": statistics.median(relative),
        "grad0_max_rel_l2": max(relative),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", help="the recording, a JSON file")
    parser.add_argument("--engine", choices=ENGINES, default="viper")
    parser.add_argument(
        "--runtime", default="micropython", help="cpython, micropython, or a board's serial port"
    )
    parser.add_argument("--steps", type=int, help="how many steps; by default all")
    options = parser.parse_args()
    print(json.dumps(replay(options.trace, options.engine, options.runtime, options.steps)))
