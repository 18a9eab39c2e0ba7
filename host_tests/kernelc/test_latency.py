"""The cost of the kernels: instructions counted in QEMU, and stalls estimated by kernelc.latency.

    .venv/bin/python -m pytest -q -s host_tests/kernelc/test_latency.py

prints the cycles of a training step, kernel by kernel. A loop is hot if a step spends a
twentieth of its cycles in it.
"""

import re
import types
from collections import Counter

import numpy as np
import pytest
from esp32gpt import settings
from esp32gpt.config import Config
from esp32gpt.kernels import reference
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

from tools.kernelc import latency
from tools.kernelc.compiler import compile_source
from tools.kernelc.ir import Op
from tools.kernelc.latency import loops
from tools.kernelc.listing import listing

from . import machine
from .test_kernels import CODES, MODULE

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

HOT = 0.05


class Cost:
    """The calls, instructions and stalls of a kernel in a step, and {start of a loop: its
    cycles}."""

    def __init__(self, code):
        self.code = code
        self.calls = self.instructions = self.stalls = 0
        self.loops = Counter()

    @property
    def cycles(self):
        return self.instructions + self.stalls

    def add(self, executed):
        ops = {address: op for address, _, op in self.code.lines}
        waits = latency.waits([ops[address] for address in executed])
        self.calls += 1
        self.instructions += len(executed)
        self.stalls += sum(waits)
        spent = Counter(executed)
        for address, wait in zip(executed, waits, strict=True):
            spent[address] += wait
        for loop in loops(self.code):
            self.loops[loop.lines[0][0]] += sum(spent[address] for address, _, _ in loop.lines)


@pytest.fixture(scope="module")
def step():
    """Return {kernel: Cost} of a training step at the default shape."""
    return costs_of_a_step(Config())


def costs_of_a_step(config):
    """Run a training step on a name of eight rows with the machine code of the kernels; return
    {kernel: Cost}."""
    costs = {}

    def counted(name):
        kernel, code = MODULE.kernels[name], CODES[name]

        def call(*args):
            arrays = [
                np.array(arg, {"floats": np.float32, "ints": np.int32}[kind])
                if kind in ("floats", "ints")
                else arg
                for arg, (_, kind) in zip(args, kernel.params, strict=True)
            ]
            costs.setdefault(name, Cost(code)).add(machine.trace(code, *arrays))
            return getattr(reference, name)(*args)

        return call

    engine = types.SimpleNamespace(**vars(reference))
    for name in CODES:
        setattr(engine, name, counted(name))
    model = Model(config, engine)
    model.init_weights(Rng(1))
    Trainer(model, NameList(["michael"], Tokenizer())).train_step()
    return costs


def hot_loops(step):
    """Return {kernel: its hot loops}."""
    total = sum(cost.cycles for cost in step.values())
    result = {}
    for name, cost in step.items():
        for loop in loops(cost.code):
            if cost.loops[loop.lines[0][0]] >= HOT * total:
                result.setdefault(name, []).append(loop)
    return result


def show(step):
    """Print a table of the costs; return the instructions and the stalls of the step."""
    print(f"\n{'kernel':24}{'calls':>6}{'instructions':>14}{'stalls':>9}{'cycles':>9}")
    total = [0, 0]
    for name, cost in step.items():
        print(f"{name:24}{cost.calls:6}{cost.instructions:14,}{cost.stalls:9,}{cost.cycles:9,}")
        total = [total[0] + cost.instructions, total[1] + cost.stalls]
    print(f"{'together':24}{'':6}{total[0]:14,}{total[1]:9,}{sum(total):9,}")
    return total


def test_the_cycles_of_a_training_step(step):
    instructions, stalls = show(step)
    assert instructions < 347_000 and stalls < 46_000


def test_the_cycles_of_a_step_of_the_largest_preset():
    _, config = settings.new({"preset": "largest"})
    instructions, stalls = show(costs_of_a_step(config))
    assert instructions < 795_000 and stalls < 94_000


def test_the_hot_loops_are_those_of_the_matrices_and_of_adam(step):
    names = {"linear_forward", "linear_backward", "adam_step"}
    assert hot_loops(step).keys() == names


