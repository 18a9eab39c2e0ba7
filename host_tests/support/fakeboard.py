"""A board for tests of the tools: the host's MicroPython behind a pty, with a littlefs of its
own in memory, which answers the raw REPL as a board's firmware does."""

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
    """The file's SHA-256 in hexadecimal, as the tools compare files by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class FakeBoard:
    """`port` answers until close(). `version` is that of its firmware, `mpy` and `machine` what it
    says of .mpy files and of itself, `blocks` the size of its file system in 4,096 bytes. With
    `training` it prints until Ctrl-C, and loses what it is sent for so many seconds, as one that
    boots does."""

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
        """Whether it prints the text within that time, as seen when no tool reads."""
        said = ""
        deadline = time.monotonic() + seconds
        while text not in said and time.monotonic() < deadline:
            if select.select([self.slave], [], [], 0.1)[0]:
                said += os.read(self.slave, 4096).decode()
        return text in said

    def unplug(self):
        """Its end of the line is gone, as far as a tool can tell."""
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
