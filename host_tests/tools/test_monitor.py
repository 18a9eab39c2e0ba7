"""tools/monitor/command.py from end to end: a board on a pty that is reset, unplugged and plugged
in again, a terminal, a pipe, keys and signals."""

import csv
import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import tty

import pytest

from host_tests.support import session
from tools.host import ports
from tools.monitor import command as monitor

TOOL = [sys.executable, "-m", "tools", "monitor"]


class Line:
    """A pty as a serial port at `path`, and the board's end of it. It can be unplugged."""

    def __init__(self, path):
        self.path = path
        self.plug()

    def plug(self):
        self.board, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.path.symlink_to(os.ttyname(self.slave))

    def unplug(self):
        self.path.unlink()
        os.close(self.slave)
        os.close(self.board)

    def say(self, data):
        while data:
            data = data[os.write(self.board, data) :]

    def was_sent(self):
        """Return the bytes that arrived at the board."""
        os.set_blocking(self.board, False)
        try:
            return os.read(self.board, 100)
        except BlockingIOError:
            return b""


@pytest.fixture
def line(tmp_path):
    line = Line(tmp_path / "port")
    yield line
    line.unplug()


class Monitor:
    """The running tool, with a pty as its screen and keyboard, or with a pipe as its stdout."""

    def __init__(self, line, *options, pipe=False, term="xterm"):
        self.screen, self.terminal = pty.openpty()
        termios.tcsetwinsize(self.terminal, (24, 80)) if sys.version_info >= (3, 11) else None
        self.settings = termios.tcgetattr(self.terminal)
        self.printed = bytearray()
        self.said = ""  # the output, as text, that no test has looked for yet
        self.process = subprocess.Popen(
            [*TOOL, "--port", line.path, *map(str, options)],
            stdin=subprocess.DEVNULL if pipe else self.terminal,
            stdout=subprocess.PIPE if pipe else self.terminal,
            stderr=subprocess.PIPE if pipe else self.terminal,
            env=os.environ | {"TERM": term, "LINES": "24", "COLUMNS": "80"},
            # Tests that run in the background of a shell ignore Ctrl-C, and the tool inherits that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.source = self.process.stdout.fileno() if pipe else self.screen

    def hears(self, *texts):
        """Return True if it prints the texts, one after the other, within 30 seconds."""
        deadline = time.monotonic() + 30
        for text in texts:
            while text not in self.said:
                wait = max(0, deadline - time.monotonic())
                if not (select.select([self.source], [], [], wait)[0] and self._read()):
                    return False
            self.said = self.said[self.said.index(text) + len(text) :]
        return True

    def _read(self):
        data = os.read(self.source, 65536)
        self.printed += data
        self.said += data.decode(errors="replace")
        return data

    def press(self, key):
        os.write(self.screen, key)

    def end(self):
        """Wait until it ends by itself, and return its exit code."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self.screen], [], [], 0.05)[0]:
                self._read()
        while select.select([self.screen], [], [], 0)[0]:
            self._read()
        return self.process.poll()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.screen)
        os.close(self.terminal)


@pytest.fixture
def start(line):
    running = []

    def start(*options, listening=True, **settings):
        running.append(Monitor(line, *options, **settings))
        # The output of the board before the tool has opened the port is lost.
        assert not listening or running[-1].hears("Ctrl-C quits")
        return running[-1]

    yield start
    for tool in running:
        tool.close()


def steps(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


HUNDREDS = list(range(100, 1001, 100))


def test_all_that_arrives_is_taken_and_nothing_is_sent_until_the_board_is_gone(line):
    connection = ports.open_port(str(line.path))
    line.say(b"step:1 loss:3.3\r\n" * 100)
    out = io.BytesIO()
    arguments = connection, monitor.Keyboard(), out.write
    listening = threading.Thread(target=monitor.listen, args=arguments)
    listening.start()
    deadline = time.monotonic() + 5
    while len(out.getvalue()) < 1700 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert line.was_sent() == b""
    line.unplug()
    listening.join(5)
    assert not listening.is_alive()
    assert out.getvalue() == b"step:1 loss:3.3\r\n" * 100
    line.plug()


def test_the_port_is_hung_up_when_listening_is_interrupted(line):
    def interrupted(_):
        raise KeyboardInterrupt

    connection = ports.open_port(str(line.path))
    with pytest.raises(KeyboardInterrupt):
        monitor.listen(connection, monitor.Keyboard(), interrupted)
    assert not connection.is_open


def test_into_a_pipe_goes_what_the_board_prints_and_nothing_else(line, start, tmp_path):
    table, chart = tmp_path / "run.csv", tmp_path / "run.png"
    tool = start("--csv", table, "--png", chart, pipe=True)
    said = bytes(range(256)) + b"\r\n" + session.WHOLE
    line.say(said)
    assert tool.hears(">>> ")
    tool.process.send_signal(signal.SIGINT)
    rest, complaints = tool.process.communicate(timeout=20)
    assert tool.process.returncode == 0
    assert complaints.decode() == f"Drawn: {chart}\n"
    greeting = f"--- {line.path}: Ctrl-C quits, the board goes on ---\n".encode()
    assert bytes(tool.printed) + rest == greeting + said
    assert steps(table) == HUNDREDS
    assert chart.read_bytes().startswith(b"\x89PNG") and len(chart.read_bytes()) > 10_000
    assert line.was_sent() == b""


@pytest.mark.parametrize("key", [b"\x03", b"\x1d"], ids=["Ctrl-C", "Ctrl-]"])
def test_a_terminal_shows_a_view_and_is_left_as_it_was(key, line, start):
    tool = start()
    assert termios.tcgetattr(tool.terminal) != tool.settings
    line.say(session.WHOLE)
    assert tool.hears("step 1000 of 1000", "areli", "5 of 7 are new")
    tool.press(key)
    assert tool.end() == 0
    assert tool.hears("\x1b[?1049l", "step 1000 of 1000", "areli")
    assert termios.tcgetattr(tool.terminal) == tool.settings
    assert line.was_sent() == b""


def test_a_terminal_that_can_draw_nothing_gets_the_bytes(line, start):
    tool = start(term="dumb")
    line.say(session.WHOLE)
    assert tool.hears("step:1000 loss:2.7134 avg:2.2000", ">>> ")
    tool.press(b"\x03")
    assert tool.end() == 0
    assert "\x1b" not in tool.said


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_keys_end_it_even_while_it_waits_for_the_board(term, line, start):
    tool = start(term=term)
    line.say(b"Traceback\r\n")
    assert tool.hears("Traceback")
    line.unplug()
    assert tool.hears("is gone, waiting for it")
    tool.press(b"\x1d")
    assert tool.end() == 0
    line.plug()


def test_a_board_that_is_unplugged_in_mid_line_comes_back_and_resumes(line, start, tmp_path):
    tool = start("--csv", tmp_path / "run.csv")
    line.say(session.said(session.BANNER, session.TRAINING, session.progress(100, 500))[:-30])
    assert tool.hears("step 400 of 1000")
    line.unplug()
    assert tool.hears("is gone, waiting for it")
    line.plug()
    assert tool.hears("is back")
    updated = session.BANNER.replace("1.24.0", "1.25.0")
    line.say(session.said(updated, "resumed: step 400 from esp32gpt.ckpt\n"))
    line.say(session.said("training: step 400 to 1000, 26 letters\n", session.progress(500, 1000)))
    assert tool.hears("MicroPython 1.25.0, 240 MHz", "step 1000 of 1000", "resumed: step 400")
    tool.press(b"\x03")
    assert tool.end() == 0
    assert steps(tmp_path / "run.csv") == HUNDREDS


def test_a_reset_in_mid_line_and_two_runs_in_a_row(line, start, tmp_path):
    tool = start("--csv", tmp_path / "run.csv", "--png", tmp_path / "run.svg")
    cut = session.said(session.BANNER, session.TRAINING, session.progress(100, 300))[:-9]
    line.say(cut + b"ets Jul 29 2019 12:21:46\r\n\r\n" + session.WHOLE)
    assert tool.hears("step 1000 of 1000", "5 of 7 are new")
    line.say(b"\r\nMPY: soft reboot\r\n" + session.WHOLE)
    deadline = time.monotonic() + 10
    while len(steps(tmp_path / "run.csv")) < 22 and time.monotonic() < deadline:
        tool.hears("\x1b[")
    tool.press(b"\x03")
    assert tool.end() == 0
    assert steps(tmp_path / "run.csv") == [100, 200, *HUNDREDS, *HUNDREDS]
    assert b"<svg" in (tmp_path / "run.svg").read_bytes()


def test_a_signal_that_ends_it_leaves_whole_files_and_the_terminal(line, start, tmp_path):
    tool = start("--csv", tmp_path / "run.csv", "--png", tmp_path / "run.png")
    line.say(session.WHOLE)
    assert tool.hears("step 1000 of 1000")
    while tool.process.poll() is None:  # the second may come while the chart is drawn
        tool.process.terminate()
        select.select([], [], [], 0.1)
    assert tool.end() == 143
    assert steps(tmp_path / "run.csv") == HUNDREDS
    assert (tmp_path / "run.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    assert termios.tcgetattr(tool.terminal) == tool.settings


def test_a_reader_that_goes_ends_it(line, start):
    tool = start(pipe=True)
    tool.process.stdout.close()
    line.say(session.WHOLE)
    assert tool.process.wait(10) == 0
    assert tool.process.stderr.read() == b""


def test_a_run_that_was_not_seen_is_not_drawn(line, start, tmp_path):
    chart = tmp_path / "run.png"
    tool = start("--png", chart, pipe=True)
    tool.process.send_signal(signal.SIGINT)
    assert "No training was seen" in tool.process.communicate(timeout=20)[1].decode()
    assert not chart.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--csv", "{}"], "{} cannot be written (Is a directory): name another file.\n"),
        (["--csv", "{}/no/run.csv"], "{}/no/run.csv cannot be written (No such file or directory)"),
        (["--png", "{}/no/run.png"], "{}/no/run.png cannot be written (No such file or directory)"),
        (
            ["--png", "{}/run.gif"],
            "{}/run.gif cannot hold a chart: choose a name that ends in .png, .svg, .pdf.\n",
        ),
    ],
)
def test_files_that_cannot_be_written_are_told_before_it_connects(options, complaint, tmp_path):
    options = [option.format(tmp_path) for option in options]
    done = subprocess.run([*TOOL, "--port", "/dev/none", *options], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(complaint.format(tmp_path))


def test_a_table_survives_a_port_that_is_not_there(tmp_path):
    table = tmp_path / "run.csv"
    table.write_text("precious")
    done = subprocess.run(
        [*TOOL, "--port", "/dev/none", "--csv", table], capture_output=True, text=True
    )
    assert done.stderr.startswith("There is no port /dev/none")
    assert table.read_text() == "precious"
