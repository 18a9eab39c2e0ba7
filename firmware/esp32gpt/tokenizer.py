"""Convert characters to token ids and back. Token 0 is BOS, which begins and ends a name."""

from array import array

from . import kernels

BOS = 0
LATIN = "abcdefghijklmnopqrstuvwxyz"

# The other results of `Tokenizer.unknown`, besides tokens.
NO_LETTER = 0
SPACE = -1
NOTHING = -2

# Characters beyond ASCII that are no letters but are allowed in names: the first and the last of a
# range, as `pack` returns them, and their kind. White space of any width becomes a space. Format
# characters are invisible and are left out: marks of direction, joiners, soft hyphens, the byte
# order mark. One flat tuple takes the least memory.
PASSED = (
    0x02A0,
    0x02A0,
    SPACE,  # U+00A0
    0x02AD,
    0x02AD,
    NOTHING,  # U+00AD
    0x189C,
    0x189C,
    NOTHING,  # U+061C
    0x219A80,
    0x219A80,
    SPACE,  # U+1680
    0x21A08E,
    0x21A08E,
    NOTHING,  # U+180E
    0x228080,
    0x22808A,
    SPACE,  # U+2000 to U+200A
    0x22808B,
    0x22808F,
    NOTHING,  # U+200B to U+200F
    0x2280A8,
    0x2280A9,
    SPACE,  # U+2028, U+2029
    0x2280AA,
    0x2280AE,
    NOTHING,  # U+202A to U+202E
    0x2280AF,
    0x2280AF,
    SPACE,  # U+202F
    0x22819F,
    0x22819F,
    SPACE,  # U+205F
    0x2281A0,
    0x2281AF,
    NOTHING,  # U+2060 to U+206F
    0x238080,
    0x238080,
    SPACE,  # U+3000
    0x2FBBBF,
    0x2FBBBF,
    NOTHING,  # U+FEFF
)


class Tokenizer:
    """Converts text to tokens and back. Token i + 1 is alphabet[i]; token 0 is BOS. `vocab_size` is
    the number of tokens.

    If the alphabet has none of the capitals A to Z, they are read as small letters.
    """

    def __init__(self, alphabet=LATIN):
        """Use this alphabet, a string. Raises ValueError if it is empty or has a character
        twice."""
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise ValueError("an alphabet needs at least one character, and each only once")
        self.alphabet = alphabet
        self.vocab_size = len(alphabet) + 1
        self._ids = array("H", bytes(512))  # id of each byte that is a letter in ASCII, else 0
        self._others = {}  # id of each other character, by its bytes
        for i, char in enumerate(alphabet):
            if ord(char) < 128:
                self._ids[ord(char)] = i + 1
            else:
                utf8 = char.encode()
                self._others[pack(utf8, 0, len(utf8))] = i + 1
        if not any(self._ids[65:91]):
            self._ids[65:91] = self._ids[97:123]
        self._space = self._ids[32]
        self._ids[32] = 0  # `encode` writes a space only if a letter follows
        self._encode_letters = kernels.choose().engine.encode_letters

    def encode(self, utf8, first, last, tokens):
        """Write BOS, the ids of the characters in the bytes utf8[first:last], and BOS into the int
        buffer `tokens`, as far as they fit.

        White space between letters becomes one space. White space at the ends, and format
        characters, are left out. Returns n, the number of predictions: each of tokens[1] …
        tokens[n] is predicted from the tokens before it. Returns 0 if a character is not in the
        alphabet, or if there is none.
        """
        room = len(tokens) - 1
        tokens[0] = BOS
        # Most names have nothing but ASCII letters, and fit.
        n = last - first
        if n > room:
            n = room
        n = self._encode_letters(tokens, utf8, self._ids, first, n)
        i = first + n
        space = False  # True if there is a space between the last letter and the next
        while i < last:
            code = utf8[i]
            if code < 128:
                width = 1
                token = self._ids[code]
            else:
                width = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
                if code < 0xC0 or i + width > last:  # no first byte of a character, or cut off
                    return 0
                token = self._others.get(pack(utf8, i, width), 0)
            if not token:
                token = self.unknown(utf8, i, width)
                if not token:
                    return 0
            i += width
            if token < 0:
                space = space or token == SPACE
                continue
            if space:
                space = False
                if n:
                    if not self._space:
                        return 0
                    if n < room:
                        n += 1
                        tokens[n] = self._space
            if n < room:
                n += 1
                tokens[n] = token
        if n and n < room:
            n += 1
            tokens[n] = BOS
        return n

    def unknown(self, utf8, i, width):
        """Return the kind of a character without a token, the bytes utf8[i:i+width]: SPACE for
        white space (in ASCII only the space), NOTHING for an invisible one that is left out, or
        else NO_LETTER."""
        if width == 1:
            return SPACE if utf8[i] == 32 else NO_LETTER
        packed = pack(utf8, i, width)
        for k in range(0, len(PASSED), 3):
            if PASSED[k] <= packed <= PASSED[k + 1]:
                return PASSED[k + 2]
        return NO_LETTER

    def decode(self, tokens):
        """Return the text of an iterable of token ids. BOS becomes a line end."""
        return "".join("\n" if token == BOS else self.alphabet[token - 1] for token in tokens)


def pack(utf8, i, width):
    """Return the bytes of a character beyond ASCII, utf8[i:i+width], as one int, different for each
    character.

    The bytes are compared, not decoded: a sequence that is not UTF-8 matches no character of the
    alphabet. Without the two bits that all first bytes share, the int is no heap object on the
    chip.
    """
    packed = utf8[i] & 0x3F
    for k in range(i + 1, i + width):
        packed = packed << 8 | utf8[k]
    return packed
