"""`make bench`: what an engine costs on a fixed piece of work, as one line of JSON per engine: on
the board at --port, real or emulated, with the library that is deployed there, or else on this
machine under MicroPython.

us_per_step is a whole training step with the names in memory, nothing printed and no garbage
collected, the mean over the first names of bench_names.txt after three steps that warm up;
us_forward (the loss included), us_backward and us_adam are its parts. us_data is what reading a
name from the file would add. These, and the time behind sample_tokens_per_s, are sums over short
pieces, each the best of four passes or eight. mem_peak is what the heap holds between backward
pass and update, with all that main.py creates; step_alloc what a step allocates, exec_bytes the
machine code in executable memory, first_step_s the time from the end of main.py's countdown to the
end of its first step. null: not to be had there.
"""

import argparse
import contextlib
import json
import tempfile
from pathlib import Path

import board
from runtime import ROOT, ToolError, run_micropython, run_tool

WORKLOAD = ROOT / "tools" / "bench_names.txt"
STEPS = 50
SILENCE = 3600  # seconds that a board may need
PASSES = 4  # as the allocator looks at four blocks at once, and each pass begins one further
FIELDS = [
    *("engine", "firmware", "steps", "us_per_step", "us_data", "tokens_per_step"),
    *("sample_tokens_per_s", "us_forward", "us_backward", "us_adam"),
    *("mem_peak", "step_alloc", "exec_bytes", "first_step_s"),
]

ENGINES = """
from esp32gpt import kernels
print((kernels.choose().name, kernels.ENGINES))
"""

# What runs where the engine is, after a line `ENGINE, PATH = ...`: all that main.py does up to its
# first step, then a step that looks at the heap. It prints one line, a dict of some of FIELDS.
START = """
import gc
def executable():
    try:
        import esp32
        return sum(region[1] for region in esp32.idf_heap_info(esp32.HEAP_EXEC))
    except (ImportError, AttributeError):
        return None

before = executable()
from esp32gpt import compat, kernels
kernels.ENGINES = (ENGINE,)
kernels.choose().engine.ATOMIC = True  # nothing interrupts: no copies to take a step back
after = executable()
from esp32gpt.gpt import GPT
ticks_diff, ticks_us = compat.ticks_diff, compat.ticks_us
compat.set_clock(240000000)
gc.collect()

# As main.py does, from the end of its countdown, with the default shape whatever is set there.
began = ticks_us()
gpt = GPT(names=PATH, n_embd=16, n_head=4, n_layer=1, block_size=16, steps=1000, seed=42)
gpt.trainer.train_step()
first_step = ticks_diff(ticks_us(), began)

class Probe:
    def step(self, params, grads, step):
        gc.collect()
        self.peak = gc.mem_alloc()
        optimizer.step(params, grads, step)

optimizer = gpt.trainer.optimizer
probe = gpt.trainer.optimizer = Probe()
gpt.trainer.train_step()
print({
    "firmware": ", ".join(reversed(compat.describe())),
    "mem_peak": probe.peak,
    "exec_bytes": None if after is None else before - after,
    "first_step_s": round(first_step / 1000000, 3),
})
"""

