"""`make monitor`: shows what the board prints. It sends nothing, leaves the board running when
it quits (Ctrl-C or Ctrl-]), and waits for a board that is unplugged or reset to come back."""

import argparse
import contextlib
import os
import select
import sys
import time

import serial
from board import BoardError, find_port, open_serial
from runtime import run_tool

try:
    import termios
except ImportError:  # Windows: Ctrl-C alone quits
    termios = None

QUIT_KEYS = b"\x03\x1d"  # Ctrl-C, Ctrl-]


class Keyboard:
    """The terminal's keys, while in a `with`: read one by one, none of them a signal, so that
    programs around this one (make) do not end by it. Without a terminal there are no keys."""

    def __init__(self):
        self.is_there = termios is not None and sys.stdin.isatty()

    def __enter__(self):
        if self.is_there:
            self.before = termios.tcgetattr(sys.stdin)
            changed = termios.tcgetattr(sys.stdin)
            changed[3] &= ~(termios.ISIG | termios.ICANON | termios.ECHO)
            termios.tcsetattr(sys.stdin, termios.TCSANOW, changed)
        return self

    def __exit__(self, *_):
        if self.is_there:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, self.before)

    def check(self):
        """Raises KeyboardInterrupt if a key that quits was pressed."""
        while self.is_there and select.select([sys.stdin], [], [], 0)[0]:
            key = os.read(sys.stdin.fileno(), 1)
            if not key or key in QUIT_KEYS:
                raise KeyboardInterrupt


def show(connection, keyboard, out):
    """Copy what arrives to `out` until the board is gone."""
    try:
        while True:
            keyboard.check()
            out.write(connection.read(connection.in_waiting or 1))
            out.flush()
    except BrokenPipeError:  # who read it has gone, not the board
        raise KeyboardInterrupt from None
    except (serial.SerialException, OSError):
        return
    finally:
        hang_up(connection)


def hang_up(connection):
    """Close the port so that the board does not notice."""
    with contextlib.suppress(serial.SerialException, OSError):  # a pty has no such lines
        # In the other order a development board would be reset.
        connection.rts = False
        connection.dtr = False
    connection.close()


def reopen(port, keyboard):
    """The port, once it is there again."""
    while True:
        with contextlib.suppress(BoardError):
            return open_serial(port)
        keyboard.check()
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    port = find_port(parser.parse_args().port)
    connection = open_serial(port)
    print(f"--- {port}: Ctrl-C quits, the board goes on ---", flush=True)
    with Keyboard() as keyboard, contextlib.suppress(KeyboardInterrupt):
        while True:
            show(connection, keyboard, sys.stdout.buffer)
            print(f"\n--- {port} is gone, waiting for it ---", flush=True)
            connection = reopen(port, keyboard)
            print(f"--- {port} is back ---", flush=True)


if __name__ == "__main__":
    run_tool(main)
