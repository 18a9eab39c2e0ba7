"""Parse the output of a board: the progress of the training run, the invented names, and all other
lines as prose. This module turns bytes into state; it never waits and never draws."""

import math
import re
from collections import deque, namedtuple

# One line of progress. `loss` is the loss of one name, `avg` the mean of the last 100, `held` the
# loss of held-out names (NaN until it is first measured); `ms` is milliseconds a step, `eta` the
# seconds left, and `time` the time at which the line arrived.
Record = namedtuple("Record", "step loss avg held ms eta time")
# An invented name; `known` is True if the names file already has it.
Sample = namedtuple("Sample", "name known")

LONGEST = 500  # bytes; a longer line is noise, and is cut into pieces
PROSE = 200  # lines kept

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
JOINERS = "\u200c\u200d"  # isprintable() rejects them, but some scripts need them between letters


class Run:
    """A training run, as far as it was seen. `records` is the list of its Records in the order of
    their steps. The run goes from step `first` to step `until`; `letters` is the size of its
    alphabet, and `held_out` its final held-out loss. `until`, `letters` and `held_out` are None
    while unknown."""

    def __init__(self, first=0, until=None, letters=None, records=()):
        self.first = first
        self.until = until
        self.letters = letters
        self.records = list(records)
        self.held_out = None

    @property
    def guessing(self):
        """The loss of uniform guessing, in nats, or None while `letters` is unknown."""
        return math.log(self.letters + 1) if self.letters is not None else None

    @property
    def measured(self):
        """A list of (step, held-out loss), one for each loss that differs from the earlier one. The
        lines between two measurements repeat the earlier loss."""
        points = []
        for record in self.records:
            if record.held == record.held and (not points or record.held != points[-1][1]):
                points.append((record.step, record.held))
        return points


class Log:
    """Everything a board has printed so far. `board` and `engine` are texts from its banner, ""
    while unknown; `run` is the latest Run, `samples` the list of the latest Samples, and `prose`
    has the last PROSE lines that are neither progress nor names."""

    def __init__(self):
        self.board = ""
        self.engine = ""
        self.run = Run()
        self.samples = []
        self.prose = deque(maxlen=PROSE)
        self._wanted = 0  # names that the board has announced but not yet printed
        self._rest = b""  # the line that has not ended

    def feed(self, data, now):
        """Parse bytes that arrived at the time `now`, in seconds as of time.time(), and update the
        attributes. Return a list of the Records that the bytes complete. The stream may be cut into
        pieces at any byte."""
        *ended, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in ended for piece in pieces(line)]
        *cut, self._rest = pieces(self._rest)
        return [record for line in lines + cut if (record := self._line(printable(line), now))]

    def hang_up(self, now):
        """End the line under way, because the board is gone at the time `now`. Returns a list of
        Records, as `feed` does."""
        return self.feed(b"\n", now) if self._rest else []

    @property
    def unfinished(self):
        """The line that has not ended yet, such as the prompt `>>> `, as text; "" if there is
        none."""
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
        if records and step <= records[-1].step:  # a new run; its first lines were lost
            self.run = Run(until=self.run.until, letters=self.run.letters)
        self.run.records.append(record)
        return record

    def _announcement(self, text):
        """Update the state from a line of prose."""
        if match := BOARD.fullmatch(text):
            self.board, self.engine = match[1], ""
        elif match := ENGINE.fullmatch(text):
            self.engine = match[1]
        elif match := TRAINING.fullmatch(text):
            first, until = int(match[1]), int(match[2])
            # A resumed run keeps its earlier records.
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
    """Cut a line of bytes into a list of pieces of at most LONGEST bytes. An empty line is one
    empty piece."""
    return [line[i : i + LONGEST] for i in range(0, max(len(line), 1), LONGEST)]


def printable(line):
    """Return the bytes of a line as text that is safe to write to a terminal. Colour codes are left
    out, a tab becomes a space, and every other character that is not printable becomes U+FFFD,
    except those in JOINERS."""
    text = COLOUR.sub("", line.rstrip(b"\r").decode(errors="replace")).replace("\t", " ")
    return "".join(c if c.isprintable() or c in JOINERS else "\ufffd" for c in text)
