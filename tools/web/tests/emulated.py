"""An emulated board for tests of the page: python emulated.py FIRMWARE IMAGE [--bootloader]

Boots MicroPython without any files, or starts in the bootloader with all of the flash erased, or
boots an IMAGE that is there already. Prints its serial port, and runs until stdin ends."""

import sys
from pathlib import Path

from tools.host import image
from tools.host.emulator import Emulator
from tools.staging.flashimage import make_flash


def main(firmware, path, *flags):
    firmware = image.load(firmware)
    path = Path(path)
    if not path.exists():
        if "--bootloader" in flags:
            path.write_bytes(b"\xff" * firmware.flash_size)
        else:
            make_flash(firmware, path)
    bootloader = "--bootloader" in flags
    # Counting instructions makes MicroPython faster here, and the boot ROM too slow to be heard.
    icount = not bootloader
    with Emulator(firmware.chip, path, icount=icount, bootloader=bootloader) as emulator:
        print(emulator.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