# What runs next, in a memory with nothing else in it, after a line `ENGINE, STEPS, PASSES, PATH,
# NAMES = ...`. It prints the rest of FIELDS.
#
# An allocation, and a call is one, takes as long as the search for a piece that is free, so where
# earlier garbage lay would decide over 5 % of a step. tidy() therefore puts the heap into one state
# before the clock starts: collected, its holes taken by new garbage, and the last 9 KB free. That
# is enough for five steps without a collection, but for the reference.
MEASURE = """
import gc
from esp32gpt import compat, kernels
engine = kernels.load(ENGINE)
engine.ATOMIC = True  # as before
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset, NameList
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer
ticks_diff, ticks_us = compat.ticks_diff, compat.ticks_us
compat.set_clock(240000000)
tokenizer = Tokenizer()
rng = Rng(42)
names = [name.decode() for name in NAMES.split()]
model = Model(Config(), engine)
model.init_weights(rng)
trainer = Trainer(model, NameList(names, tokenizer))
sampler = Sampler(model, tokenizer, rng)
tokens = trainer.tokens
half = 0.5
def litter(n):
    for _ in range(n):
        half * half
def room():
    gc.collect()
    count = used = 0
    while used < gc.mem_alloc() and count < 8192:
        used = gc.mem_alloc()
        litter(64)
        count += 64
    return count
def tidy():
    gc.collect()
    litter(holes)
def keep(times, i, time):
    times[i] = min(times[i], time)
def reading():
    names = Dataset(PATH, tokenizer, 42)
    for i in range(20):
        tidy()
        began = ticks_us()
        for _ in range(20):
            names.peek(tokens)
            names.advance()
        keep(reads, i, ticks_diff(ticks_us(), began))
    names.close()
def fives():
    trainer.documents = NameList(names, tokenizer)
    for i in range(0, STEPS, 5):
        tidy()
        yield i // 5, range(i, min(i + 5, STEPS))
def training():
    for i, five in fives():
        began = ticks_us()
        for _ in five:
            trainer.train_step()
        keep(steps, i, ticks_diff(ticks_us(), began))
def parts():
    for _, five in fives():
        for step in five:
            T = trainer.documents.peek(tokens)
            trainer.documents.advance()
            a = ticks_us()
            model.forward(tokens, 0, T)
            model.loss_forward(trainer.losses, trainer.targets, 0, T)
            b = ticks_us()
            trainer.backward.backward(tokens, T)
            c = ticks_us()
            trainer.optimizer.step(model.params, trainer.backward.grads, trainer.step)
            d = ticks_us()
            keep(forwards, step, ticks_diff(b, a))
            keep(backwards, step, ticks_diff(c, b))
            keep(adams, step, ticks_diff(d, c))
def sampling():
    rng.high, rng.low = 1, 42
    for i in range(20):
        tidy()
        began = ticks_us()
        name = sampler.sample()
        keep(samples, i, ticks_diff(ticks_us(), began))
        lengths[i] = min(len(name) + 1, 16)
def predictions():
    trainer.documents = NameList(names, tokenizer)
    count = 0
    for _ in range(STEPS):
        count += trainer.documents.peek(tokens)
        trainer.documents.advance()
    return count / STEPS
def allocated():
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        for _ in range(4):
            trainer.train_step()
        return (gc.mem_alloc() - before) // 4
    except MemoryError:
        return None
    finally:
        gc.enable()

def unknown(n):
    return [1 << 29] * n
reads, samples, lengths = unknown(20), unknown(20), unknown(20)
steps = unknown((STEPS + 4) // 5)
forwards, backwards, adams = unknown(STEPS), unknown(STEPS), unknown(STEPS)
for _ in range(3):
    trainer.train_step()
holes = max(room() - 640, 0)
for measure in (reading, reading, training, parts, parts, sampling):
    for _ in range(PASSES):
        measure()
        holes += 1
print({
    "us_per_step": round(sum(steps) / STEPS, 1),
    "us_data": round(sum(reads) / 400, 1),
    "tokens_per_step": predictions(),
    "sample_tokens_per_s": round(1000000 * sum(lengths) / sum(samples), 1),
    "us_forward": round(sum(forwards) / STEPS, 1),
    "us_backward": round(sum(backwards) / STEPS, 1),
    "us_adam": round(sum(adams) / STEPS, 1),
    "step_alloc": allocated(),
})
"""


class Host:
    """Runs scripts under this machine's MicroPython, with the library's source."""

    path = ROOT / "data" / "names.txt"

    def run(self, script):
        """What the script prints last, as a Python value. Raises ToolError."""
        library = str(ROOT / "firmware")
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "bench.py"
            file.write_text(f"import sys\nsys.path.insert(0, {library!r})\n{script}")
            return parse(run_micropython(file))


class Board:
    """Runs scripts on a board in a session, each after a soft reset: with all memory free."""

    path = "names.txt"

    def __init__(self, transport):
        self.transport = transport

    def run(self, script):
        """What the script prints last, as a Python value. Raises ToolError."""
        self.transport.enter_raw_repl(soft_reset=True)
        return parse(board.run(self.transport, script, SILENCE))


def parse(output):
    """The value of the last line."""
    return eval(output.strip().splitlines()[-1], {"__builtins__": {}})


def bench(machine, engine, steps):
    """Yield the figures of the engine, or of each but the reference that works there."""
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
    parser.add_argument("--port", help="the board's serial port; none: this machine")
    parser.add_argument("--engine", help="only this one; by default all but the reference, slow")
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


if __name__ == "__main__":
    run_tool(main)
