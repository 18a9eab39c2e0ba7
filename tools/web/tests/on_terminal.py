"""Run a program on a terminal of its own, and pass its bytes: python on_terminal.py COMMAND …

The terminal is raw until the program says otherwise: Ctrl-C is a character.
"""

import os
import pty
import sys
import threading
import tty

TWICE, ONCE = b"\x03\x03", b"\x03"


def show(terminal):
    """Pass what the program prints to stdout, until it ends."""
    try:
        while data := os.read(terminal, 4096):
            os.write(1, data)
    except OSError:  # its end of the terminal is closed
        pass
    os._exit(0)


def main(*command):
    child, terminal = pty.fork()
    if not child:
        os.execvp(command[0], command)
    tty.setraw(terminal)  # before anything is typed: Ctrl-C would end a program that starts
    threading.Thread(target=show, args=(terminal,), daemon=True).start()
    while data := os.read(0, 4096):
        os.write(terminal, data.replace(TWICE, ONCE))  # MicroPython ends at two signals at once


if __name__ == "__main__":
    main(*sys.argv[1:])
