"""The monitor's view: a Log as one screen of text, and the terminal that shows it."""

import sys
import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tools.monitor.curve import draw

AVG, HELD, KNOWN = "bold cyan", "magenta", "dim"
FRAME_SECONDS = 0.1  # the shortest time between two drawings
PROSE_LINES = 5
SMALLEST_CURVE = 6  # lines


def frame(log, status, width, height, ascii_only=False):
    """Return the Log as a rich Group of `height` lines, laid out for a console of `width` columns.
    `status` is the text of the last line, "" for none, and `ascii_only` uses no characters beyond
    ASCII for rules and curves. If there is too little room, leave out the curve first, then the
    names, then older lines of prose, then lines at the top."""
    engine = f"engine: {log.engine}" if log.engine else ""
    top = [cropped(log.board or "waiting for the board's banner", "bold"), cropped(engine)]
    if log.run.records:
        top += [progress(log.run), numbers(log.run)]
    bottom = [cropped(status, "reverse")] if status else []
    room = height - len(top) - len(bottom)
    rule = "-" if ascii_only else "─"
    prose = ruled(latest_prose(log, min(PROSE_LINES, room - 1) if room > 1 else 0), rule)
    room -= len(prose)
    samples = ruled(names(log.samples, width), rule, "names it has invented (dim: known before)")
    if len(samples) > room:
        samples = []
    room -= len(samples)
    curve = []
    if room > SMALLEST_CURVE:
        span = log.run.first, log.run.until
        curve = ruled(draw(curves(log.run), span, width, room - 1, ascii_only), rule)
    blank = [Text()] * max(0, room - len(curve))
    return Group(*(top + curve + samples + blank + prose + bottom)[-max(height, 1) :])


def ruled(lines, rule, title=""):
    """Return a list of these lines with a rule above them, or an empty list if there are none.
    `rule` is the rule's character, and `title` a text in the rule."""
    return [Rule(title, characters=rule, style="dim"), *lines] if lines else []


def cropped(text, style=""):
    """Return a Text that is cut off at the right end of the screen instead of wrapped."""
    return Text(text, style, no_wrap=True, overflow="crop")


def curves(run):
    """Return the list of a Run's curves for curve.draw: (name, style, mark, points), with points a
    list of (step, loss)."""
    return [
        ("held-out", HELD, "o", run.measured),
        ("avg", AVG, "*", [(r.step, r.avg) for r in run.records]),
    ]


def progress(run):
    """Return the progress bar, with the steps done, their speed and the time left, as a rich Table
    of one line, as wide as the console. The Run must have a Record."""
    record = run.records[-1]
    done = f"step {record.step}" + (f" of {run.until}" if run.until else "")
    rate = 1000 / record.ms if record.ms > 0 else 0
    speed = f"{rate:.{0 if rate >= 10 else 1}f} steps/s" if rate else ""
    left = f"{duration(record.eta)} left" if record.eta > 0 else ""
    row = Table.grid(padding=(0, 2), expand=True)
    for ratio in (None, 1, None, None):
        row.add_column(ratio=ratio, no_wrap=True)
    bar = ProgressBar(run.until, record.step) if run.until else Text()
    row.add_row(Text(done), bar, Text(speed), Text(left))
    return row


def duration(seconds):
    """Return a time in seconds as text: 59 s, 12:05 min, 3:07 h."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02} min"
    return f"{seconds // 3600}:{seconds // 60 % 60:02} h"


def numbers(run):
    """Return one line, a rich Text, with the Run's latest losses. The Run must have a Record."""
    record = run.records[-1]
    parts = [Text(f"loss {record.loss:.4f}", "dim"), Text(f"avg {record.avg:.4f}", AVG)]
    held = record.held if run.held_out is None else run.held_out
    if held == held:
        parts.append(Text(f"held-out {held:.4f}", HELD))
    if run.guessing is not None:
        parts.append(Text(f"guessing {run.guessing:.4f}", "dim"))
    line = Text("   ").join(parts)
    line.no_wrap, line.overflow = True, "crop"
    return line


def names(samples, width):
    """Return the invented names in columns, as a list of rich Texts, one a line. A line has as many
    names as fit into `width` columns, from 1 to 10. `samples` are pairs (name, known); a name is
    dim if `known` is True: the names file already has it."""
    texts = [Text(name or "(empty)", KNOWN if known else "bold") for name, known in samples]
    wide = max((text.cell_len for text in texts), default=0) + 2
    across = max(1, min(10, width // wide))
    rows = [texts[i : i + across] for i in range(0, len(texts), across)]
    lines = []
    for row in rows:
        line = Text(no_wrap=True, overflow="crop")
        for text in row:
            line.append_text(text).append(" " * (wide - text.cell_len))
        lines.append(line)
    return lines


def latest_prose(log, count):
    """Return a list of up to `count` Texts, the last lines of the Log's prose that are not empty.
    The unfinished line counts too, since it may be a prompt, unless it looks like the start of a
    line of progress."""
    lines = [*log.prose, "" if "step:".startswith(log.unfinished[:5]) else log.unfinished]
    return [cropped(line) for line in lines if line][-count:] if count > 0 else []


class View:
    """A full-screen terminal view of a Log, inside a `with`. `port` is the port's name. On exit the
    terminal returns to its earlier content, and the last frame is printed below it. Call `note`
    when the port's state changes, and `take` often, to redraw."""

    def __init__(self, log, port):
        self.log = log
        self.port = port
        self.status = f"Ctrl-C quits, the board goes on ({port})"
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # for letters that its encoding lacks
        self.console = Console(highlight=False)
        self.live = Live(console=self.console, screen=True, auto_refresh=False)
        self.next = 0.0  # the earliest time of the next frame
        self.shown = None  # the size of the frame on the screen, or None if it is out of date

    def __enter__(self):
        self.live.start()
        return self

    def __exit__(self, *_):
        self.live.stop()
        width, height = self.console.size
        self.console.print(self._frame("", width, height - 1))  # one line is for the shell's prompt

    def note(self, text):
        """Redraw at once, with `text` in the status line. It says what has happened to the board,
        such as "is back"."""
        self.status = f"The board {text}, Ctrl-C quits ({self.port})"
        self.next = 0.0
        self.shown = None
        self.take(b"")

    def take(self, data):
        """Redraw if the Log or the terminal's size has changed, at most once every FRAME_SECONDS.
        `data` only tells whether the board printed anything: the Log has parsed it already."""
        if data:
            self.shown = None
        size = self.console.size
        if size != self.shown and time.monotonic() >= self.next:
            self.live.update(self._frame(self.status, *size), refresh=True)
            self.next = time.monotonic() + FRAME_SECONDS
            self.shown = size

    def _frame(self, status, width, height):
        return frame(self.log, status, width, height, self.console.options.ascii_only)
