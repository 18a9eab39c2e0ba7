"""Run a program on a terminal of its own, and pass its bytes: python on_terminal.py COMMAND …"""

import os
import pty
import sys

TWICE, ONCE = b"\x03\x03", b"\x03"


def read(file):
    """Return the next bytes for the program. Ctrl-C twice at once would end a MicroPython."""
    return os.read(file, 4096).replace(TWICE, ONCE)


if __name__ == "__main__":
    pty.spawn(sys.argv[1:], stdin_read=read)
