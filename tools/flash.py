"""`make flash`: asks a board for its chip, erases it and puts MicroPython on it. The firmware is
checked before anything is erased; without FIRMWARE it is one fixed release, downloaded once."""

import argparse
from contextlib import contextmanager

from esptool import FatalError, cmds

from tools.host import chips, image
from tools.host.errors import ToolError
from tools.host.ports import find_port, open_port, wait_for
from tools.host.release import download

# What MicroPython's instructions use, then the ROM's speed, for adapters that are not up to that.
BAUDS = (460800, 115200)
RESET_SECONDS = 5  # for a port that goes with a reset to come back


def flash(port, path=None, wanted=None, reset=True):
    """Erase the board and write the firmware at `path`, or the release for its chip; returns the
    Firmware. `wanted` is the Chip that the user expects, None any. `reset` False is for a board
    that already waits in its bootloader and has no reset line, such as one held there by hand or
    an emulator's pty. Raises ToolError if the firmware will not do, the port cannot be used, or
    esptool fails."""
    if path:
        image.load(path, wanted)
    open_port(port).close()
    bauds = BAUDS if reset else BAUDS[:1]  # to connect once more takes a reset
    for baud in bauds:
        with connected(port, reset) as board:
            chip = chips.with_image_id(board.IMAGE_CHIP_ID)
            if wanted not in (None, chip):
                raise ToolError(
                    f"The board on {port} has {chip.title}, not {wanted.title}: leave CHIP out, or "
                    "choose another board with PORT=…."
                )
            firmware = image.load(path or download(chip), chip)
            try:
                write(board, firmware, baud)
                cmds.reset_chip(board, "hard-reset" if reset else "no-reset")
                return firmware
            except (FatalError, OSError) as error:
                if baud == bauds[-1]:
                    raise ToolError(
                        f"Flashing stopped ({one_line(error)}): hold the board's BOOT button while "
                        "it starts, and try again, with another cable, USB port or "
                        "FIRMWARE=file.bin."
                    ) from error
                print(f"That failed at {baud} baud ({one_line(error)}): once more, slower.")


def write(board, firmware, baud):
    """Erase the flash of the board, an ESPLoader, and write the firmware. Raises FatalError or
    OSError."""
    board = cmds.run_stub(board)
    board.change_baud(baud)
    cmds.attach_flash(board)
    # What a chip's own ROM offers, where esptool cannot add to it, erases no more than is written.
    pieces = [(firmware.chip.offset, str(firmware.path))]
    cmds.write_flash(board, pieces, erase_all=board.IS_STUB)


@contextmanager
def connected(port, reset):
    """esptool's ESPLoader for the board in its bootloader. Raises ToolError."""
    try:
        board = cmds.detect_chip(port, connect_mode="default-reset" if reset else "no-reset")
    except (FatalError, OSError) as error:
        raise ToolError(
            f"No bootloader answers on {port} ({one_line(error)}): hold the board's BOOT button, "
            "press and release EN (reset), let go of BOOT, and try again."
        ) from error
    with board:
        yield board


def one_line(error):
    """The first sentence of what esptool says."""
    return " ".join(str(error).split()).partition(". ")[0].rstrip(".")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    parser.add_argument("--chip", help="refuse a board with another chip than this one")
    parser.add_argument("--firmware", help="a MicroPython .bin file; a release by default")
    parser.add_argument("--no-reset", action="store_true", help="the board is in its bootloader")
    options = parser.parse_args()
    chip = chips.named(options.chip) if options.chip else None
    firmware = image.load(options.firmware, chip) if options.firmware else None
    port = find_port(options.port)
    firmware = flash(port, options.firmware, chip, reset=not options.no_reset)
    start = "start it with its EN (reset) button, then " if options.no_reset else ""
    print(
        f"{firmware.path.stem} is on the board, with {firmware.chip.title}. Next: {start}make "
        f"deploy PORT={port}"
    )
    if not options.no_reset and not wait_for(port, RESET_SECONDS):
        print(f"{port} has not come back: press EN (reset), and leave PORT out, for a new name.")
