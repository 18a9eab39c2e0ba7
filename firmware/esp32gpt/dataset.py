"""Names from a file, in an order that costs the chip no seeks, and which of them are held out.

The file is shuffled when it is prepared, on the host; the first epoch reads it from
beginning to end through one small buffer. Later epochs visit the blocks of the file, and
the lines within a block, in an order that a few ints describe: each line once an epoch.
"""

from array import array
from binascii import crc32

from .rng import Rng

LF = 10
CR = 13
SPACE = 32
BOM = b"\xef\xbb\xbf"  # with which some editors let UTF-8 begin
LONGEST_LINE = 256  # bytes; what is longer is cut here, far beyond any context that fits

HELD_OUT_OF = 16  # one name of so many is held out
SMALLEST_SPLIT = 1024  # bytes; a shorter file is trained on whole


class DatasetError(Exception):
    """The names file cannot be used; the message says what to do."""


def is_held_out(tokens, T):
    """Whether training never sees the name tokens[1] … tokens[T].

    A hash of the name decides, so that a name which is listed twice is on one side only.
    """
    h = 0
    for i in range(1, T + 1):
        h = (h * 251 + tokens[i]) & 0x3FFF
    return (h * 40503 & 0xFFFF) < 0x10000 // HELD_OUT_OF


class Dataset:
    """One side of a names file, the lines to train on or those held out, as documents.

    `peek` writes the current document's tokens and can be repeated; `advance` goes on to
    the next. So a step that is interrupted before its end finds the same document again.
    The position is `epoch`, `block` (how many blocks of this epoch lie behind) and `line`
    (how many lines of the block do). Blank lines are passed over, and so are lines with a
    character outside the alphabet, which `skipped` counts.
    """

    def __init__(self, path, tokenizer, seed=42, block_bytes=384, held_out=False):
        """Raises DatasetError if the file is missing, or has no line that can be used."""
        self.path = path
        self.tokenizer = tokenizer
        self.seed = seed
        self.held_out = held_out
        self.skipped = 0
        self._block_bytes = block_bytes
        try:
            self._file = open(path, "rb")
            size = self._file.seek(0, 2)
        except OSError:
            size = -1
        if size < 0:
            raise DatasetError(f"no names file at {path}: `make deploy` puts one there")
        self._blocks = (size + block_bytes - 1) // block_bytes
        self._split = size >= SMALLEST_SPLIT
        # One block, the byte before it, and the end of its last line.
        self._buffer = bytearray(block_bytes + 1 + LONGEST_LINE)
        # Its lines but for blank ones, of which half as many fit as bytes.
        self._starts = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self._ends = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self._block_order = Order()
        self._line_order = Order()
        self._loaded = -1
        self.epoch = 0
        self.block = 0
        self.line = 0
        if not size:
            raise DatasetError(f"{path} is empty: it needs one name a line")
        self._load()
        # (bytes, CRC-32 of the beginning): tells this file from another.
        self.identity = (size, crc32(memoryview(self._buffer)[: min(size, block_bytes)]))
        self.sorted = self._is_sorted()
        if self.sorted:
            # Reading it in order would teach the model the letter A first.
            self.epoch = 1
        if not held_out and not self.peek(array("i", [0] * 65)):
            raise DatasetError(
                f"{path} has no usable name: it needs lines made of '{tokenizer.alphabet}'"
            )

    def peek(self, tokens):
        """Write the document's tokens; returns the number of predictions T, at least 1.

        Returns 0 if an epoch has gone by without a usable line.
        """
        epochs = self.epoch + 2
        while self.epoch < epochs:
            self._load()
            while self.line < self._lines:
                line = self._line_order.at(self.line)
                T = self.tokenizer.encode(
                    self._buffer, self._starts[line], self._ends[line], tokens
                )
                if T and self._is_mine(tokens, T):
                    return T
                self.skipped += not T
                self.line += 1
            if self.block + 1 < self._blocks:
                self.block += 1
            else:
                self.block = 0
                self.epoch += 1
            self.line = 0
        return 0

    def advance(self):
        """Go on to the next document."""
        self.line += 1

    def close(self):
        self._file.close()

    def _is_mine(self, tokens, T):
        if self._split:
            return is_held_out(tokens, T) == self.held_out
        return not self.held_out

    def _load(self):
        """Have the block of the present position in the buffer, and its lines' order."""
        wanted = self.epoch * self._blocks + self.block
        if self._loaded == wanted:
            return
        self._loaded = -1  # until all of it is here: an interrupt may come between
        self._block_order.shuffle(self._blocks, self.seed, self.epoch)
        block = self._block_order.at(self.block)
        self._read(block)
        self._line_order.shuffle(self._lines, self.seed + block, self.epoch)
        self._loaded = wanted

    def _read(self, block):
        """Fill _buffer, and _starts and _ends of the _lines lines that start in this block."""
        buffer = self._buffer
        stop = self._block_bytes
        first = 0
        if block:
            # From the byte before it: a line that starts earlier is the last block's.
            self._file.seek(block * self._block_bytes - 1)
            count = self._file.readinto(buffer)
            while first < count and buffer[first] != LF:
                first += 1
            first += 1
            stop += 1
        else:
            self._file.seek(0)
            count = self._file.readinto(buffer)
            if buffer[: len(BOM)] == BOM:
                first = len(BOM)
        lines = 0
        while first < stop and first < count:
            last = first
            while last < count and buffer[last] != LF:
                last += 1
            end = last
            while end > first and (buffer[end - 1] == CR or buffer[end - 1] == SPACE):
                end -= 1
            if end > first:
                self._starts[lines] = first
                self._ends[lines] = end
                lines += 1
            first = last + 1
        self._lines = lines

    def _is_sorted(self):
        """Whether the first block's lines are in alphabetical order (and enough to tell)."""
        previous = b""
        for line in range(self._lines):
            text = bytes(memoryview(self._buffer)[self._starts[line] : self._ends[line]])
            if text < previous:
                return False
            previous = text
        return self._lines >= 8


