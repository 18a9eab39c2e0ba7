"""Finds the names in a text file, block by block, through one small buffer."""

from array import array

LF = 10
CR = 13
TAB = 9
SPACE = 32
MARK = b"\xef\xbb\xbf"  # a byte order mark, with which some editors let UTF-8 begin
LONGEST = 256  # bytes of a name; a longer line is no name, far beyond any context that fits


class Lines:
    """Holds one block of a file and where its names lie.

    After `read`, `count` names start in the block: name i is buffer[starts[i]:ends[i]], and
    empty if it is longer than LONGEST. A line ends in LF, CR or both, a name also at a tab, as
    `tabs` of them do. Blank lines are left out, and so are spaces and tabs before a name.
    """

    def __init__(self, file, block_bytes):
        """Take a binary file, which must not change while it is read."""
        self._file = file
        self._block_bytes = block_bytes
        self.size = file.seek(0, 2)
        self.blocks = (self.size + block_bytes - 1) // block_bytes
        # The byte before a block, the block, the end of its last name, and a line end behind all.
        self.buffer = bytearray(1 + block_bytes + LONGEST + 2)
        self._window = memoryview(self.buffer)[:-1]
        # Of two bytes at least, with the line's end.
        self.starts = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self.ends = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self.count = 0
        self.tabs = 0

    def read(self, block):
        """Read a block and find the names that start in it."""
        buffer = self.buffer
        stop = self._block_bytes
        if block:
            # From the byte before it: a line that starts earlier is the last block's.
            self._file.seek(block * self._block_bytes - 1)
            stop += 1
        else:
            self._file.seek(0)
        filled = self._file.readinto(self._window)
        buffer[filled] = LF
        first = 0
        if not block and buffer[:3] == MARK:
            first = 3
        if block:
            while buffer[first] != LF and buffer[first] != CR:
                first += 1
            first += 1
        count = 0
        tabs = 0
        while first < stop and first < filled:
            begin = first  # of the line
            while buffer[first] == SPACE or buffer[first] == TAB:
                first += 1
            end = 0
            last = first
            while True:
                while buffer[last] >= SPACE:
                    last += 1
                if buffer[last] == LF or buffer[last] == CR:
                    break
                if buffer[last] == TAB and not end:
                    end = last
                last += 1
            tabs += end > first
            end = end or last
            if end > first:
                self.starts[count] = first
                self.ends[count] = end if end - begin <= LONGEST else first
                count += 1
            first = last + 1
        self.count = count
        self.tabs = tabs

    def close(self):
        """Close the file."""
        self._file.close()
