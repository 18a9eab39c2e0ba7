"""Delay Ctrl-C on a chip while a step must not be interrupted."""

import io
import os
import select
import sys

import micropython

from .compat import const

_CTRL_C = const(3)

_input = select.poll()
_input.register(sys.stdin, select.POLLIN)


class _Typed(io.IOBase):
    """A terminal on which the characters of `data` are typed, one at a time."""

    def __init__(self, data):
        self.data = data

    def readinto(self, buffer):
        if not self.data:
            return None
        buffer[0] = self.data.pop(0)
        return 1

    def write(self, buffer):
        return len(buffer)

    def ioctl(self, request, argument):
        return 0


def hold():
    """Treat Ctrl-C as an ordinary character until `release` is called. If it was typed just before,
    this raises KeyboardInterrupt and holds nothing."""
    micropython.kbd_intr(-1)
    try:
        for _ in (1, 2):  # MicroPython raises an interrupt that waits where a loop begins again
            pass
    except KeyboardInterrupt:
        micropython.kbd_intr(_CTRL_C)
        raise


def release():
    """Let Ctrl-C interrupt again. If it was typed since `hold`, this raises KeyboardInterrupt.

    The other characters typed since then can still be read, in their order. A Ctrl-C that arrives
    just before it interrupts again is a character, which the next `release` finds.
    """
    # Type first: MicroPython would lose an interrupt in a method of _Typed.
    typed = _input.poll(0) and _type_again()
    micropython.kbd_intr(_CTRL_C)
    if typed:
        raise KeyboardInterrupt


def _type_again():
    """Type all characters but Ctrl-C again; return True if there was a Ctrl-C."""
    data = []
    while _input.poll(0):
        data += sys.stdin.buffer.read(1)
    others = [character for character in data if character != _CTRL_C]
    # Characters from a terminal of os.dupterm are put into the buffer of typed characters.
    before = os.dupterm(_Typed(others))
    os.dupterm_notify(None)
    os.dupterm(before)
    return _CTRL_C in data
