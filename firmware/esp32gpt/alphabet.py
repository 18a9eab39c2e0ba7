"""Choose the alphabet of a names file: its characters, except those that are too rare to learn."""

from . import remarks, utf8
from .compat import const
from .dataset import DatasetError
from .lines import Lines
from .listing import BLOCK, MOST, is_letter
from .survey import survey
from .tokenizer import Tokenizer, pack

_RARE = const(1000)  # a character that occurs less than once in so many names is left out
COUNTED = 512  # a board's memory allows it to count so many different characters


def look_through(path, file, fold, letters=None):
    """Return the Listing of `file`, an open binary names file, with the alphabet `letters`, a text;
    if it is None, with the alphabet that `choose` returns. `path` is for messages.

    `fold` reads ASCII capitals as small letters when an alphabet is chosen. Raises DatasetError if
    no name can be written in the alphabet, or if there are too many different characters to choose
    from.
    """
    lines = Lines(file, BLOCK)
    given = letters
    if given:
        found = survey(lines, Tokenizer(given))
    else:
        letters, found = choose(lines, fold, MOST)
    if not found.names:
        if given and choose(lines, fold, MOST)[0]:
            raise DatasetError(remarks.other_letters(path, given, choose(lines, fold, MOST)[0]))
        raise DatasetError(remarks.nothing(path, found))
    lines.read(0)
    first = bytes(memoryview(lines.buffer)[lines.starts[0] : lines.ends[0]])
    return found.listing(letters, remarks.of_board(path, letters, found, first, given))


def choose(lines, fold, most, counted=COUNTED):
    """Return a tuple (alphabet, Survey of the names that it can write) for `lines`, a Lines. The
    alphabet is a text of at most `most` characters: the most frequent ones in these names, without
    those that occur less than once in 1000 names. It is empty if nothing is left.

    `fold` reads ASCII capitals as small letters. Raises DatasetError if there are more than
    `counted` different characters.
    """
    collector = Collector(fold, counted)
    found = survey(lines, collector)
    common = len(frequent(collector.letters, found, counted))
    letters = frequent(collector.letters, found, most)
    while letters:
        found = survey(lines, Tokenizer(letters))
        # The smaller alphabet skips lines, so other characters may be rare now.
        remaining = frequent(letters, found, most)
        if remaining == letters:
            break
        letters = remaining
    found.common = common
    return letters, found


def frequent(letters, found, most):
    """Return a text of at most `most` letters, the most frequent ones in a Survey, in the order of
    code points. Those that occur less than once in 1000 names are left out. letters[i] is the
    letter of the Survey's token i + 1."""
    common = []
    for i, letter in enumerate(letters):
        n = found.counts.get(i + 1, 0)
        if n and n * _RARE >= found.names:
            common.append((-n, ord(letter)))
    return "".join(chr(code) for code in sorted(code for _, code in sorted(common)[:most]))


class Collector(Tokenizer):
    """A tokenizer for all letters: it gives each new letter the next token and appends it to the
    list `letters`. Token 1 is the space."""

    def __init__(self, fold, most):
        """Start without letters. `fold` reads ASCII capitals as small letters. More than `most`
        letters raise DatasetError."""
        Tokenizer.__init__(self, " ")
        self.letters = [" "]
        self._fold = fold
        self._most = most

    def unknown(self, utf8_bytes, i, width):
        """Return the token of the character utf8_bytes[i:i+width], which had none, and add the
        character to `letters`. With `fold`, a capital is the same letter as its small letter.

        Returns SPACE or NOTHING where Tokenizer.unknown does, and 0 for a control character or
        bytes that are not UTF-8. Raises DatasetError if there are too many letters.
        """
        passed = Tokenizer.unknown(self, utf8_bytes, i, width)
        if passed:
            return passed
        try:
            letter = utf8.decode(bytes(utf8_bytes[i : i + width]))
        except UnicodeError:
            return 0
        if not is_letter(letter):
            return 0
        code = utf8_bytes[i]
        small = letter.lower() if self._fold and width == 1 else letter
        token = self._ids[ord(small)] if width == 1 else 0
        if not token:
            if len(self.letters) == self._most:
                raise DatasetError(remarks.too_many(self._most))
            self.letters.append(small)
            token = len(self.letters)
        if width == 1:
            self._ids[ord(small)] = self._ids[code] = token
        else:
            self._others[pack(utf8_bytes, i, width)] = token
        return token
