"""The library on the chip itself: on a board (make test-device PORT=…) or on an emulated one. The
library, main.py and the names must be deployed there."""

import random
import re
import time
from pathlib import Path

import pytest
from esp32gpt.kernels import ENGINES

from host_tests.support.chip import SLOW, needs
from host_tests.support.places import LIBRARY, LIBRARY_TESTS, RUNNER
from tools.deploy import copy
from tools.host import chips
from tools.host.board import session
from tools.host.ports import open_port
from tools.staging.stage import compile_module

INTERRUPTS = 20
FORGET = "import os\nfor n in os.listdir(): 'esp32gpt.ckpt' in n and os.remove(n)\n"

# What main.py leaves at the REPL, and its lines.
GPT = "gpt"
STEP = "gpt.trainer.step"
CHECKSUMS = "binascii.crc32(gpt.model.params), binascii.crc32(gpt.trainer.optimizer.moments[0])"
TRAIN_TO = "gpt.trainer.run({})"
COUNTDOWN = "training starts in"
BEGINS = r"training: step \d+ to 1000"
SAMPLES = "names it has invented"


@pytest.fixture
def console(board):
    """Yield a Console at the prompt of the friendly REPL."""
    with open_port(board) as port:
        yield Console(port)


class Console:
    """A terminal that can wait for a certain output."""

    def __init__(self, port):
        self.port = port
        self.prompt()

    def read_until(self, pattern, seconds=SLOW):
        """Return the output up to a match of the pattern. Raises AssertionError if there is
        none."""
        said = ""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, said):
            assert time.monotonic() < deadline, f"waited for {pattern!r}, but was told {said!r}"
            said += self.port.read(max(1, self.port.in_waiting)).decode(errors="replace")
        return said

    def prompt(self):
        """Stop any program and wait for an empty prompt. A booting board loses its input, so this
        tries until the board answers."""
        deadline = time.monotonic() + SLOW
        while True:
            self.port.write(b"\x02\x03\x03\r\nprint('re' + 'ady')\r\n")
            try:
                return self.read_until(r"ready\r\n(.|\n)*>>> $", 5)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def stop_in_countdown(self, begin):
        """Write the bytes `begin`, which start main.py, and type Ctrl-C while it counts down."""
        self.port.write(begin)
        self.read_until(COUNTDOWN)
        self.port.write(b"\x03")
        self.read_until(r"(stopped|KeyboardInterrupt)(.|\n)*>>> ")

    def ask(self, expression):
        """Return the output of the REPL for a line of Python."""
        self.port.write(f"print('<', ({expression}), '>')\r\n".encode())
        return re.search(r"\n< (.*) >\r\n>>> ", self.read_until(r"\n< .* >\r\n>>> "))[1]

    def forget(self):
        """Delete the checkpoints, so that the next run begins anew. This uses the raw REPL, because
        the friendly one would indent lines."""
        self.port.write(b"\x01" + FORGET.encode() + b"\x04\x02")
        self.read_until(r"OK\x04\x04>(.|\n)*>>> ")

    def state(self):
        """Return (step, checksums of weights and moments) of the model at the REPL, or None."""
        self.port.write(b"import binascii\r\n")
        self.read_until(">>> ")
        if self.ask(f"bool(globals().get('{GPT}'))") != "True":
            return None
        step, *checksums = self.ask(f"{STEP}, {CHECKSUMS}").strip("()").split(", ")
        return int(step), checksums


@pytest.fixture(scope="session")
def library_tests(board, tmp_path_factory):
    """Copy the library's compiled tests to the board's directory /tests. They are files, because a
    busy board loses bytes when it reads through a mount."""
    directory = tmp_path_factory.mktemp("tests")
    sources = [RUNNER, *LIBRARY.glob("*.py")]
    for source in sources:
        compile_module(
            source, Path(source.name), directory / f"{source.stem}.mpy", None, keep_asserts=True
        )
    with session(board) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.exec("import os\nif 'tests' not in os.listdir(): os.mkdir('tests')")
        for file in directory.iterdir():
            copy(transport, file.read_bytes(), f"/tests/{file.name}")
    yield "/tests"
    with session(board) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.exec(
            "import os\nfor n in os.listdir('tests'): os.remove('tests/' + n)\nos.rmdir('tests')"
        )


def library_runs():
    """Yield (module of tests, engine): a module that uses no engine runs once, with any."""
    for module in LIBRARY_TESTS:
        source = (LIBRARY / f"{module}.py").read_text(encoding="utf-8")
        uses_engine = re.search(r"\b(engines|kernels|GPT)\b", source)
        for engine in ("fpu", "viper") if uses_engine else ("any",):
            yield module, engine


