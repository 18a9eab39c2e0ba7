"""Serial ports: find the board's port, open and close it, and report failures. The numbers are the
numbers of reports in firmware/BOARDS.md."""

import errno
import os
import pty
import sys
from types import SimpleNamespace

import pytest
import serial

from tools.host import ports
from tools.host.board import interrupt, session

WINDOWS = "could not open port 'COM5': {}"


def adapter(device, vid=0x10C4):
    return SimpleNamespace(device=device, vid=vid, description="USB to UART")


@pytest.fixture
def adapters(monkeypatch):
    """Replace the list of this machine's serial ports; the test fills it."""
    found = []
    monkeypatch.setattr(ports.list_ports, "comports", lambda: found)
    return found


@pytest.fixture
def pair():
    """Yield both ends of a pty: the board's end, and the name of the port."""
    master, slave = pty.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def silent(pair):
    """Return the port of a board that never answers."""
    return pair[1]


@pytest.fixture
def system(monkeypatch):
    """Return a function that sets the name of this system, and the programs on it."""

    def be(platform, *programs):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(ports.shutil, "which", lambda name: name if name in programs else None)

    return be


@pytest.fixture
def refused(monkeypatch):
    """Return a function that lets opening a port raise an error, and returns the user's message."""

    def refuse(error, port="COM5"):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr(ports, "Port", fail)
        with pytest.raises(ports.BoardError) as told:
            ports.open_port(port)
        return str(told.value)

    return refuse


def test_the_only_usb_adapter_is_the_board(adapters):
    adapters += [adapter("/dev/ttyS0", vid=None), adapter("/dev/ttyUSB3")]
    assert ports.find_port() == "/dev/ttyUSB3"


def test_a_port_that_is_named_is_not_looked_for(adapters):
    assert ports.find_port("/dev/ttyUSB7") == "/dev/ttyUSB7"


def test_no_adapter_is_an_error_that_names_port(adapters):
    adapters.append(adapter("/dev/ttyS0", vid=None))
    with pytest.raises(ports.BoardError, match="No board found.*PORT="):
        ports.find_port()


def test_several_adapters_are_listed_to_choose_from(adapters):
    adapters += [adapter("/dev/ttyUSB1"), adapter("/dev/ttyUSB0")]
    with pytest.raises(ports.BoardError, match="/dev/ttyUSB0 .*, /dev/ttyUSB1 "):
        ports.find_port()


def test_brltty_is_named_where_it_may_hide_the_adapter(adapters, system):
    """thonny #2360"""
    system("linux", "brltty")
    with pytest.raises(ports.BoardError, match="brltty .*apt remove brltty"):
        ports.find_port()
    system("linux")
    with pytest.raises(ports.BoardError, match="PORT=/dev/ttyUSB0.$"):
        ports.find_port()


@pytest.mark.parametrize(("platform", "port"), [("win32", "COM3"), ("darwin", "/dev/cu.usbserial")])
def test_a_missing_driver_is_named_where_systems_have_none(adapters, system, platform, port):
    """thonny #2747, arduino-esp32 #9757"""
    system(platform)
    with pytest.raises(ports.BoardError, match=f"PORT={port}.*CP210x, CH340 or CH9102.*driver"):
        ports.find_port()


def test_on_a_mac_the_port_is_opened_by_the_name_that_does_not_wait(system):
    """node-serialport #1729, espflash #608"""
    system("darwin")
    assert ports.find_port("/dev/tty.usbmodem101") == "/dev/cu.usbmodem101"
    assert ports.find_port("/dev/cu.usbmodem101") == "/dev/cu.usbmodem101"
    system("linux")
    assert ports.find_port("/dev/tty.usbmodem101") == "/dev/tty.usbmodem101"


def test_a_port_in_use_is_said_to_be(silent):
    other = ports.open_port(silent)
    for use in (lambda: ports.open_port(silent), lambda: session(silent).__enter__()):
        with pytest.raises(ports.BoardError, match="in use by another program"):
            use()
    other.close()
    ports.open_port(silent).close()


def test_no_permission_names_the_group(refused, tmp_path):
    """thonny #2360"""
    said = refused(serial.SerialException(errno.EACCES, "could not open port"), "/dev/ttyUSB99")
    assert "No permission to use /dev/ttyUSB99" in said and "dialout" in said
    path = tmp_path / "port"
    path.touch()
    own = refused(serial.SerialException(errno.EACCES, "could not open port"), str(path))
    assert f"usermod -aG {path.group()} " in own


def test_a_file_is_no_serial_port(tmp_path):
    path = tmp_path / "port"
    path.touch()
    with pytest.raises(ports.BoardError, match="cannot be used as a serial port"):
        ports.open_port(str(path))


@pytest.mark.parametrize(
    ("original", "said"),
    [
        # thonny #2315, #2421
        ("PermissionError(13, 'Access is denied.', None, 5)", "COM5 is in use by another program"),
        # arduino-esp32 #978
        ("FileNotFoundError(2, 'The system cannot find the file', None, 2)", "There is no port"),
        # esp-box #10, esp-idf #13318
        (
            "PermissionError(13, 'A device attached to the system is not functioning.', None, 31)",
            "unplug the board and plug it in again; if this does not help, hold its BOOT button",
        ),
        # nPhoneKIT #10
        ("OSError(22, 'The semaphore timeout period has expired.', None, 121)", "unplug the board"),
        # arduino-esp32 #11482
        ("OSError(22, 'A device which does not exist was specified.', None, 433)", "is no port"),
    ],
)
def test_what_windows_says_is_told_in_one_sentence(refused, original, said):
    told = refused(serial.SerialException(WINDOWS.format(original)))
    assert said in told and told.count(".") <= original.count(".") + 1


class Lines(ports.Port):
    """A port that records the order in which its lines are released."""

    released = ()
    fd = None

    def open(self):
        self.is_open = True

    def _update_rts_state(self):
        self.released += ("rts",) * (not self._rts_state)

    def _update_dtr_state(self):
        self.released += ("dtr",) * (not self._dtr_state)

    def _reconfigure_port(self, **_):
        pass


def test_a_port_is_closed_in_the_order_that_does_not_reset_the_board():
    """micropython #9659"""
    port = Lines()
    port.open()
    port.close()
    assert port.released == ("rts", "dtr")


def test_a_port_that_comes_back_after_a_reset_is_waited_for(tmp_path, pair):
    """esptool #980, mpbridge #24"""
    path = tmp_path / "port"
    assert not ports.wait_for(str(path), 0.3)
    path.symlink_to(pair[1])
    assert ports.wait_for(str(path), 0.3)


class Wired:
    """A board with its reset wired to DTR: it answers when DTR is released."""

    timeout = 0
    in_waiting = 0

    def __init__(self):
        self.dtr = self.rts = True
        self.answer = b""

    def write(self, data):
        self.answer = b"" if self.dtr else b"raw REPL; CTRL-B to exit\r\n>"

    def read(self, n):
        said, self.answer = self.answer[:n], self.answer[n:]
        return said


def test_a_board_that_stands_still_while_dtr_is_set_gets_it_released():
    """micropython #17532, #11451, mpy-utils #13"""
    entered = []
    transport = SimpleNamespace(
        serial=Wired(), enter_raw_repl=lambda soft_reset: entered.append(soft_reset)
    )
    interrupt(transport, "/dev/ttyUSB0", patience=6)
    assert entered == [False] and not transport.serial.dtr and not transport.serial.rts
