"""Characters to token ids and back. Token 0 is BOS, which also ends a name."""

BOS = 0
LATIN = "abcdefghijklmnopqrstuvwxyz"


class Tokenizer:
    """Token i + 1 is the i-th character of the alphabet.

    If the alphabet has no capitals, capitals are read as their small letters.
    """

    def __init__(self, alphabet=LATIN):
        """Raises ValueError for an alphabet that is empty or names a character twice."""
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise ValueError("an alphabet needs at least one character, and each only once")
        self.alphabet = alphabet
        self.vocab_size = len(alphabet) + 1
        self._ascii = bytearray(128)  # id of each ASCII code, 0 for none
        self._others = {}
        folded = alphabet == alphabet.lower()
        for i, char in enumerate(alphabet):
            if ord(char) < 128:
                self._ascii[ord(char)] = i + 1
                if folded:
                    self._ascii[ord(char.upper())] = i + 1
            else:
                self._others[char] = i + 1

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
                try:
                    token = self._others.get(str(utf8[i : i + width], "utf-8"), 0)
                except UnicodeError:
                    token = 0
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
