"""`make emulate`: boots stock MicroPython on an ESP32 that Espressif's QEMU emulates, with the
library, main.py and names in its file system, and its serial port as a pty."""

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys

import flash
import image
import stage
from runtime import BUILD, ROOT, ToolError, run_micropython, run_tool

CHIP = "esp32"
FLASH_SIZE = 4 << 20


def find_qemu(path=None):
    """The path of a qemu-system-xtensa that has an ESP32: the one given, that in the variable
    QEMU, or that on PATH. Raises ToolError if there is none."""
    path = path or os.environ.get("QEMU") or "qemu-system-xtensa"
    qemu = shutil.which(path)
    machines = ""
    if qemu:
        machines = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True).stdout
    if not re.search(r"^esp32\s", machines, re.MULTILINE):
        raise ToolError(
            f"{path} {'has no ESP32 to emulate' if qemu else 'was not found'}: unpack Espressif's "
            "build from https://github.com/espressif/qemu/releases and name its "
            "qemu-system-xtensa with QEMU=path."
        )
    return qemu


def make_flash(firmware, path):
    """Put the firmware into a flash image at `path`. An image that already holds it is left as
    it is, with all that its board has stored."""
    application = min(offset for kind, offset, _ in firmware.partitions.values() if kind == 0)
    if path.exists():
        # Before the application lie settings that the board itself changes.
        program = firmware.data[application - firmware.offset :]
        if path.read_bytes()[application : application + len(program)] == program:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    blank = bytearray(b"\xff" * FLASH_SIZE)
    blank[firmware.offset : firmware.offset + len(firmware.data)] = firmware.data
    path.write_bytes(blank)


def update_files(firmware, path, directory, fresh=False):
    """Bring the file system in the image up to date with the directory, without checkpoints if
    `fresh`; returns (copied, unchanged, removed) as counts. Raises ToolError."""
    script = ROOT / "tools" / "littlefs.py"
    return tuple(
        int(count)
        for count in run_micropython(
            script, path, *firmware.filesystem, directory, *stage.managed(fresh)
        ).split()
    )


@contextlib.contextmanager
def alone_with(path):
    """Within, no other emulator of ours uses the flash image. Raises ToolError if one does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ToolError(
                f"{path} is being emulated already: stop that emulator first, with Ctrl-C."
            ) from error
        yield


class Emulator:
    """A running ESP32; `port` is its serial port until close(), or the end of a `with`.

    It boots from the flash image, and stores in it, within a second, or 10 to 20 when it counts
    instructions (`icount`: each takes 4 ns of its own time). `bootloader` starts it like a board
    whose BOOT button is held. Raises ToolError if it does not start.
    """

    def __init__(self, flash_image, qemu=None, icount=False, bootloader=False):
        command = [
            *(find_qemu(qemu), "-M", CHIP, "-display", "none", "-monitor", "none"),
            # A comma in an option's value is written twice. cache=unsafe: no flush to the host's
            # disk for each block of flash, so only a crash of the host itself can lose any.
            "-drive",
            f"file={str(flash_image).replace(',', ',,')},if=mtd,format=raw,cache=unsafe",
            *("-serial", "pty"),
            # The emulated watchdog counts even while the host has no time for the chip.
            *("-global", "driver=timer.esp32.timg,property=wdt_disable,value=true"),
        ]
        if icount:
            command += ["-icount", "shift=2"]
        if bootloader:
            command += ["-global", "driver=esp32.gpio,property=strap_mode,value=0x0f"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said = []
        for line in self.process.stdout:
            said.append(line.decode(errors="replace").strip())
            redirected = re.search(r"redirected to (\S+)", said[-1])
            if redirected:
                self.port = redirected[1]
                return
        self.close()
        raise ToolError(f"QEMU did not start: {said[-1] if said else 'it said nothing'}.")

    def wait(self):
        """Return when the emulator ends by itself, with what it said last."""
        said = self.process.stdout.read().decode(errors="replace").strip()
        return said.splitlines()[-1] if said else "it gave no reason."

    def close(self):
        """Stop the emulator. Its flash image keeps what the board stored."""
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firmware", help="a MicroPython .bin file; a release by default")
    stage.add_options(parser)
    parser.add_argument("--qemu", help="qemu-system-xtensa, with an ESP32; from PATH by default")
    parser.add_argument("--icount", action="store_true", help="count instructions: slower, exact")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    find_qemu(options.qemu)
    firmware = image.load(options.firmware or flash.download(CHIP), CHIP)
    stage.prepare(options)
    path = BUILD / f"flash-{firmware.path.stem}.bin"
    with alone_with(path):
        make_flash(firmware, path)
        copied, unchanged, removed = update_files(firmware, path, stage.stage(), options.fresh)
        print(f"{path}: {copied} files copied, {unchanged} unchanged, {removed} removed")
        with Emulator(path, options.qemu, options.icount) as emulator:
            print(
                f"An ESP32 is booting on {emulator.port}. In another terminal:\n"
                f"  make monitor PORT={emulator.port}    watch it\n"
                f"  make repl PORT={emulator.port}       type to it\n"
                "Ctrl-C here ends it; its files stay.",
                flush=True,
            )
            with contextlib.suppress(KeyboardInterrupt):
                raise ToolError(f"The emulator has stopped by itself: {emulator.wait()}")


if __name__ == "__main__":
    run_tool(main)
