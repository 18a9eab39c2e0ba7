"""`make bench`: measure the speed and the memory of each engine on a fixed piece of work, and print
one line of JSON per engine. With --port this runs on a board, real or emulated, with the library
that is deployed there; without, on this machine under MicroPython.

us_per_step is the time of a whole training step, in microseconds, with the names in memory, without
printing and without garbage collection: the mean over the first names of bench_names.txt, after
three steps of warm-up. us_forward (with the loss), us_backward and us_adam are its parts. us_data
is the time to read one name from the file. These times, and the time of sample_tokens_per_s, are
sums over short pieces; each piece is the best of four or eight passes. mem_peak is the heap in use,
in bytes, between the backward pass and the update, with everything that main.py creates. step_alloc
is the number of bytes that a step allocates, exec_bytes the size of the machine code in executable
memory, and first_step_s the time from the end of main.py's countdown to the end of the first step.
A figure is null where it cannot be measured.
"""

import argparse
import contextlib
import json
import tempfile
from pathlib import Path

from tools.host import board
from tools.host.errors import ToolError
from tools.host.micropython import run_micropython
from tools.host.paths import DATA, FIRMWARE, ONBOARD

WORKLOAD = DATA / "bench_names.txt"
START = (ONBOARD / "bench_start.py").read_text(encoding="utf-8")
MEASURE = (ONBOARD / "bench_measure.py").read_text(encoding="utf-8")
STEPS = 50
SILENCE = 3600  # seconds that a board may take without printing
PASSES = 4  # the allocator looks at four blocks at once; each pass begins one block further
FIELDS = [
    *("engine", "firmware", "steps", "us_per_step", "us_data", "tokens_per_step"),
    *("sample_tokens_per_s", "us_forward", "us_backward", "us_adam"),
    *("mem_peak", "step_alloc", "exec_bytes", "first_step_s"),
]

ENGINES = """
from esp32gpt import kernels
print((kernels.choose().name, kernels.ENGINES))
"""


class Host:
    """A machine to measure: this one, under MicroPython, with the library's source."""

    path = DATA / "names.txt"

    def run(self, script):
        """Run the script and return the value that it prints last. Raises ToolError."""
        library = str(FIRMWARE)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "bench.py"
            file.write_text(f"import sys\nsys.path.insert(0, {library!r})\n{script}")
            return parse(run_micropython(file))


class Board:
    """A machine to measure: a board in a session, soft-reset before each script to free all
    memory."""

    path = "names.txt"

    def __init__(self, transport):
        self.transport = transport

    def run(self, script):
        """Run the script and return the value that it prints last. Raises ToolError."""
        self.transport.enter_raw_repl(soft_reset=True)
        return parse(board.run(self.transport, script, SILENCE))


def parse(output):
    """Return the value of the last line."""
    return eval(output.strip().splitlines()[-1], {"__builtins__": {}})


def bench(machine, engine, steps):
    """Yield a dict of figures for the named engine; without a name, for every engine that works on
    the machine except the slow reference. Raises ToolError."""
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
        yield {field: figures[field] for field in FIELDS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; without it, this machine")
    parser.add_argument("--engine", help="only this one; by default all but the slow reference")
    parser.add_argument("--steps", type=int, default=STEPS, help="names to train on, 50 by default")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        machine = Host()
        if options.port:
            transport = stack.enter_context(board.session(options.port))
            board.identify(transport)
            machine = Board(transport)
        for figures in bench(machine, options.engine, options.steps):
            print(json.dumps(figures), flush=True)
