"""Names that training never sees, kept in memory as tokens: each is read from the file once."""

from .config import HELD_OUT_BYTES as ROOM


class HeldOut:
    """Different names, up to as many as fit into `room` bytes; `count` says how many there are.

    Each is the tokens of its letters and a zero: tokens from 128 take two bytes, both above 127.
    """

    def __init__(self, room=ROOM):
        self.count = 0
        self._buffer = bytearray(room)
        self._used = 1  # a zero stands before the first
        self._at = (0, 0, 0)  # where reading goes on: epoch, block and line
        self._is_complete = False

    def wants(self, names):
        """Return whether there may be more than are kept, so that there are `names` of them."""
        return self.count < names and not self._is_complete

    def read(self, documents, names, tokens):
        """Read on in `documents` (a Dataset of names held out) until `names` are kept.

        tokens (block_size + 1) is overwritten.
        """
        if self.count:
            documents.epoch, documents.block, documents.line = self._at
        epoch = documents.epoch
        while self.wants(names):
            T = documents.peek(tokens)
            if not T or documents.epoch != epoch or not self._add(tokens, T):
                self._is_complete = True
            documents.advance()
            self._at = (documents.epoch, documents.block, documents.line)

    def _add(self, tokens, T):
        """Keep a name that is not kept yet. Returns False if there is no room."""
        name = b"\0"
        for i in range(1, T + 1):
            token = tokens[i]
            if token > 127:
                name += bytes((128 | token >> 7, 128 | token & 127))
            elif token:
                name += bytes((token,))
        name += b"\0"
        if self._buffer.find(name) >= 0:
            return True
        end = self._used + len(name) - 1
        if end > len(self._buffer):
            return False
        self._buffer[self._used : end] = name[1:]
        self._used = end
        self.count += 1
        return True

    def write(self, offset, tokens):
        """Write the name at the offset, 0 for the first, into tokens; returns (T, next offset).

        T is the number of predictions, as of Tokenizer.encode.
        """
        buffer = self._buffer
        room = len(tokens) - 1
        offset += 1
        n = 0
        token = buffer[offset]
        while token:
            if token > 127:
                offset += 1
                token = (token & 127) << 7 | buffer[offset] & 127
            n += 1
            tokens[n] = token
            offset += 1
            token = buffer[offset]
        if n < room:
            n += 1
            tokens[n] = 0
        return n, offset
