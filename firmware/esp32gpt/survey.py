"""Read a names file once and count its names, different names, letters and lengths, and the lines
that cannot be used, by reason."""

from array import array
from binascii import crc32

from . import utf8
from .compat import const
from .dataset import is_held_out
from .lines import LONGEST
from .listing import Listing, is_letter
from .tokenizer import NO_LETTER, Tokenizer

_DIFFERENT = const(512)  # so many different names are counted exactly; a larger number is estimated

# The reasons to skip a line.
LETTERS = "letters"
ENCODING = "encoding"
CONTROL = "control"
TOO_LONG = "long"


class Survey:
    """The counts of a names file.

    `counts` is {token: number of occurrences}, `skipped` {reason: number of lines}, `examples`
    {reason: the first such line, as bytes}, `common` the number of letters that are not rare, and
    `tabs` the number of names that end at a tab. `different` and `held_out` are objects of the
    class Different; `lines`, `names` and `lengths` are as in Listing.
    """

    def __init__(self):
        self.lines = 0
        self.names = 0
        self.different = Different()
        self.held_out = Different()
        self.lengths = {}
        self.counts = {}
        self.skipped = {}
        self.examples = {}
        self.common = 0
        self.tabs = 0

    def listing(self, letters, remarks):
        """Return the Listing for these counts, with this alphabet and this list of remarks."""
        different = self.different.count()
        held_out = self.held_out.count()
        exact = self.different.is_exact()
        return Listing(
            letters, self.lines, self.names, different, held_out, exact, self.lengths, remarks
        )


def survey(lines, tokenizer):
    """Return the Survey of all blocks of `lines`, a Lines, with the tokenizer's alphabet. Lines
    with other characters are counted as skipped. `common` stays 0."""
    found = Survey()
    tokens = array("i", [0] * (LONGEST + 2))  # BOS fits before and after the longest name
    view = memoryview(tokens)
    counts = found.counts
    lengths = found.lengths
    for block in range(lines.blocks):
        lines.read(block)
        found.tabs += lines.tabs
        for i in range(lines.count):
            T = tokenizer.encode(lines.buffer, lines.starts[i], lines.ends[i], tokens)
            if not T:
                _skip(found, bytes(memoryview(lines.buffer)[lines.starts[i] : lines.ends[i]]))
                continue
            for k in range(1, T):
                token = tokens[k]
                counts[token] = counts.get(token, 0) + 1
            found.lines += 1
            found.names += 1
            lengths[T - 1] = lengths.get(T - 1, 0) + 1
            name = crc32(view[1:T])
            found.different.add(name)
            if is_held_out(tokens, T):
                found.held_out.add(name)
    return found


def _skip(found, line):
    """Count a line without a name, unless it is blank."""
    reason = reason_of(line)
    if reason:
        found.lines += 1
        found.skipped[reason] = found.skipped.get(reason, 0) + 1
        if reason not in found.examples:
            found.examples[reason] = line


def reason_of(line):
    """Return the reason why a line that Tokenizer.encode refuses is no name, one of LETTERS,
    ENCODING, CONTROL and TOO_LONG, or None if nothing in it is visible.

    `line` is its bytes, or empty for a line that is too long.
    """
    if not line:
        return TOO_LONG
    try:
        text = utf8.decode(line)
    except UnicodeError:
        return ENCODING
    if "\ufffd" in text:  # the sign for a character that a program could not read
        return ENCODING
    if not all(is_letter(char) for char in text):
        return CONTROL
    stranger = Tokenizer("-")  # it knows only one letter
    for char in text:
        char = char.encode()
        if stranger.unknown(char, 0, len(char)) == NO_LETTER:
            return LETTERS
    return None


class Different:
    """Counts different numbers in little memory. After the first 512 it counts only one of 2
    numbers, then one of 4, and so on, chosen by their lowest bits."""

    def __init__(self):
        self._mask = 0
        self._kept = set()

    def add(self, number):
        """Count an int, if its lowest 30 bits are new. It must be well distributed, such as a
        CRC."""
        # On the chip, ints of up to 30 bits are no heap objects. `hash` makes such an int of a
        # larger one with the same last bits; in MicroPython 1.23, `&` alone makes another object.
        number = hash(number) & 0x3FFFFFFF
        if number & self._mask:
            return
        self._kept.add(number)
        if len(self._kept) > _DIFFERENT:
            self._mask = self._mask * 2 + 1
            self._kept = {kept for kept in self._kept if not kept & self._mask}

    def count(self):
        """Return the number of different ints that were added. An estimate is right to about 5
        %."""
        return len(self._kept) * (self._mask + 1)

    def is_exact(self):
        """Return True if `count` is exact, and False if it is an estimate."""
        return not self._mask
