"""Characters to token ids and back. Token 0 is BOS, which also ends a name."""

from array import array

BOS = 0
LATIN = "abcdefghijklmnopqrstuvwxyz"


class Tokenizer:
    """Token i + 1 is the i-th character of the alphabet.

    If the alphabet has none of the capitals A to Z, they are read as their small letters.
    """

    def __init__(self, alphabet=LATIN):
        """Raises ValueError for an alphabet that is empty or names a character twice."""
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise ValueError("an alphabet needs at least one character, and each only once")
        self.alphabet = alphabet
        self.vocab_size = len(alphabet) + 1
        self._ascii = array("H", bytes(256))  # id of each ASCII code, 0 for none
        self._others = {}  # id of each other character, by its bytes
        for i, char in enumerate(alphabet):
            if ord(char) < 128:
                self._ascii[ord(char)] = i + 1
            else:
                utf8 = char.encode()
                self._others[pack(utf8, 0, len(utf8))] = i + 1
        if not any(self._ascii[65:91]):
            self._ascii[65:91] = self._ascii[97:123]

    def encode(self, utf8, first, last, tokens):
        """Write BOS, the ids of utf8[first:last] and BOS into tokens, as far as they fit.

        Returns the number of predictions to learn from: tokens[1] … tokens[n], each from
        those before it. Returns 0 if a character is not in the alphabet or there is none.
        """
        room = len(tokens) - 1
        tokens[0] = BOS
        n = 0
        i = first
        while i < last and n < room:
            code = utf8[i]
            if code < 128:
                token = self._ascii[code]
                i += 1
            else:
                width = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
                if code < 0xC0 or i + width > last:  # not the first byte of one, or cut off
                    return 0
                token = self._others.get(pack(utf8, i, width), 0)
                i += width
            if not token:
                return 0
            n += 1
            tokens[n] = token
        if not n:
            return 0
        if n < room:
            n += 1
            tokens[n] = BOS
        return n

    def decode(self, tokens):
        """The text of an iterable of token ids; BOS reads as a line end."""
        return "".join("\n" if token == BOS else self.alphabet[token - 1] for token in tokens)


def pack(utf8, i, width):
    """The bytes of a character beyond ASCII as one int, different for each.

    They are compared, never decoded: what is not UTF-8 is none of the alphabet's. And an int
    is no heap object on the chip, without the two bits that all first bytes share.
    """
    packed = utf8[i] & 0x3F
    for k in range(i + 1, i + width):
        packed = packed << 8 | utf8[k]
    return packed