def distances(loop, makers):
    """Return, for each result of these instructions, the distance to its first use around the
    loop."""
    ops = [op for _, _, op in loop.lines] * 2
    for i, op in enumerate(ops[: len(ops) // 2]):
        if op.name in makers:
            made = next(register for register in latency.writes(op) if register[0] == "f")
            readers = (j for j in range(i + 1, len(ops)) if made in latency.reads(ops[j]))
            yield next(readers, i + 99) - i


def test_in_hot_loops_sums_are_4_apart_and_loads_2_before_their_use(step):
    for name, hot in hot_loops(step).items():
        for loop in hot:
            assert min(distances(loop, ("lsi", "lsip", "lsxp"))) >= 2, name
            assert min(distances(loop, ("madd.s",))) >= 4, name
            if name == "adam_step":
                # The last sums are stored at once, because there is no other work meanwhile. If ε
                # counts, it branches.
                assert loop.stalls <= 3 and loop.cycles <= 59
            else:
                assert loop.stalls == 0 and not loop.branches, name


def test_remainders_wait_one_cycle_at_most():
    for name in ("linear_forward", "linear_backward"):
        assert [loop.stalls for loop in loops(CODES[name])][0] == 0
        assert max(loop.stalls for loop in loops(CODES[name])) <= 1


LINEAR = {
    "linear_forward": lambda T, i, o: (T * o, T * i, i * o, 0, T, i, o, 0),
    "linear_backward": lambda T, i, o: (T * i, i * o, T * o, T * i, i * o, T, i, o, 0),
}
SLOPES = {  # (kernel, inputs, outputs): instructions
    ("linear_forward", 16, 16): 1.98,
    ("linear_forward", 16, 64): 1.98,
    ("linear_forward", 64, 64): 1.82,
    ("linear_forward", 64, 256): 1.82,
    ("linear_forward", 320, 80): 1.77,
    ("linear_backward", 16, 16): 1.90,
    ("linear_backward", 16, 64): 1.82,
    ("linear_backward", 64, 64): 1.82,
    ("linear_backward", 64, 256): 1.81,
    ("linear_backward", 320, 80): 1.83,
}


@pytest.mark.parametrize("name, n_in, n_out", SLOPES)
def test_instructions_a_multiply_add_between_4_or_8_rows_and_twice_as_many(name, n_in, n_out):
    rows = 8 if n_in == 16 else 4
    counts = []
    for T in (rows, 2 * rows):
        sizes = zip(LINEAR[name](T, n_in, n_out), MODULE.kernels[name].params, strict=True)
        args = [np.ones(n, np.float32) if kind == "floats" else n for n, (_, kind) in sizes]
        counts.append(len(machine.trace(CODES[name], *args)))
    products = rows * n_in * n_out * (1 if name == "linear_forward" else 2)
    slope = (counts[1] - counts[0]) / products
    print(f"{name} {n_in}x{n_out}: {slope:.3f} instructions a multiply-add")
    assert slope <= SLOPES[name, n_in, n_out]


def test_attention_costs_no_more_for_a_long_context():
    C, heads = 16, 4
    costs = {}
    for T in (16, 32, 64):
        pairs = T * (T + 1) // 2
        qkv, out = np.ones(T * 3 * C, np.float32), np.ones(T * C, np.float32)
        probs = np.full(heads * pairs, 1 / T, np.float32)
        shape = (T, C, heads, T)
        forward = machine.trace(CODES["attention_forward"], out, probs, qkv, 0, *shape)
        buffers = (np.ones(T * 3 * C, np.float32), np.ones(T, np.float32), out, probs, qkv)
        backward = machine.trace(CODES["attention_backward"], *buffers, *shape)
        costs[T] = [len(trace) / (pairs * C) for trace in (forward, backward)]
        print(f"attention, {T} rows: {costs[T][0]:.1f} and {costs[T][1]:.1f} instructions")
    assert costs[64] < costs[32] < costs[16] and costs[16][0] < 19.5 and costs[16][1] < 23


def test_a_parameter_that_never_had_a_gradient_costs_adam_little():
    n = 64
    counts = []
    for value in (1.0, 0.0):
        buffers = [np.full(n, value, np.float32) for _ in range(4)]
        hyper = np.array([0.01, 0.85, 0.99, 1e-8], np.float32)
        counts.append(len(machine.trace(CODES["adam_step"], *buffers, hyper, 3, 1000, n)))
    assert counts[1] - counts[0] <= 4 * n


def test_stalls_are_counted_around_the_loop():
    def waits(*lines):
        return latency.steady_waits([Op(name, list(args)) for name, *args in lines])

    assert waits(("lsip", 1, 2, 4), ("lsip", 3, 4, 4), ("madd.s", 0, 1, 3)) == [0, 0, 1]
    assert waits(("madd.s", 0, 1, 2)) == [3]
    assert waits(("madd.s", 0, 1, 2), ("nop.n",), ("nop.n",)) == [1, 0, 0]
    assert waits(("mul.s", 0, 1, 2), ("ssi", 0, 3, 0)) == [0, 3]
    assert waits(("ssi", 0, 3, 0), ("nop.n",), ("mul.s", 0, 1, 2)) == [3, 0, 0]
    assert waits(("olt.s", 0, 1, 2), ("movt.s", 1, 2, 0)) == [0, 0]


def test_the_listing_shows_what_loops_cost():
    source = (
        "def f(y: floats, x: floats, n: int):\n    for i in range(n):\n        y[i] = x[i] * 2.0\n"
    )
    module, codes = compile_source(source, "f.py")
    text = listing(module, codes)
    assert "line 3: 3 instructions + 4 stalls = 7 cycles a pass\n" in text
    stalls = re.findall(r"  (\S+) +f\d.* (\+\d)$", text, re.MULTILINE)
    assert stalls == [("mul.s", "+1"), ("ssip", "+3")]
