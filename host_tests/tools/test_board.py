"""tools/host/board.py: use the REPL of a board, and report failures."""

import os
import pty
import time
from pathlib import Path

import pytest

from host_tests.support.fakeboard import FakeBoard
from tools.host import board
from tools.host.errors import ToolError

pytestmark = pytest.mark.usefixtures("micropython")


@pytest.fixture
def silent():
    """Yield the port of a board that never answers."""
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_no_such_port():
    with (
        pytest.raises(board.BoardError, match="There is no port /dev/ttyUSB99"),
        board.session("/dev/ttyUSB99"),
    ):
        pass


def test_a_silent_board_is_given_up_after_the_patience_asked_for(silent):
    """micropython #8524, #8308: the REPL may be on the other of two sockets"""
    began = time.monotonic()
    with (
        pytest.raises(
            board.BoardError,
            match=f"No MicroPython answers on {silent}.*other USB socket.*make flash",
        ),
        board.session(silent, patience=1),
    ):
        pass
    assert time.monotonic() - began < 5


def test_a_session_runs_code_on_the_board():
    with FakeBoard() as fake, board.session(fake.port) as transport:
        assert transport.eval("6 * 7") == 42


@pytest.mark.parametrize("deaf", [0, 1, 3])
def test_a_board_that_boots_or_trains_is_interrupted(deaf):
    """micropython #8002"""
    with FakeBoard(training=deaf) as fake, board.session(fake.port) as transport:
        assert transport.eval("6 * 7") == 42
        assert transport.eval("6 * 8") == 48


def test_a_session_leaves_the_board_at_its_prompt():
    with FakeBoard() as fake:
        with board.session(fake.port):
            pass
        assert fake.says(">>> ")
        with board.session(fake.port) as transport:
            assert transport.eval("1 + 1") == 2


def test_an_exception_on_the_board_is_told_by_its_last_line():
    with (
        FakeBoard() as fake,
        pytest.raises(board.BoardError, match="ZeroDivisionError"),
        board.session(fake.port) as transport,
    ):
        transport.exec("1 / 0")


def test_a_file_of_this_machine_is_not_blamed_on_the_board():
    with (
        FakeBoard() as fake,
        pytest.raises(ToolError, match="^/no/such/file cannot be used"),
        board.session(fake.port),
    ):
        Path("/no/such/file").read_bytes()


@pytest.mark.parametrize("complaint", ["ImportError: no module", "DatasetError: no names file"])
def test_a_board_that_lacks_the_library_is_told_how_to_get_it(complaint):
    with (
        FakeBoard() as fake,
        pytest.raises(board.BoardError, match=f"{complaint}.*`make deploy PORT="),
        board.session(fake.port) as transport,
    ):
        kind, text = complaint.split(": ")
        board.run(transport, f"class DatasetError(Exception): pass\nraise {kind}({text!r})", 5)


def test_a_board_whose_memory_is_full_is_told_what_to_do():
    with (
        FakeBoard() as fake,
        pytest.raises(board.BoardError, match=r"out of memory \(MemoryError: no\): press its EN"),
        board.session(fake.port) as transport,
    ):
        board.run(transport, "raise MemoryError('no')", 5)


def test_what_a_script_prints_is_told():
    with FakeBoard() as fake, board.session(fake.port) as transport:
        assert board.run(transport, "print(6 * 7)", 5).strip() == "42"


def test_a_board_that_is_unplugged_is_told_from_one_that_complains():
    with (
        FakeBoard() as fake,
        pytest.raises(board.BoardError, match="check its cable"),
        board.session(fake.port) as transport,
    ):
        fake.unplug()
        transport.exec("1")


def test_identity():
    with FakeBoard(version=(1, 25, 2)) as fake, board.session(fake.port) as transport:
        machine = "Generic ESP32 module with ESP32"
        assert board.identify(transport) == ((1, 25, 2), machine, "xtensawin", 6)


def test_a_board_without_native_code_has_no_architecture():
    with FakeBoard(mpy=6) as fake, board.session(fake.port) as transport:
        assert board.identify(transport).architecture is None


@pytest.mark.parametrize("version", [(1, 20, 0), (1, 22, 2)])
def test_old_firmware_is_refused_with_its_version_and_the_remedy(version):
    with FakeBoard(version=version) as fake, board.session(fake.port) as transport:
        said = ".".join(map(str, version))
        with pytest.raises(board.BoardError, match=f"runs MicroPython {said}.*make flash"):
            board.identify(transport)


@pytest.mark.parametrize("version", [(1, 23, 0), (1, 29, 0), (2, 0, 0)])
def test_firmware_that_is_new_enough_is_accepted(version):
    with FakeBoard(version=version) as fake, board.session(fake.port) as transport:
        assert board.identify(transport).version == version
