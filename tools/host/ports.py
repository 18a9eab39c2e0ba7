"""Serial ports: find the board's, open and close it without a reset, and turn every failure into
one sentence. firmware/BOARDS.md lists the reports that are handled here."""

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
    """A serial port, for this process alone, which does not reset the board.

    On most boards a transistor resets the chip while RTS is set and DTR is not, and holds it in its
    bootloader the other way round. So both lines are always set together, and RTS is the first to
    be released.
    """

    def close(self):
        if self.is_open:
            release(self)
        super().close()


def release(port):
    """Release a port's lines in the order that does not reset the board."""
    with suppress(serial.SerialException, OSError):  # a pty has no such lines
        port.rts = False
        port.dtr = False


def find_port(port=None):
    """Return the given port; without one, the port of the only USB serial adapter. Raises
    BoardError if there is no adapter, or more than one."""
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
    """Return the name to open a port by: on a Mac, opening /dev/tty.X waits for a modem's carrier,
    and /dev/cu.X is the same port without that."""
    if sys.platform == "darwin" and port.startswith("/dev/tty."):
        return port.replace("/dev/tty.", "/dev/cu.", 1)
    return port


def example():
    """Return a port's name as this system has them."""
    names = {"win32": "COM3", "darwin": "/dev/cu.usbserial-0001"}
    return names.get(sys.platform, "/dev/ttyUSB0")


def missing_driver():
    """Return a sentence on what may keep this system from showing an adapter, or ""."""
    if sys.platform == "linux" and shutil.which("brltty"):
        return (
            " The program brltty takes adapters with a CH340 for a Braille display: "
            "`sudo apt remove brltty` if you need none."
        )
    if sys.platform in ("win32", "darwin"):
        return (
            " A board with a CP210x, CH340 or CH9102 may want that chip's driver from its maker "
            "(Silicon Labs, WCH)."
        )
    return ""


def open_port(port):
    """Open the port for this process alone; return it as a Port. Raises BoardError."""
    try:
        return Port(port, BAUD, timeout=0.1, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise why_closed(port, error) from error


def wait_for(port, seconds):
    """Return whether the port can be opened within that time. The port of a chip with USB of its
    own is gone for a moment when the chip is reset."""
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
    """Return the BoardError that says why the port could not be opened."""
    code = getattr(error, "errno", None)
    text = str(error)
    if code == errno.ENOENT or (code is None and "FileNotFound" in text) or ", 433)" in text:
        return BoardError(f"There is no port {port}: check the cable, or leave PORT out.")
    if ", 31)" in text or ", 121)" in text:  # Windows: no answer from the adapter
        return BoardError(
            f"{port} does not work ({text}): unplug the board and plug it in again; if it stays "
            "so, hold its BOOT button meanwhile, or choose another PORT."
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
    """Return the name of the group that may use the port: dialout on Debian, uucp on Arch."""
    with suppress(ImportError, KeyError, OSError):
        import grp

        return grp.getgrgid(os.stat(port).st_gid).gr_name
    return "dialout"
