"""`make monitor`: shows what the board prints. It sends nothing, leaves the board running when
it quits (Ctrl-C or Ctrl-]), and waits for a board that is unplugged or reset to come back."""

import argparse
import contextlib
import signal
import sys
import time

import serial
from board import BoardError, find_port, open_serial
from runtime import run_tool

try:
    import termios
except ImportError:  # Windows
    termios = None


def show(connection, out):
    """Copy what arrives to `out` until the board is gone."""
    try:
        while True:
            out.write(connection.read(connection.in_waiting or 1))
            out.flush()
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


def reopen(port, every=0.5):
    """The port, once it is there again."""
    while True:
        with contextlib.suppress(BoardError):
            return open_serial(port)
        time.sleep(every)


@contextlib.contextmanager
def quit_key():
    """Within, Ctrl-] does what Ctrl-C does, where the terminal can be told so."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    changed = termios.tcgetattr(sys.stdin)
    changed[6][termios.VQUIT] = b"\x1d"
    signal.signal(signal.SIGQUIT, signal.default_int_handler)
    try:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, changed)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    port = find_port(parser.parse_args().port)
    connection = open_serial(port)
    print(f"--- {port}: Ctrl-C quits, the board goes on ---", flush=True)
    with quit_key(), contextlib.suppress(KeyboardInterrupt):
        while True:
            show(connection, sys.stdout.buffer)
            print(f"\n--- {port} is gone, waiting for it ---", flush=True)
            connection = reopen(port)
            print(f"--- {port} is back ---", flush=True)


if __name__ == "__main__":
    run_tool(main)
