"""`make monitor`: show the output of a board. In a terminal this is a live view of the training; in
a pipe or a file it is the output as it is. The monitor sends nothing to the board, leaves it
running when you quit (Ctrl-C or Ctrl-]), and reconnects to a board that was unplugged or reset."""

import argparse
import contextlib
import os
import select
import signal
import sys
import time

import serial

from tools.host.ports import BoardError, find_port, open_port
from tools.monitor.files import ChartFile, CsvFile
from tools.monitor.log import Log

try:
    import termios
except ImportError:  # Windows: Ctrl-C alone quits
    termios = None

QUIT_KEYS = b"\x03\x1d"  # Ctrl-C, Ctrl-]


class Keyboard:
    """The terminal's keyboard, inside a `with`, which restores the terminal's mode at its end. Keys
    are read one by one, and Ctrl-C is a key, not a signal: a signal would also stop the program
    that started this one (make). `is_there` is False without a terminal, and then there are no
    keys."""

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
        """Read the keys that were pressed, without waiting. Raise KeyboardInterrupt if Ctrl-C or
        Ctrl-] is one of them, or the terminal has closed."""
        while self.is_there and select.select([sys.stdin], [], [], 0)[0]:
            key = os.read(sys.stdin.fileno(), 1)
            if not key or key in QUIT_KEYS:
                raise KeyboardInterrupt


class Plain:
    """A display that copies the board's output to `out`, a binary file, byte for byte. It first
    prints a line that names the port."""

    def __init__(self, out, port):
        self.out = out
        self.port = port
        self.take(f"--- {port}: Ctrl-C quits, the board goes on ---\n".encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def note(self, text):
        """Print a line with the port and `text`, such as "is back"."""
        self.take(f"\n--- {self.port} {text} ---\n".encode())

    def take(self, data):
        """Print the bytes that the board has sent. Raises KeyboardInterrupt if nobody reads the
        output any more."""
        try:
            self.out.write(data)
            self.out.flush()
        except BrokenPipeError:  # the reader of the pipe has ended; the board is still there
            raise KeyboardInterrupt from None


def display(log, port):
    """Return a View of the Log if stdout is a terminal that can draw it, else a Plain that writes
    to stdout."""
    if sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown"):
        from tools.monitor.view import View  # imported here because Plain does not need it

        return View(log, port)
    return Plain(sys.stdout.buffer, port)


def listen(connection, keyboard, take):
    """Call `take` with the bytes that arrive at the open port `connection`, or with b"" when none
    arrive within its timeout. Return when the board is gone. The port is closed in any case, also
    after the KeyboardInterrupt of a key."""
    try:
        while True:
            keyboard.check()
            try:
                data = connection.read(connection.in_waiting or 1)
            except (serial.SerialException, OSError):
                return
            take(data)
    finally:
        connection.close()


def reopen(port, keyboard, take):
    """Wait until the port with this name is there again, and return it as an open Port; call `take`
    with b"" meanwhile. Raises KeyboardInterrupt for a key."""
    while True:
        with contextlib.suppress(BoardError):
            return open_port(port)
        keyboard.check()
        take(b"")
        time.sleep(0.2)


def watch(port, connection, log, table):
    """Show and save the output of the board on the open port `connection`, and wait for a board
    that is gone, until a key raises KeyboardInterrupt. `port` is the port's name. `table` is a
    CsvFile, to which each Record is appended, or None. Raises ToolError if the CsvFile cannot be
    written."""

    def keep(records):
        if table:
            for record in records:
                table.add(record)

    with Keyboard() as keyboard, display(log, port) as shown:

        def take(data):
            keep(log.feed(data, time.time()))
            shown.take(data)

        while True:
            listen(connection, keyboard, take)
            keep(log.hang_up(time.time()))
            shown.note("is gone, waiting for it")
            connection = reopen(port, keyboard, shown.take)
            shown.note("is back")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    parser.add_argument("--csv", help="write the losses to this file, one line each")
    parser.add_argument("--png", help="draw the run to this file when the monitor ends")
    options = parser.parse_args()
    table = CsvFile(options.csv) if options.csv else None
    chart = ChartFile(options.png) if options.png else None
    port = find_port(options.port)
    connection = open_port(port)
    if table:
        table.begin()
    log = Log()
    on_signals(lambda number, _: sys.exit(128 + number), "SIGTERM", "SIGHUP")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            watch(port, connection, log, table)
    finally:
        # From here on, signals such as a second Ctrl-C must not leave half a chart.
        on_signals(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP")
        if chart:
            print(chart.save(log), file=sys.stderr)


def on_signals(handler, *names):
    """Install the handler for the signals with these names, such as "SIGTERM", that exist on this
    system."""
    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handler)
