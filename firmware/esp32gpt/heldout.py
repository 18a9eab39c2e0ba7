"""Held-out names, which training never sees, kept in memory as tokens. Each is read from the file
once."""

MEASURED = 64  # names that are measured while training; they stay in memory
BYTES = 16  # for a name; most need fewer


class HeldOut:
    """A set of different names, as tokens. It has room for `names` names of usual length; `count`
    is the number that it has.

    A name is stored as the tokens of its letters and a zero. Tokens from 128 on take two bytes,
    both above 127.
    """

    def __init__(self, names=MEASURED):
        self.count = 0
        self._buffer = bytearray(BYTES * names)
        self._used = 1  # there is a zero before the first name
        # The epoch, block and line at which reading continues. A list, because a tuple that is made
        # amid the garbage of reading would split the free memory.
        self._at = [0, 0, 0]
        self._is_complete = False

    def wants(self, names):
        """Return True if fewer than `names` names (a number) are kept, and the file and the room
        may have more."""
        return self.count < names and not self._is_complete

    def read(self, documents, names, tokens):
        """Read more names from `documents`, a Dataset of held-out names, until `names` (a number)
        are kept, the file ends, or the room is full. A name that is kept already is left out.

        Continues where the last call ended, and so moves the position of `documents`. Overwrites
        tokens, an int buffer of block_size + 1.
        """
        if self.count:
            documents.epoch, documents.block, documents.line = self._at
        epoch = documents.epoch
        while self.wants(names):
            T = documents.peek(tokens)
            if not T or documents.epoch != epoch or not self._add(tokens, T):
                self._is_complete = True
            documents.line += 1
            self._at[0] = documents.epoch
            self._at[1] = documents.block
            self._at[2] = documents.line

    def _add(self, tokens, T):
        """Keep the name unless it is there already. Returns False if there is no room."""
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
        """Write the tokens of the name at `offset` to tokens[1] … tokens[T]; return the tuple (T,
        offset of the next name). The first name has offset 0.

        T is the number of predictions, as in Tokenizer.encode: the last token is the end of the
        name, if it fits. This does not write tokens[0], and finds no end of the set: the caller
        writes BOS there, and calls this at most `count` times.
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
