"""`make flash`: identify a board's chip, erase the flash and write MicroPython. The firmware is
checked before anything is erased. Without FIRMWARE, it is the release for the chip, downloaded
once."""

import argparse
from contextlib import contextmanager

from esptool import FatalError, cmds

from tools.host import chips, image
from tools.host.errors import ToolError
from tools.host.ports import find_port, open_port, wait_for
from tools.host.release import download

# In bits a second: first the speed from MicroPython's instructions, then a slow one for bad
# adapters.
BAUDS = (460800, 115200)
RESET_SECONDS = 5  # for a port that disappears during a reset to come back


def flash(port, path=None, wanted=None, reset=True):
    """Erase the board's flash, write the firmware at `path` (None: the release for the chip), and
    return the Firmware.

    `wanted` is the Chip that the user expects; None accepts any. Use `reset=False` for a board that
    already waits in its bootloader and cannot be reset over the port: its BOOT button was held, or
    the port is an emulator's pty. With `reset`, a failed write is tried once more, at a slower
    speed. Raises ToolError if the firmware does not suit the chip, the port cannot be used, or
    esptool fails.
    """
    if path:
        image.load(path, wanted)
    open_port(port).close()
    bauds = BAUDS if reset else BAUDS[:1]  # connecting again needs a reset
    for baud in bauds:
        with connected(port, reset) as board:
            chip = chips.with_image_id(board.IMAGE_CHIP_ID)
            if wanted not in (None, chip):
                raise ToolError(
                    f"The board on {port} has {chip.title}, not {wanted.title}: leave CHIP out, or "
                    "choose another board with PORT."
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
                print(f"That failed at {baud} baud ({one_line(error)}): trying again, slower.")


def write(board, firmware, baud):
    """Erase the flash of the board (an ESPLoader) and write the Firmware, with `baud` bits a
    second. Where esptool's stub cannot run, only the part that is written is erased. Raises
    FatalError or OSError."""
    board = cmds.run_stub(board)
    board.change_baud(baud)
    cmds.attach_flash(board)
    # Without esptool's stub, the chip's ROM cannot erase the whole flash: it erases only the part
    # that is written.
    pieces = [(firmware.chip.offset, str(firmware.path))]
    cmds.write_flash(board, pieces, erase_all=board.IS_STUB)


@contextmanager
def connected(port, reset):
    """Connect to the board's bootloader and yield esptool's ESPLoader, in a `with` that closes the
    port. With `reset`, the port's lines start the bootloader; else the user has done that. Raises
    ToolError if no bootloader answers."""
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
    """Return the first sentence of an exception's message as one line, without its full stop."""
    return " ".join(str(error).split()).partition(". ")[0].rstrip(".")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    parser.add_argument("--chip", help="refuse a board with any other chip")
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
        print(f"{port} has not come back: press EN (reset), then leave PORT out to find the port.")