@pytest.mark.parametrize(("module", "engine"), list(library_runs()))
def test_library_on_the_chip(chip, library_tests, module, engine, engines):
    if engine == "any":
        engine = engines[0]
    needs(engine, engines)
    said = run(
        chip,
        f"import sys\nsys.path.append('{library_tests}')\nimport engines, run_on_micropython\n"
        f"engines.ENGINES = ['{engine}']\n"
        f"engines.kernels.ENGINES = ('{engine}', 'reference')\n"  # there is no room for a third
        f"run_on_micropython.run(['{module}'])",
    )
    assert re.search(r"^[1-9]\d* passed, 0 failed\r?$", said, re.MULTILINE), said


def test_the_best_engine_that_the_chip_runs_is_chosen(chip, engines):
    chip.exec("from esp32gpt import kernels\nchoice = kernels.choose()")
    name, reasons = chip.eval("(choice.name, choice.reasons)")
    assert name == engines[0]
    better = ENGINES[: ENGINES.index(name)]
    assert [reason.split()[1] for reason in reasons] == list(better)


def run(chip, script):
    """Run the script and return its output."""
    said, complaint = chip.exec_raw(script, timeout=SLOW)
    assert not complaint, (said + complaint).decode()
    return said.decode()


def test_main_trains_and_invents_names(console, engines, identity):
    needs(engines[0], ("fpu", "viper"))
    console.forget()
    console.port.write(b"\x04")
    said = console.read_until(r"\n20 [a-z]+\r\n(.|\n)*>>> ", 3 * SLOW)
    assert f"esp32gpt: {identity.machine}" in said
    assert f", {chips.of_machine(identity.machine).megahertz} MHz\r\n" in said
    losses = [float(avg) for avg in re.findall(r"avg:(\d\.\d+)", said)]
    assert losses[-1] < 2.6 and "step:1000 " in said
    assert console.ask(STEP) == "1000"


@pytest.mark.parametrize("engine", ["fpu", "viper"])
def test_a_full_run_leaves_room_at_the_repl(chip, engine, engines):
    needs(engine, engines)
    said = run(
        chip,
        f"{FORGET}from esp32gpt import kernels\n"
        f"kernels.ENGINES = ('{engine}', 'reference')\nimport main",
    )
    assert f"engine: {engine}" in said and "step:1000 " in said and SAMPLES in said
    chip.exec("import gc\ngc.collect()\nroom = bytearray(16384)")


def test_a_run_of_the_largest_preset_leaves_room_at_the_repl(chip, engines):
    needs("fpu", engines)
    run(chip, f"{FORGET}open('esp32gpt.json', 'w').write('{{\"preset\": \"largest\"}}')")
    try:
        chip.enter_raw_repl(soft_reset=True)
        said = run(chip, "import main")
        assert "step:1000 " in said and SAMPLES in said and "held-out: loss" in said
        chip.exec("import gc\ngc.collect()")
        assert chip.eval("gc.mem_free()") >= 12 * 1024
    finally:
        run(chip, f"{FORGET}os.remove('esp32gpt.json')")


def test_ctrl_c_at_random_moments_leaves_whole_steps(console, engines):
    """After an interrupt at any moment, the weights must be those of an undisturbed run at that
    step, in a new run and in a resumed run."""
    needs(engines[0], ("fpu", "viper"))
    rng = random.Random(1)
    seen = {}
    for _ in range(INTERRUPTS):
        if rng.random() < 0.5:
            console.forget()
        console.port.write(b"\x04")
        if rng.random() < 0.8:
            console.read_until(r"step:\d+ |all 1000 steps are done")
            time.sleep(rng.random())
        else:  # booting, importing, counting down, drawing weights
            time.sleep(rng.random() * 4)
        console.port.write(b"\x03")
        console.prompt()
        state = console.state()
        if state:
            assert seen.setdefault(*state) == state[1]
    assert len(seen) > INTERRUPTS // 3, "too few interrupts fell into training"
    # One more run, with only the REPL between the steps.
    console.forget()
    console.port.write(b"\x04")
    console.read_until(BEGINS)
    console.port.write(b"\x03")
    console.prompt()
    at = console.state()[0]
    compared = 0
    for step in sorted(seen):
        if step >= at:
            console.ask(f"[0 for _ in {TRAIN_TO.format(step)}] and 0")
            assert console.state() == (step, seen[step]), f"step {step} was not whole"
            compared += 1
    assert compared > INTERRUPTS // 4