class NameList:
    """Documents from a list of names, in its order and round again: for a fixed workload."""

    skipped = epoch = block = 0
    sorted = False

    def __init__(self, names, tokenizer):
        """Raises DatasetError for a name with a character outside the alphabet."""
        self.tokenizer = tokenizer
        self._names = [name.encode() for name in names]
        self.line = 0
        tokens = array("i", [0] * 65)
        for name in self._names:
            if not tokenizer.encode(name, 0, len(name), tokens):
                raise DatasetError(f"{name} has characters outside '{tokenizer.alphabet}'")

    def peek(self, tokens):
        """As Dataset.peek."""
        name = self._names[self.line % len(self._names)]
        return self.tokenizer.encode(name, 0, len(name), tokens)

    def advance(self):
        """As Dataset.advance."""
        self.line += 1


class Order:
    """An order of 0 … n-1 that needs no table: i → (first + i · stride) mod n."""

    def shuffle(self, n, seed, epoch):
        """Choose the order of an epoch, n may be 0; epoch 0 is the natural one."""
        self.n = n
        self.first = 0
        self.stride = 1
        if epoch and n > 1:
            rng = Rng(seed * 31 + epoch)
            self.first = rng.below(n)
            self.stride = 1 + rng.below(n - 1)
            while gcd(self.stride, n) != 1:
                self.stride = self.stride % n + 1

    def at(self, i):
        """The i-th index of the order."""
        return (self.first + i * self.stride) % self.n


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def known(path, names, fold):
    """The set of those names that are lines of the file; with fold, capitals are small letters."""
    wanted = {name.encode(): name for name in names}
    found = set()
    with open(path, "rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        while True:
            line = file.readline(LONGEST_LINE)
            if not line:
                return found
            line = line.strip()
            name = wanted.get(line.lower() if fold else line)
            if name:
                found.add(name)
