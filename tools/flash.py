"""`make flash`: erases a board and puts MicroPython on it. The firmware is checked before
anything is erased; without FIRMWARE it is one fixed release, downloaded once."""

import argparse
import subprocess
import sys

from tools.host import image
from tools.host.board import find_port, open_serial
from tools.host.errors import ToolError
from tools.host.release import RELEASE, download

BAUD = 460800  # what MicroPython's own instructions use; four times faster than the default


def esptool_arguments(firmware, port, reset=True):
    """What esptool is called with. `reset` False is for a board that already waits in its
    bootloader and has no reset line, such as one held there by hand or an emulator's pty."""
    before, after = ("default-reset", "hard-reset") if reset else ("no-reset", "no-reset")
    # One call for erasing and writing: with no reset in between, a second could not connect.
    return [
        *("--chip", firmware.chip, "--port", port, "--baud", str(BAUD)),
        *("--before", before, "--after", after),
        *("write-flash", "--erase-all", hex(firmware.offset), str(firmware.path)),
    ]


def flash(firmware, port, reset=True):
    """Erase the board and write the firmware. Raises ToolError if the port cannot be used or
    esptool fails."""
    open_serial(port).close()
    command = [sys.executable, "-m", "esptool", *esptool_arguments(firmware, port, reset)]
    if subprocess.run(command).returncode:
        raise ToolError(
            f"Flashing failed: hold the board's BOOT button while it connects to {port}, and see "
            "that CHIP is the board's."
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    parser.add_argument("--chip", default="esp32", help=" or ".join(RELEASE))
    parser.add_argument("--firmware", help="a MicroPython .bin file; a release by default")
    parser.add_argument("--no-reset", action="store_true", help="the board is in its bootloader")
    options = parser.parse_args()
    if options.chip not in RELEASE:
        chips = " or ".join(f"CHIP={chip}" for chip in RELEASE)
        raise ToolError(f"This is not for the chip {options.chip}: use {chips}.")
    firmware = image.load(options.firmware or download(options.chip), options.chip)
    port = find_port(options.port)
    flash(firmware, port, reset=not options.no_reset)
    start = "start it with its EN (reset) button, then " if options.no_reset else ""
    print(f"MicroPython is on the board. Next: {start}make deploy PORT={port}")
