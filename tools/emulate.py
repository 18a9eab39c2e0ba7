"""`make emulate`: boot stock MicroPython on a chip emulated by Espressif's QEMU. The library,
main.py and the names are in its file system, and its serial port is a pty."""

import argparse
import contextlib
import signal
import sys

from tools.host import chips, image, release
from tools.host.emulator import Emulator, alone_with, find_qemu
from tools.host.errors import ToolError
from tools.host.paths import BUILD
from tools.staging import stage
from tools.staging.flashimage import make_flash, update_files


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firmware", help="a MicroPython .bin file; a release by default")
    parser.add_argument("--chip", help="the chip; by default the firmware's chip, or an ESP32")
    stage.add_options(parser)
    parser.add_argument("--qemu", help="a qemu-system-… that has the chip; from PATH by default")
    parser.add_argument("--icount", action="store_true", help="count instructions: slower, exact")
    parser.add_argument(
        "--flash", type=int, choices=(4, 8, 16), help="MB of flash; by default the firmware's 4"
    )
    parser.add_argument("--psram", action="store_true", help="an ESP32 with 4 MB of PSRAM")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chip = chips.named(options.chip) if options.chip else None
    firmware = image.load(options.firmware, chip) if options.firmware else None
    chip = firmware.chip if firmware else chip or chips.named("esp32")
    find_qemu(chip, options.qemu)
    firmware = firmware or image.load(release.download(chip), chip)
    print("\n".join(stage.prepare(options)))
    size = f"-{options.flash}MB" if options.flash else ""
    path = BUILD / f"flash-{firmware.path.stem}{size}.bin"
    with alone_with(path):
        make_flash(firmware, path, (options.flash or 0) * image.MB)
        directory = stage.stage(chip.architecture, chip.fpu)
        copied, unchanged, removed = update_files(firmware, path, directory, options.fresh)
        print(f"{path}: {copied} files copied, {unchanged} unchanged, {removed} removed")
        with Emulator(chip, path, options.qemu, options.icount, psram=options.psram) as emulator:
            print(
                f"An {chip.title} is booting on {emulator.port}. In another terminal:\n"
                f"  make monitor PORT={emulator.port}    watch it\n"
                f"  make repl PORT={emulator.port}       type to it\n"
                "Ctrl-C here ends it; its files stay.",
                flush=True,
            )
            with contextlib.suppress(KeyboardInterrupt):
                raise ToolError(f"The emulator stopped by itself: {emulator.wait()}")
