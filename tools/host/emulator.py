"""A chip that QEMU emulates: the program that does, and its run until it is closed."""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess

from tools.host.errors import ToolError


def find_qemu(chip, path=None):
    """The path of a QEMU that has the chip: the one given, that in the variable QEMU (either may
    list several, separated as in PATH), or that on PATH. Raises ToolError if there is none."""
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
    """Whether this QEMU emulates the chip."""
    machines = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True).stdout
    return re.search(rf"^{chip.name}\s", machines, re.MULTILINE) is not None


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
    """A running chip; `port` is its serial port until close(), or the end of a `with`.

    It boots from the flash image, and stores in it, within a second, or 10 to 20 when it counts
    instructions (`icount`: each takes 4 ns of its own time). `bootloader` starts it like a board
    whose BOOT button is held. Raises ToolError if it does not start.
    """

    def __init__(self, chip, flash_image, qemu=None, icount=False, bootloader=False):
        command = [
            *(find_qemu(chip, qemu), "-M", chip.name, "-display", "none", "-monitor", "none"),
            # A comma in an option's value is written twice. cache=unsafe: no flush to the host's
            # disk for each block of flash, so only a crash of the host itself can lose any.
            "-drive",
            f"file={str(flash_image).replace(',', ',,')},if=mtd,format=raw,cache=unsafe",
            *("-serial", "pty"),
            # The emulated watchdog counts even while the host has no time for the chip.
            *("-global", f"driver=timer.{chip.name}.timg,property=wdt_disable,value=true"),
        ]
        if icount:
            command += ["-icount", "shift=2"]
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
