"""An emulated chip: find a QEMU that has it, and run it."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.host.errors import ToolError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


# The efuses of an ESP32 of revision 3: bit 15 of word 3, bit 20 of word 5 (ESP-IDF, efuse_hal.c).
REVISION_3 = bytes(13) + b"\x80" + bytes(8) + b"\x10" + bytes(101)


def find_qemu(chip, path=None):
    """Return the path, as text, of a QEMU that emulates the Chip. Looks only at `path`; without it,
    only at the environment variable QEMU; without both, on PATH. `path` and QEMU may list several
    programs, separated as in PATH. Raises ToolError if none of them has the chip."""
    if chip.qemu is None:
        raise ToolError(f"No emulator is known for {chip.title}: use a board, or another CHIP.")
    program = f"qemu-system-{chip.qemu[0]}"
    listed = path or os.environ.get("QEMU") or program
    for candidate in listed.split(os.pathsep):
        qemu = shutil.which(candidate)
        if qemu and has_machine(qemu, chip):
            return qemu
    raise ToolError(
        f"No emulator of {chip.title} in {listed}: unpack Espressif's build from "
        f"https://github.com/espressif/qemu/releases and name its {program} with QEMU=path."
    )


def has_machine(qemu, chip):
    """Run the QEMU at this path, and return True if it emulates the Chip."""
    machines = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True).stdout
    return re.search(rf"^{chip.name}\s", machines, re.MULTILINE) is not None


@contextlib.contextmanager
def alone_with(path):
    """Lock the flash image at `path`, a Path, so that only one emulator of ours uses it inside the
    `with`; create an empty file if there is none. Raises ToolError if another one uses it already,
    and on Windows."""
    if fcntl is None:
        raise ToolError(
            "On Windows an emulated chip has no serial port to talk to: use the Windows Subsystem "
            "for Linux, or a board."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ToolError(
                f"Another emulator is using {path}: stop that one first, with Ctrl-C."
            ) from error
        yield


class Emulator:
    """A running emulated chip. `port` is the name of its serial port until close(), or the end of a
    `with`.

    The chip boots from the flash image, a file, and writes its changes to it. `qemu` is the `path`
    of `find_qemu`. Booting takes a second, or 10 to 20 with `icount`, which counts instructions:
    each takes 4 ns of the chip's time. `bootloader` starts the chip like a board with its BOOT
    button held. `psram` gives an ESP32 4 MB of PSRAM, and revision 3, as such boards have: a file
    beside the image has the efuses that say so. Raises ToolError if there is no QEMU for the chip,
    or it does not start.
    """

    def __init__(self, chip, flash_image, qemu=None, icount=False, bootloader=False, psram=False):
        command = [
            *(find_qemu(chip, qemu), "-M", chip.name, "-display", "none", "-monitor", "none"),
            # QEMU wants a comma in a value doubled. cache=unsafe does not flush each block of flash
            # to the host's disk: only a crash of the host can lose data.
            "-drive",
            f"file={str(flash_image).replace(',', ',,')},if=mtd,format=raw,cache=unsafe",
            *("-serial", "pty"),
            # The emulated watchdog would fire when the host is too busy to run the chip.
            *("-global", f"driver=timer.{chip.name}.timg,property=wdt_disable,value=true"),
        ]
        if icount:
            command += ["-icount", "shift=2"]
        if psram:
            efuses = Path(f"{flash_image}.efuses")
            efuses.write_bytes(REVISION_3)
            drive = f"file={str(efuses).replace(',', ',,')},if=none,format=raw,id=efuse"
            command += ["-m", "4M", "-drive", drive]
            command += ["-global", "driver=nvram.esp32.efuse,property=drive,value=efuse"]
        if bootloader:
            strap = f"driver={chip.name}.gpio,property=strap_mode,value={chip.qemu[1]}"
            command += ["-global", strap]
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
        """Wait until the emulator ends by itself, and return the last line that it printed, or a
        text that says that there is none."""
        said = self.process.stdout.read().decode(errors="replace").strip()
        return said.splitlines()[-1] if said else "it gave no reason."

    def close(self):
        """Stop the emulator. The flash image keeps the files that the board stored."""
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
