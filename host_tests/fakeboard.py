"""A board for tests of the tools: the host's MicroPython behind a pty, with a littlefs of its
own in memory, which answers the raw REPL as a board's firmware does."""

import os
import pty
import subprocess
import tty
from pathlib import Path

import runtime

XTENSAWIN = 0x2B06  # sys.implementation._mpy of an ESP32: version 6.3, architecture 10


class FakeBoard:
    """`port` answers until close(). `version` is that of its firmware, `mpy` what it says of
    .mpy files, `blocks` the size of its file system in 4,096 bytes; for `deaf` seconds at first
    it loses what it is sent, as one that boots does."""

    def __init__(self, version=(1, 24, 0), mpy=XTENSAWIN, blocks=512, deaf=0):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        script = Path(__file__).with_name("fakeboard_repl.py")
        settings = [repr(tuple(version)), str(mpy), str(blocks), str(deaf)]
        self.process = subprocess.Popen(
            [runtime.micropython(), "-X", "heapsize=16M", str(script), *settings],
            stdin=self.master,
            stdout=self.master,
            stderr=subprocess.DEVNULL,
        )

    def said(self):
        """What it printed that no tool has read."""
        os.set_blocking(self.slave, False)
        try:
            return os.read(self.slave, 65536).decode()
        except BlockingIOError:
            return ""

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
