"""Serial ports: find the board's port, open and close it without a reset, and turn every failure
into one sentence. firmware/BOARDS.md lists the reports that are handled here."""

import errno
import os
import shutil
import sys
import time
from contextlib import suppress

import serial
from serial.tools import list_ports

from tools.host.errors import ToolError

BAUD = 115200


class BoardError(ToolError):
    """A board cannot be found, reached or used. The message is one sentence with the remedy."""


class Port(serial.Serial):
    """A serial port for this process alone, if opened with `exclusive`, as `open_port` does. It
    does not reset the board.

    On most boards, transistors reset the chip while only RTS is set, and select the bootloader
    while only DTR is set. So both lines are set together, and RTS is released first.
    """

    def close(self):
        """Release the board's reset lines, then close the port."""
        if self.is_open:
            release(self)
        super().close()


def release(port):
    """Release RTS and then DTR of an open port, in the order that does not reset the board. Ignores
    errors of a port without such lines."""
    with suppress(serial.SerialException, OSError):  # a pty has no such lines
        port.rts = False
        port.dtr = False


def find_port(port=None):
    """Return the name of a port: the given one, as `callout` changes it, or without one that of the
    only USB serial adapter. Does not open it. Raises BoardError if there is no adapter, or more
    than one."""
    if port:
        return callout(port)
    found = sorted((p for p in list_ports.comports() if p.vid is not None), key=lambda p: p.device)
    if not found:
        raise BoardError(
            "No board found: plug one in with a USB cable that carries data, or name its port "
            f"with PORT={example()}.{missing_driver()}"
        )
    if len(found) > 1:
        listed = ", ".join(f"{p.device} ({p.description})" for p in found)
        raise BoardError(f"More than one board found: choose one with PORT=… from {listed}.")
    return found[0].device


def callout(port):
    """Return the name under which to open a port. On a Mac, opening /dev/tty.X waits for a modem's
    carrier, and /dev/cu.X is the same port without the wait."""
    if sys.platform == "darwin" and port.startswith("/dev/tty."):
        return port.replace("/dev/tty.", "/dev/cu.", 1)
    return port


def example():
    """Return an example of a port's name on this system."""
    names = {"win32": "COM3", "darwin": "/dev/cu.usbserial-0001"}
    return names.get(sys.platform, "/dev/ttyUSB0")


def missing_driver():
    """Return a sentence, with a space before it, about a program or driver that may hide the
    adapter here, or ""."""
    if sys.platform == "linux" and shutil.which("brltty"):
        return (
            " The program brltty takes adapters with a CH340 for a Braille display: if you have "
            "none, `sudo apt remove brltty`."
        )
    if sys.platform in ("win32", "darwin"):
        return (
            " A board with a CP210x, CH340 or CH9102 may need a driver from the maker of that chip "
            "(Silicon Labs, WCH)."
        )
    return ""


def open_port(port):
    """Open the port with this name for this process alone, at BAUD and with a timeout of 0.1 s for
    reads; return it as a Port. Raises BoardError if it cannot be opened."""
    try:
        return Port(port, BAUD, timeout=0.1, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise why_closed(port, error) from error


def wait_for(port, seconds):
    """Try to open and close the port until this works; return True, or False if it does not work
    within `seconds`. The port of a chip with built-in USB disappears for a moment when the chip is
    reset."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            open_port(port).close()
            return True
        except BoardError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)


def why_closed(port, error):
    """Return the BoardError that says why the port could not be opened; `error` is the
    exception."""
    code = getattr(error, "errno", None)
    text = str(error)
    if code == errno.ENOENT or (code is None and "FileNotFound" in text) or ", 433)" in text:
        return BoardError(f"There is no port {port}: check the cable, or leave PORT out.")
    if ", 31)" in text or ", 121)" in text:  # Windows: no answer from the adapter
        return BoardError(
            f"{port} does not work ({text}): unplug the board and plug it in again; if this does "
            "not help, hold its BOOT button meanwhile, or choose another PORT."
        )
    if code == errno.EACCES and os.name == "posix":
        return BoardError(
            f"No permission to use {port}: add yourself to its group (on Linux: "
            f"`sudo usermod -aG {group(port)} $USER`) and log in again."
        )
    if code in (errno.EACCES, errno.EBUSY, errno.EAGAIN) or "PermissionError" in text:
        return BoardError(
            f"{port} is in use by another program: close it (a monitor, a REPL, an IDE) first."
        )
    return BoardError(f"{port} cannot be used as a serial port ({text}): choose another PORT.")


def group(port):
    """Return the name of the group that may use the port: dialout on Debian, uucp on Arch;
    "dialout" if it cannot be found."""
    with suppress(ImportError, KeyError, OSError):
        import grp

        return grp.getgrgid(os.stat(port).st_gid).gr_name
    return "dialout"
