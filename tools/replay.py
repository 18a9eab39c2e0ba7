"""Replays a recording of microgpt.py on any engine and interpreter, and says how far it strays.

The names, initial weights and schedule come from the recording; the report is one line of
JSON. Gradients are those of step 0, compared tensor by tensor.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from array import array
from pathlib import Path

import board
from runtime import ROOT, ToolError, micropython, run_tool

sys.path.insert(0, str(ROOT / "firmware"))
from esp32gpt.config import Config  # noqa: E402

ENGINES = ("reference", "viper", "fpu")
SCRIPT = ROOT / "tools" / "replay_onboard.py"


def from_trace(config, tensors):
    """The flat parameter buffer, as a list, of a recording's {name: rows}.

    There BOS is the last token, and q, k and v are matrices of their own.
    """
    flat = []
    for name, rows, cols in config.parameters():
        if name in ("wte", "lm_head"):
            matrix = tensors[name][-1:] + tensors[name][:-1]
        elif name.endswith("attn_wqkv"):
            matrix = [row for c in "qkv" for row in tensors[name.replace("wqkv", f"w{c}")]]
        else:
            matrix = tensors[name]
        if len(matrix) != rows or any(len(row) != cols for row in matrix):
            raise ValueError(f"{name} is not {rows} × {cols}")
        flat += [float(x) for row in matrix for x in row]
    return flat


def to_trace(config, flat):
    """The recording's {name: rows} of a flat parameter buffer."""
    tensors = {}
    first = 0
    for name, rows, cols in config.parameters():
        matrix = [list(flat[first + r * cols : first + (r + 1) * cols]) for r in range(rows)]
        first += rows * cols
        if name in ("wte", "lm_head"):
            tensors[name] = matrix[1:] + matrix[:1]
        elif name.endswith("attn_wqkv"):
            for i, c in enumerate("qkv"):
                part = rows // 3
                tensors[name.replace("wqkv", f"w{c}")] = matrix[i * part : (i + 1) * part]
        else:
            tensors[name] = matrix
    return tensors


def replay(path, engine, runtime, steps=None):
    """The report of a replay as a dict.

    runtime: "cpython", "micropython" or a serial port, whose board has the library deployed.
    Raises ToolError if the file is no recording, or the run fails.
    """
    try:
        trace = json.loads(Path(path).read_text(encoding="utf-8"))
        config = Config(**trace["config"])
        init = from_trace(config, trace["init"])
        grads = trace["grad_step0"]
        from_trace(config, grads)
        losses = trace["losses"]
        steps = min(steps or len(losses), len(losses))
        names = trace["docs"][:steps]
    except OSError as error:
        raise ToolError(f"cannot read {path} ({error.strerror}): name a recording") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(f"{path} is not a trace of microgpt.py ({error!r})") from error
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        (work / "replay.json").write_text(json.dumps([engine, steps, trace["config"]]))
        (work / "replay_names.txt").write_text("".join(name + "\n" for name in names))
        (work / "replay_init.bin").write_bytes(array("f", init).tobytes())
        run(work, runtime)
        got_losses = array("f", (work / "replay_losses.bin").read_bytes())
        got_grads = to_trace(config, array("f", (work / "replay_grads.bin").read_bytes()))
    report = {"engine": engine, "runtime": runtime, "steps": steps}
    report.update(compare_losses(got_losses, losses[:steps]))
    report.update(compare_gradients(got_grads, grads))
    return report


def run(work, runtime):
    """Run the replay in a directory, where it leaves its results."""
    if runtime == "cpython":
        command = [sys.executable, str(SCRIPT), str(ROOT / "firmware")]
    elif runtime == "micropython":
        command = [micropython(), "-X", "heapsize=16M", str(SCRIPT), str(ROOT / "firmware")]
    else:
        # The directory is mounted on the board, so nothing is written to its flash.
        board.find_port(runtime)
        shutil.copy(SCRIPT, work)
        mpremote = [sys.executable, "-m", "mpremote", "connect", runtime]
        command = [*mpremote, "mount", str(work), "run", SCRIPT.name]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode or not (work / "replay_losses.bin").exists():
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise ToolError(f"the replay failed on {runtime}, whose last words were: {said}")


def compare_losses(got, expected):
    """How far the losses of each step, and their means, are apart."""
    return {
        "max_abs_dloss": max(abs(g - e) for g, e in zip(got, expected, strict=True)),
        "mean_all": statistics.fmean(got),
        "ref_mean_all": statistics.fmean(expected),
        "mean_last100": statistics.fmean(got[-100:]),
        "ref_mean_last100": statistics.fmean(expected[-100:]),
    }


def compare_gradients(got, expected):
    """The largest error of an element, and the relative L2 errors of the tensors."""
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
    parser.add_argument("--steps", type=int, help="only so many of them")
    options = parser.parse_args()
    print(json.dumps(replay(options.trace, options.engine, options.runtime, options.steps)))


if __name__ == "__main__":
    run_tool(main)
