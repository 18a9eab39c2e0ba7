"""The listing of a names file: its alphabet, the numbers of names, and remarks for the user.

The listing of NAME.txt is stored beside it in NAME.alphabet, as six lines of UTF-8:

    size in bytes and CRC-32 of NAME.txt, and the maker of the listing: host, fold or keep
    the alphabet: each character once, in the order of code points, which is the order of tokens
    lines, names, different names, different held-out names, and 1 if counted or 0 if estimated
    length in letters:number of names, for each length
    a remark for the user, or nothing
    another remark, or nothing

The host writes it when it prepares a list; otherwise the board does.
"""

from binascii import crc32

from . import compat, utf8
from .compat import const
from .dataset import open_list
from .modules import borrow

_MOST_BYTES = const(8192)  # the largest stored listing
BLOCK = 4096  # bytes read at once: a block of the flash
MOST = 64  # letters of an alphabet; each letter is a token, which costs the chip memory
LEAST = 8  # names are held out only if so many different ones are held out, and as many trained on
HOST = "host"
BARE_BYTES = 112 * 1024  # that an ESP32 without PSRAM has for a model that trains, on v1.24.0
_LARGE = const(65536)  # bytes of a file that takes a chip more than a second
_REMARKS = const(2)


class Listing:
    """The facts about a names file.

    `letters` is the alphabet, `lines` the number of lines that are not blank, `names` the number of
    usable names, `different` the number of different names (an estimate unless `exact`), `held_out`
    the number of different names that would be held out, `lengths` the dict {length in letters:
    number of names}, and `remarks` a list of texts for the user.
    """

    def __init__(self, letters, lines, names, different, held_out, exact, lengths, remarks):
        self.letters = letters
        self.lines = lines
        self.names = names
        self.different = different
        self.held_out = held_out
        self.exact = exact
        self.lengths = lengths
        self.remarks = remarks

    def holds_out(self):
        """Return True if there are enough different names to hold some out: if at least LEAST (8)
        would be held out, and at least as many would be left."""
        return self.held_out >= LEAST and self.different - self.held_out >= LEAST


def load(path, fold, config, letters=None):
    """Return a tuple (alphabet, a bool, a list of texts) for the names file at `path`. The bool is
    True if names are held out; the texts are the lines of a report.

    `letters` is the alphabet of an existing model. Without it, the alphabet is the one stored
    beside the file, if it was made for this content. Otherwise it is chosen here, and stored if
    possible; `fold` reads ASCII capitals as small letters. `config` is the model's Config, with any
    vocab_size. Raises DatasetError if the file is missing, has no name to learn, or has too many
    different characters.
    """
    file = open_list(path)
    try:
        key = identify(file, "fold" if fold else "keep")
        listing = read(beside(path), key)
        if not listing or letters not in (None, listing.letters):
            if key[0] > _LARGE:
                print(f"looking through {path}, {key[0] // 1024} KB")
            # Thousands of small objects stay meanwhile. Amid garbage they would split the memory.
            compat.collect_every(4096)
            listing = borrow("alphabet", "look_through", path, file, fold, letters)
            if letters is None:
                write(path, key, listing)
    finally:
        file.close()
    return listing.letters, listing.holds_out(), borrow("report", "lines", path, listing, config)


def identify(file, maker):
    """Return the key of a listing: the tuple (size of `file` in bytes, CRC-32 of its content,
    maker). `file` is an open binary file. `maker` is "host", or on a board "fold" or "keep", which
    say if capitals become small letters."""
    size = file.seek(0, 2)
    file.seek(0)
    block = bytearray(BLOCK)
    view = memoryview(block)
    crc = 0
    n = file.readinto(block)
    while n:
        crc = crc32(view[:n], crc)
        n = file.readinto(block)
    return size, crc, maker


def beside(path):
    """Return the path of the listing of a names file: "names.alphabet" for "names.txt"."""
    dot = path.rfind(".")
    return (path[:dot] if dot > path.rfind("/") + 1 else path) + ".alphabet"


def write(path, key, listing):
    """Store the Listing of the names file at `path` beside it. `key` is from `identify`. If this is
    not possible, or if `path` itself ends in ".alphabet", store nothing: the listing is made again
    the next time."""
    stored = beside(path)
    if stored == path:
        return
    try:
        with open(stored, "wb") as file:
            file.write(render(key, listing))
    except OSError:
        pass


def render(key, listing):
    """Return the stored form of a Listing, as bytes, with its first two remarks. `key` is from
    `identify`."""
    size, crc, maker = key
    counts = (listing.lines, listing.names, listing.different, listing.held_out)
    lengths = " ".join(f"{n}:{listing.lengths[n]}" for n in sorted(listing.lengths))
    remarks = (list(listing.remarks) + [""] * _REMARKS)[:_REMARKS]
    lines = [
        f"{size} {crc} {maker}",
        listing.letters,
        " ".join(str(count) for count in counts) + f" {int(listing.exact)}",
        lengths,
    ]
    return "".join(line + "\n" for line in lines + remarks).encode()


def read(path, key):
    """Return the Listing stored at `path` (see `beside`), or None if there is no whole one for this
    key, which is from `identify`.

    A listing from the host serves any board; one from a board serves only boards with the same
    `fold`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    size, crc, maker = key
    if len(data) > _MOST_BYTES or not data.endswith(b"\n"):
        return None
    try:
        found, letters, counts, lengths, *remarks, _ = utf8.decode(data).split("\n")
        lines, names, different, held_out, exact = [int(count) for count in counts.split()]
        lengths = dict([int(n) for n in length.split(":")] for length in lengths.split())
    except (ValueError, TypeError):  # another format, or not UTF-8
        return None
    if found not in (f"{size} {crc} {maker}", f"{size} {crc} {HOST}"):
        return None
    if len(remarks) != _REMARKS or not lengths or not _is_alphabet(letters):
        return None
    return Listing(letters, lines, names, different, held_out, exact, lengths, remarks)


def _is_alphabet(letters):
    """Return True if these are letters in the order of their code points."""
    previous = ""
    for letter in letters:
        if letter <= previous or not is_letter(letter):
            return False
        previous = letter
    return bool(previous)


def is_letter(char):
    """Return True unless this character is a control character, or U+FFFD, the sign for a damaged
    character."""
    code = ord(char)
    return code >= 32 and not 127 <= code < 160 and code != 0xFFFD
