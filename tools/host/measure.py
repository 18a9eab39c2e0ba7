"""Measure an engine, on this machine or on a board. The docstring of bench.py explains the
figures."""

import tempfile
from pathlib import Path

from tools.host import board
from tools.host.errors import ToolError
from tools.host.micropython import run_micropython
from tools.host.paths import DATA, FIRMWARE, ONBOARD

WORKLOAD = DATA / "bench_names.txt"
START = (ONBOARD / "bench_start.py").read_text(encoding="utf-8")
MEASURE = (ONBOARD / "bench_measure.py").read_text(encoding="utf-8")
RUN = (ONBOARD / "bench_run.py").read_text(encoding="utf-8")
STEPS = 50
RUN_STEPS = 1000
SILENCE = 3600  # seconds that a board may take without printing
PASSES = 4  # the allocator looks at four blocks at once; each pass begins one block further
FIELDS = [
    *("engine", "firmware", "steps", "us_per_step", "us_data", "tokens_per_step"),
    *("sample_tokens_per_s", "us_forward", "us_backward", "us_adam"),
    *("mem_peak", "step_alloc", "exec_bytes", "first_step_s"),
    *("run_s", "save_s", "first_name_s"),
]

ENGINES = """
from esp32gpt import kernels
print((kernels.choose().name, kernels.ENGINES))
"""


class Host:
    """This computer, as a machine to measure: the library's source runs under its MicroPython.
    `path` is the file of names that the measuring scripts read."""

    path = DATA / "names.txt"

    def run(self, script):
        """Run the script, a text, and return the value of its last printed line, a Python literal.
        Raises ToolError if the script fails."""
        library = str(FIRMWARE)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "bench.py"
            file.write_text(f"import sys\nsys.path.insert(0, {library!r})\n{script}")
            return parse(run_micropython(file))


class Board:
    """A machine to measure: the board of a `board.session`, soft-reset before each script to free
    all memory. `path` is the names file on it."""

    path = "names.txt"

    def __init__(self, transport):
        self.transport = transport

    def run(self, script):
        """Run the script, a text, and return the value of its last printed line, a Python literal.
        An exception on the board is a TransportExecError, which the session turns into a
        ToolError."""
        self.transport.enter_raw_repl(soft_reset=True)
        return parse(board.run(self.transport, script, SILENCE))


def parse(output):
    """Return the value of the last line of an output, a Python literal such as a dict."""
    return eval(output.strip().splitlines()[-1], {"__builtins__": {}})


def figures_of(machine, engine, steps):
    """Yield a dict {field: figure} with all of FIELDS for the named engine; if `engine` is None,
    one for each engine that works on the machine except the slow reference, which comes only if no
    other works. A figure is None if it was not measured.

    `machine` is a Host or a Board, and `steps` the number of names to train on. Raises ToolError if
    the engine or so many names do not exist, or if a run fails.
    """
    names = WORKLOAD.read_text().split()
    if not 1 <= steps <= len(names):
        raise ToolError(f"The workload has {len(names)} names: choose --steps from 1 to that.")
    chosen, known = machine.run(ENGINES)
    if engine and engine not in known:
        raise ToolError(f"There is no engine {engine}: choose one of {', '.join(known)}.")
    usable = [name for name in known[known.index(chosen) :] if name != "reference"] or [chosen]
    for name in [engine] if engine else usable:
        path = str(machine.path)
        work = " ".join(names[:steps]).encode()
        figures = {"engine": name, "steps": steps}
        figures.update(machine.run(f"ENGINE, PATH = {(name, path)}\n{START}"))
        values = (name, steps, PASSES, path, work)
        figures.update(machine.run(f"ENGINE, STEPS, PASSES, PATH, NAMES = {values}\n{MEASURE}"))
        if name != "reference":
            values = (name, path, RUN_STEPS)
            figures.update(machine.run(f"ENGINE, PATH, STEPS = {values}\n{RUN}"))
        yield {field: figures.get(field) for field in FIELDS}
