"""A fake board for tests of the tools: the host's MicroPython behind a pty, with a littlefs in
memory. It answers the raw REPL as a board's firmware does."""

import hashlib
import os
import pty
import select
import subprocess
import time
import tty
from pathlib import Path

from tools.host.micropython import find_micropython

XTENSAWIN = 0x2B06  # sys.implementation._mpy of an ESP32: version 6.3, architecture 10


def digest(path):
    """Return the file's SHA-256 in hexadecimal, the same as onboard/files.py computes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class FakeBoard:
    """A fake board; `port` answers until close().

    `version` is the version of its firmware, `mpy` and `machine` its sys.implementation._mpy and
    _machine, and `blocks` the size of its file system in blocks of 4,096 bytes. With `training` it
    prints until Ctrl-C; for the first `training` seconds it loses its input, like a booting board.
    """

    def __init__(
        self,
        version=(1, 24, 0),
        mpy=XTENSAWIN,
        blocks=512,
        training=None,
        machine="Generic ESP32 module with ESP32",
    ):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        script = Path(__file__).with_name("fakeboard_repl.py")
        settings = map(repr, (version, mpy, blocks, training, machine))
        self.process = subprocess.Popen(
            [find_micropython(), "-X", "heapsize=16M", str(script), *settings],
            stdin=self.master,
            stdout=self.master,
            stderr=subprocess.DEVNULL,
        )

    def says(self, text, seconds=10):
        """Return True if it prints the text within `seconds`. Call this only while no tool
        reads."""
        said = ""
        deadline = time.monotonic() + seconds
        while text not in said and time.monotonic() < deadline:
            if select.select([self.slave], [], [], 0.1)[0]:
                said += os.read(self.slave, 4096).decode()
        return text in said

    def unplug(self):
        """Close the board's end of the port, as if the cable was pulled."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def close(self):
        if self.process.poll() is None:
            self.unplug()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