IN_PIECES = "from esp32gpt import pieces, trainer; pieces.PIECE = trainer.PIECE = 500"


@pytest.mark.parametrize(
    "first, shape",
    [("", "preset='largest'"), (IN_PIECES, "n_embd=16")],
    ids=["16 bits", "in pieces"],
)
def test_ctrl_c_leaves_whole_steps_if_weights_are_updated_in_several_calls(
    console, engines, first, shape
):
    """With moments of 16 bits the backward pass also updates the weights. Ctrl-C is held back until
    the end of the updates."""
    needs("fpu", engines)
    rng = random.Random(3)

    def begin():
        console.forget()
        console.stop_in_countdown(b"\x04")
        for line in (first, f"{GPT} = GPT({shape}, steps=100000, autosave_seconds=0)"):
            console.port.write(f"{line}\r\n".encode())
            console.read_until(">>> ")

    begin()
    seen = []
    for _ in range(8):
        console.port.write(f"{GPT}.train()\r\n".encode())
        console.read_until(r"step:\d+ ")
        time.sleep(rng.random())
        console.port.write(b"\x03")
        console.read_until(r"stopped after step \d+(.|\n)*>>> ")
        seen.append(console.state())
    assert console.ask(f"len({GPT}.sample(2))") == "2"
    begin()
    for step, checksums in seen:
        console.ask(f"[0 for _ in {TRAIN_TO.format(step)}] and 0")
        assert console.state() == (step, checksums), f"step {step} was not whole"


def test_ctrl_c_in_the_countdown_gives_a_repl(console):
    console.stop_in_countdown(b"\x04")
    assert console.state() is None
    console.stop_in_countdown(b"main()\r\n")


def test_ctrl_c_while_sampling_gives_a_repl(console, engines):
    needs(engines[0], ("fpu", "viper"))
    console.forget()
    console.port.write(b"\x04")
    console.read_until(SAMPLES, 3 * SLOW)
    console.port.write(b"\x03")
    console.prompt()
    before = console.state()
    rng = random.Random(2)
    for _ in range(5):
        console.port.write(f"{GPT}.show(100000)\r\n".encode())
        console.read_until(r"\n 9 \w")
        time.sleep(rng.random() / 5)
        console.port.write(b"\x03")
        console.read_until(r"KeyboardInterrupt(.|\n)*>>> ")
        assert console.state() == before
    assert console.ask(f"len({GPT}.sample(2))") == "2"


def test_a_reset_while_training_starts_again(console):
    console.forget()
    console.port.write(b"\x04")
    console.read_until(BEGINS)
    console.port.write(b"\x03")
    console.prompt()
    console.port.write(b"import machine\r\n")
    console.read_until(">>> ")
    timer = "machine.Timer(0).init(mode=0, period=2000, callback=lambda t: machine.reset())"
    console.port.write(f"{timer}; {GPT}.train()\r\n".encode())
    said = console.read_until(f"{BEGINS}(.|\n)*{BEGINS}")
    assert "esp32gpt: " in said


def test_a_shape_too_large_is_refused_in_one_sentence(chip):
    said = run(
        chip,
        "from esp32gpt import kernels\n"
        "from esp32gpt.config import Config\n"
        "from esp32gpt.model import Model\n"
        "try:\n    Model(Config(n_embd=64, n_layer=4), kernels.choose().engine)\n"
        "except MemoryError as error:\n    print(error)\n",
    )
    assert re.fullmatch(r"this model needs \d+ bytes and \d+ are free: .*\s+", said), said
    assert chip.eval("1 + 1") == 2


@pytest.mark.parametrize("kilobytes", [0, 100])
def test_kernels_load_before_and_after_large_arrays(chip, kilobytes, engines):
    chip.exec(f"arrays = [bytearray(10240) for _ in range({kilobytes // 10})]")
    chip.exec("from esp32gpt import kernels\nchoice = kernels.choose()")
    assert chip.eval("choice.name") == engines[0], chip.eval("choice.reasons")


def test_soft_resets_give_executable_memory_back(chip):
    free = []
    for _ in range(10):
        chip.enter_raw_repl(soft_reset=True)
        chip.exec("import esp32\nfrom esp32gpt import kernels\nkernels.choose()")
        free.append(chip.eval("sum(heap[1] for heap in esp32.idf_heap_info(esp32.HEAP_EXEC))"))
    assert min(free) >= free[0] - 256, free
