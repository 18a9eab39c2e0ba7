"""Fixtures: the host's MicroPython, boards, and lists of names.

`--port PORT` names a real board. The environment variable ESP32GPT_FIRMWARE lists firmware files,
separated as in PATH; each runs on an emulated board. QEMU is found on PATH, or in the environment
variable QEMU, which may list several. A test is skipped if its fixture is missing here.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from host_tests.support import session
from host_tests.support.chip import SLOW
from host_tests.support.firmware import make_firmware
from tools import deploy
from tools.host import board as serial_board
from tools.host import chips, emulator, image, ports
from tools.host.errors import ToolError
from tools.host.micropython import find_micropython
from tools.host.paths import DATA, FIRMWARE
from tools.monitor.log import Log
from tools.staging import flashimage, stage

FIRMWARES = [Path(p) for p in os.environ.get("ESP32GPT_FIRMWARE", "").split(os.pathsep) if p]


def pytest_addoption(parser):
    parser.addoption("--port", help="the port of a board to test on, or `auto`")


def pytest_configure(config):
    # SIGTERM must still stop the emulators that the tests started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("told to end", 143))


def pytest_generate_tests(metafunc):
    """Run a test that uses `board` once for each board, and one that uses `firmware` once for each
    firmware file."""
    port = metafunc.config.getoption("port")
    port = ports.find_port() if port == "auto" else port
    boards = {"board": [port] if port else FIRMWARES, "firmware": FIRMWARES}
    for name, params in boards.items():
        if name in metafunc.fixturenames:
            ids = [Path(p).stem for p in params] or ["none"]
            metafunc.parametrize(name, params or [None], ids=ids, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def build(tmp_path_factory):
    """Stage files in an empty directory: no test reads or changes what lies in build/."""
    directory = tmp_path_factory.mktemp("build")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NAMES", "SETTINGS", "STAGED"):
            patch.setattr(stage, name, directory / getattr(stage, name).name)
        yield directory


@pytest.fixture(scope="session")
def micropython():
    """Return the path of the host's MicroPython."""
    try:
        return find_micropython()
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def firmware(request):
    """Return a stock firmware that an emulator here can boot, as image.Firmware."""
    if request.param is None:
        pytest.skip("no emulator: set ESP32GPT_FIRMWARE to a MicroPython .bin file, and QEMU")
    return emulated_firmware(request.param)


def emulated_firmware(path):
    """Return the image.Firmware in the file; skip the test if no emulator here has its chip."""
    firmware = image.load(path)
    try:
        emulator.find_qemu(firmware.chip)
    except ToolError as error:
        pytest.skip(str(error))
    return firmware


@pytest.fixture(scope="session")
def board(request, tmp_path_factory):
    """Yield the port of a board, real or emulated, with the library, main.py and the names on it.
    The board may be running anything: board.session interrupts it."""
    if request.param is None:
        pytest.skip("no board: give --port, or set ESP32GPT_FIRMWARE to a .bin file, and QEMU")
    stage.prepare_files(DATA / "names.txt")
    if isinstance(request.param, str):
        deploy.deploy(request.param)
        yield request.param
        return
    stock = emulated_firmware(request.param)
    path = tmp_path_factory.mktemp("emulator") / "flash.bin"
    flashimage.make_flash(stock, path)
    flashimage.update_files(stock, path, stage.stage(stock.chip.architecture, stock.chip.fpu))
    with emulator.Emulator(stock.chip, path) as emulated:
        yield emulated.port


@pytest.fixture(scope="session")
def identity(board):
    """Return the board's Identity."""
    with serial_board.session(board) as transport:
        return serial_board.identify(transport)


@pytest.fixture(scope="session")
def engines(identity):
    """Return the names of the engines that run on the board, best first."""
    fpu = ["fpu"] if chips.of_machine(identity.machine).fpu else []
    viper = ["viper"] if identity.architecture else []
    return [*fpu, *viper, "reference"]


@pytest.fixture
def chip(board):
    """Yield a session in the raw REPL after a soft reset: nothing is imported, main.py did not
    run."""
    with serial_board.session(board) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.serial.timeout = SLOW
        yield transport


@pytest.fixture
def done():
    """Return the monitor's Log after a whole run."""
    log = Log()
    log.feed(session.WHOLE, 0)
    return log


@pytest.fixture
def source(tmp_path):
    """Return a function that writes a list of names with these bytes and returns its path."""

    def write(data):
        path = tmp_path / "source.txt"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def dest(tmp_path):
    """Return the path of a prepared list that is not written yet."""
    return tmp_path / "out" / "prepared.txt"


@pytest.fixture
def firmware_file(tmp_path):
    """Return the path of a file with firmware for an ESP32 that has no program in it."""
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware())
    return path


@pytest.fixture
def said_by_micropython(micropython, tmp_path):
    """Return a function that runs a program, which may import the library, in tmp_path under the
    host's MicroPython, and returns the lines that it printed."""

    def run(program):
        script = tmp_path / "program.py"
        script.write_text(program)
        done = subprocess.run(
            [micropython, "-X", "heapsize=8M", script],
            cwd=tmp_path,
            env={"MICROPYPATH": str(FIRMWARE)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout[-200:] + done.stderr
        return done.stdout.splitlines()

    return run
