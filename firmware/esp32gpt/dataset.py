"""Read names from a file, in an order that needs few seeks, and decide which names are held out.

The host shuffles the file when it prepares it. The first epoch reads the file from start to end
through one small buffer. Later epochs visit the blocks of the file, and the lines in each block, in
another order that a few ints describe. Each line comes once in an epoch.
"""

from array import array
from binascii import crc32

from .compat import const
from .lines import Lines
from .rng import Rng

_HELD_OUT_OF = const(16)  # one name of so many is held out
# The first tokens of a name decide: the same names are held out in any longer context.
_DECIDE = const(16)

# The sides of a list.
ALL = 0
TRAINED = 1
HELD_OUT = 2


class DatasetError(Exception):
    """The names file cannot be used; the message says what to do."""


def is_held_out(tokens, T):
    """Return True if the name tokens[1] … tokens[T] belongs to the held-out side, which training
    never sees: about one name of 16.

    A hash of its first 16 tokens decides, so copies of a name are always on the same side.
    """
    h = 0
    for i in range(1, min(T, _DECIDE) + 1):
        h = (h * 251 + tokens[i]) & 0x3FFF
    return (h * 40503 & 0xFFFF) < 0x10000 // _HELD_OUT_OF


def open_list(path):
    """Open the names file at `path` for reading, and return the binary file, with its position at
    the end. Raises DatasetError if it is missing or empty."""
    try:
        file = open(path, "rb")
        size = file.seek(0, 2)
    except OSError:
        size = -1
    if size < 0:
        raise DatasetError(f"no names file at {path}: `make deploy` puts one there")
    if not size:
        raise DatasetError(f"{path} is empty: it needs one name a line")
    return file


class Dataset:
    """The documents on one side of a names file: all names, those for training, or the held-out
    ones.

    `peek` writes the tokens of the current document and can be repeated. To go to the next
    document, add 1 to `line`. So an interrupted step finds the same document again. The position is
    `epoch`, `block` (the number of blocks that are done in this epoch) and `line` (the number of
    lines that are done in the block). `identity` is (bytes of the file, CRC-32 of its first block);
    `sorted` is True if the first block has at least 8 different lines, in alphabetical order; then
    the first epoch is shuffled too, and has the number 1. Lines with a character outside the
    alphabet are skipped.
    """

    def __init__(self, path, tokenizer, seed=42, block_bytes=384, side=ALL):
        """Open the file at `path`, and read blocks of block_bytes, in an order that `seed` decides.
        `side` is ALL, TRAINED or HELD_OUT. Raises DatasetError if the file is missing or empty, or
        has no name on this side; HELD_OUT may have none."""
        self.path = path
        self.tokenizer = tokenizer
        self.seed = seed
        self.side = side
        self._lines = Lines(open_list(path), block_bytes)
        self._block_order = Order()
        self._line_order = Order()
        self._loaded = -1
        self.epoch = 0
        self.block = 0
        self.line = 0
        self._load()
        size = self._lines.size
        # (bytes, CRC-32 of the first block): identifies the file.
        self.identity = (size, crc32(memoryview(self._lines.buffer)[: min(size, block_bytes)]))
        self.sorted = self._is_sorted()
        # Reading a sorted file in order would teach the model the letter A first.
        self.epoch = int(self.sorted)
        if side != HELD_OUT and not self.peek(array("i", [0] * 65)):
            raise DatasetError(f"{path} has no name in the letters '{tokenizer.alphabet}'")
        self.epoch = int(self.sorted)
        self.block = self.line = 0

    def peek(self, tokens):
        """Write the document's tokens to the int buffer `tokens`, as Tokenizer.encode does; return
        the number of predictions T, at least 1.

        Goes past lines that are no documents. Returns 0 if there is no usable line in a whole
        epoch.
        """
        lines = self._lines
        epochs = self.epoch + 2
        while self.epoch < epochs:
            self._load()
            while self.line < lines.count:
                line = self._line_order.at(self.line)
                T = self.tokenizer.encode(
                    lines.buffer, lines.starts[line], lines.ends[line], tokens
                )
                if T and (self.side == ALL or is_held_out(tokens, T) == (self.side == HELD_OUT)):
                    return T
                self.line += 1
            if self.block + 1 < lines.blocks:
                self.block += 1
            else:
                self.block = 0
                self.epoch += 1
            self.line = 0
        return 0

    def close(self):
        """Close the file."""
        self._lines.close()

    def _load(self):
        """Read the block of the present position into the buffer and set the order of its lines,
        unless that is done."""
        wanted = self.epoch * self._lines.blocks + self.block
        if self._loaded == wanted:
            return
        self._loaded = -1  # until everything is loaded: there may be an interrupt
        self._block_order.shuffle(self._lines.blocks, self.seed, self.epoch)
        block = self._block_order.at(self.block)
        self._lines.read(block)
        self._line_order.shuffle(self._lines.count, self.seed + block, self.epoch)
        self._loaded = wanted

    def _is_sorted(self):
        """Return True if the first block has at least 8 different lines, in alphabetical order."""
        lines = self._lines
        ascents = 0
        previous = b""
        for line in range(lines.count):
            text = bytes(memoryview(lines.buffer)[lines.starts[line] : lines.ends[line]])
            if text < previous:
                return False
            ascents += text > previous
            previous = text
        return ascents >= 8


class Order:
    """An order of 0 … n-1 without a table: i → (first + i · stride) mod n. Call `shuffle` first."""

    def shuffle(self, n, seed, epoch):
        """Choose the order of n items for an epoch; n may be 0. Epoch 0 has the natural order; in
        others, the ints `seed` and `epoch` decide."""
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
        """Return the index at place i of the order; both count from 0."""
        return (self.first + i * self.stride) % self.n


def gcd(a, b):
    """Return the greatest common divisor of two ints from 0."""
    while b:
        a, b = b, a % b
    return a
