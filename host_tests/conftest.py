"""Where the tests find the code, and what they run on: the host's MicroPython, and a board.

A board is a real one (`--port PORT`), or an emulated one for each firmware file that the
variable ESP32GPT_FIRMWARE lists (separated as in PATH), on the QEMU that the variable QEMU, which
may list several, or PATH names. Tests that ask for what is not there are skipped and say so.
"""

import os
import signal
from pathlib import Path

import pytest

from host_tests.support import session
from host_tests.support.chip import SLOW
from tools import deploy
from tools.host import board as serial_board
from tools.host import chips, emulator, flashimage, image, stage
from tools.host.errors import ToolError
from tools.host.micropython import find_micropython
from tools.host.paths import ROOT
from tools.monitor.log import Log

FIRMWARES = [Path(p) for p in os.environ.get("ESP32GPT_FIRMWARE", "").split(os.pathsep) if p]


def pytest_addoption(parser):
    parser.addoption("--port", help="the port of a board to test on, or `auto`")


def pytest_configure(config):
    # A test run that is told to end must still end the emulators that it started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("told to end", 143))


def pytest_generate_tests(metafunc):
    """Tests for `board` run once for each, those for `firmware` once for each emulated one."""
    port = metafunc.config.getoption("port")
    port = serial_board.find_port() if port == "auto" else port
    boards = {"board": [port] if port else FIRMWARES, "firmware": FIRMWARES}
    for name, params in boards.items():
        if name in metafunc.fixturenames:
            ids = [Path(p).stem for p in params] or ["none"]
            metafunc.parametrize(name, params or [None], ids=ids, indirect=True, scope="session")


@pytest.fixture(scope="session")
def micropython():
    """The path of the host's MicroPython."""
    try:
        return find_micropython()
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def firmware(request):
    """A stock firmware that an emulator here can boot, as image.Firmware."""
    if request.param is None:
        pytest.skip("no emulator: set ESP32GPT_FIRMWARE to a MicroPython .bin file, and QEMU")
    return emulated_firmware(request.param)


def emulated_firmware(path):
    """The image.Firmware in the file, where an emulator here has its chip."""
    firmware = image.load(path)
    try:
        emulator.find_qemu(firmware.chip)
    except ToolError as error:
        pytest.skip(str(error))
    return firmware


@pytest.fixture(scope="session")
def board(request, tmp_path_factory):
    """The port of a board, real or emulated, with the library, main.py and names on it. It may
    be running anything: board.session interrupts it."""
    if request.param is None:
        pytest.skip("no board: give --port, or set ESP32GPT_FIRMWARE to a .bin file, and QEMU")
    stage.prepare_names(ROOT / "data" / "names.txt")
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
    """What the board says of itself, as board.Identity."""
    with serial_board.session(board) as transport:
        return serial_board.identify(transport)


@pytest.fixture(scope="session")
def engines(identity):
    """The engines that run on the board, best first."""
    fpu = ["fpu"] if chips.of_machine(identity.machine).fpu else []
    viper = ["viper"] if identity.architecture else []
    return [*fpu, *viper, "reference"]


@pytest.fixture
def chip(board):
    """The board's raw REPL after a soft reset: nothing imported, main.py not run."""
    with serial_board.session(board) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.serial.timeout = SLOW
        yield transport


@pytest.fixture
def done():
    """What the monitor knows after a whole run."""
    log = Log()
    log.feed(session.WHOLE, 0)
    return log
