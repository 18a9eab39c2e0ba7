"""What a board says on its serial port, understood: the run of training under way, what it has
invented, and everything else as prose. Bytes in, state out; nothing here waits or draws."""

import math
import re
from collections import deque, namedtuple

# One line of progress. `loss` is one name's, `avg` the mean of the last 100, `held` that of names
# held out, or NaN before it is first measured; `ms` a step, `eta` seconds, `time` when it came.
Record = namedtuple("Record", "step loss avg held ms eta time")
# A name that was invented, and whether it turned out to be in the names file.
Sample = namedtuple("Sample", "name known")

LONGEST = 500  # bytes a line; what is longer is noise, and is cut
PROSE = 200  # lines remembered

NUMBER = r"([-+]?[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|nan|[-+]?inf)"
COUNT = "([0-9]{1,12})"
PROGRESS = re.compile(
    rf"step:{COUNT} loss:{NUMBER} avg:{NUMBER}(?: held:{NUMBER})? ms:{NUMBER} eta:{NUMBER}"
)
BOARD = re.compile("esp32gpt: (.+Python .+)")
ENGINE = re.compile("engine: (.+)")
TRAINING = re.compile(rf"training: step {COUNT} to {COUNT}(?:, {COUNT} .*)?")
HELD_OUT = re.compile(rf"held-out: loss {NUMBER}( .*)?")
INVENTED = re.compile(rf"{COUNT} names it has invented:")
SAMPLE = re.compile(rf" *{COUNT} (.*)")
NEW = re.compile(rf"{COUNT} of {COUNT} are new(?:; known: (.*))?")

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
JOINERS = "\u200c\u200d"  # not printable, but letters of some scripts need them


class Run:
    """Training as it has been seen: `records` in the order of their steps, from step `first` to
    step `until` or None, over `letters` or None; `held_out`, the loss at its end, or None."""

    def __init__(self, first=0, until=None, letters=None, records=()):
        self.first = first
        self.until = until
        self.letters = letters
        self.records = list(records)
        self.held_out = None

    @property
    def guessing(self):
        """The loss of one who only guesses, or None while the number of letters is unknown."""
        return math.log(self.letters + 1) if self.letters is not None else None

    @property
    def measured(self):
        """(step, held-out loss) where it was measured anew: lines in between repeat it."""
        points = []
        for record in self.records:
            if record.held == record.held and (not points or record.held != points[-1][1]):
                points.append((record.step, record.held))
        return points


class Log:
    """Everything a board has said so far. `board` and `engine` are what it called itself,
    `run` the latest Run that has begun, `samples` the latest names, `prose` the lines that are
    neither progress nor names."""

    def __init__(self):
        self.board = ""
        self.engine = ""
        self.run = Run()
        self.samples = []
        self.prose = deque(maxlen=PROSE)
        self._wanted = 0  # names that the board has announced and not yet said
        self._rest = b""  # the line that has not ended

    def feed(self, data, now):
        """Take bytes that came at the time `now`; returns the Records they complete. It does
        not matter how the stream was cut into pieces."""
        *ended, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in ended for piece in pieces(line)]
        *cut, self._rest = pieces(self._rest)
        return [record for line in lines + cut if (record := self._line(printable(line), now))]

    def hang_up(self, now):
        """The board is gone, and with it the end of its line; returns what `feed` does."""
        return self.feed(b"\n", now) if self._rest else []

    @property
    def unfinished(self):
        """The line under way: what a prompt such as `>>> ` is."""
        return printable(self._rest)

    def _line(self, text, now):
        match = PROGRESS.fullmatch(text)
        if match:
            return self._progress(match, now)
        match = SAMPLE.fullmatch(text)
        if match and self._wanted and int(match[1]) == len(self.samples) + 1:
            self.samples.append(Sample(match[2], False))
            self._wanted -= 1
            return None
        self._wanted = 0
        self.prose.append(text)
        self._announcement(text)
        return None

    def _progress(self, match, now):
        step = int(match[1])
        losses = (float(number or "nan") for number in match.groups()[1:])
        record = Record(step, *losses, now)
        records = self.run.records
        if records and step <= records[-1].step:  # a new run, whose beginning was not heard
            self.run = Run(until=self.run.until, letters=self.run.letters)
        self.run.records.append(record)
        return record

    def _announcement(self, text):
        """Learn what a line of prose announces."""
        if match := BOARD.fullmatch(text):
            self.board, self.engine = match[1], ""
        elif match := ENGINE.fullmatch(text):
            self.engine = match[1]
        elif match := TRAINING.fullmatch(text):
            first, until = int(match[1]), int(match[2])
            # A run that is resumed keeps what was seen of it before.
            seen = [record for record in self.run.records if record.step <= first]
            self.run = Run(first, until, int(match[3]) if match[3] else None, seen)
            self.samples = []
        elif match := HELD_OUT.fullmatch(text):
            self.run.held_out = float(match[1])
        elif match := INVENTED.fullmatch(text):
            self._wanted = int(match[1])
            self.samples = []
        elif match := NEW.fullmatch(text):
            known = match[3].split(", ") if match[3] else []
            self.samples = [Sample(name, name in known) for name, _ in self.samples]


def pieces(line):
    """The line, cut where it is longer than a line can be: at least one piece, maybe empty."""
    return [line[i : i + LONGEST] for i in range(0, max(len(line), 1), LONGEST)]


def printable(line):
    """The bytes as text that does nothing to a terminal but stand there."""
    text = COLOUR.sub("", line.rstrip(b"\r").decode(errors="replace")).replace("\t", " ")
    return "".join(c if c.isprintable() or c in JOINERS else "\ufffd" for c in text)
