"""Find the names in a text file, block by block, with one small buffer."""

from array import array

from .compat import const

_LF = const(10)
_CR = const(13)
_TAB = const(9)
_SPACE = const(32)
_MARK = const(b"\xef\xbb\xbf")  # a byte order mark: some editors write it at the start of UTF-8
LONGEST = 256  # bytes of a name; a longer line is no name, and no context is as long


class Lines:
    """One block of a file, and the places of the names in it.

    After `read`, `count` names start in the block. Name i is buffer[starts[i]:ends[i]]; it is empty
    if the name, with the spaces before it, is longer than LONGEST. A line ends in LF, CR or both. A
    name ends there or at a tab; `tabs` names end at a tab. Blank lines are left out, and so are
    spaces and tabs before a name. The file has `size` bytes in `blocks` blocks.
    """

    def __init__(self, file, block_bytes):
        """Use an open binary file, which must not change while it is read."""
        self._file = file
        self._block_bytes = block_bytes
        self.size = file.seek(0, 2)
        self.blocks = (self.size + block_bytes - 1) // block_bytes
        # The byte before a block, the block, the end of its last name, and a line end after that.
        self.buffer = bytearray(1 + block_bytes + LONGEST + 2)
        self._window = memoryview(self.buffer)[:-1]
        # A name has at least two bytes, with its line end.
        self.starts = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self.ends = array("H", bytes(2 * (block_bytes // 2 + 1)))
        self.count = 0
        self.tabs = 0

    def read(self, block):
        """Read the block with this number, counted from 0, and find the names that start in it.
        They replace those of the block before."""
        buffer = self.buffer
        stop = self._block_bytes
        if block:
            # Start from the byte before it: a line that starts earlier belongs to the block before.
            self._file.seek(block * self._block_bytes - 1)
            stop += 1
        else:
            self._file.seek(0)
        filled = self._file.readinto(self._window)
        buffer[filled] = _LF
        first = 0
        if not block and buffer[:3] == _MARK:
            first = 3
        if block:
            while buffer[first] != _LF and buffer[first] != _CR:
                first += 1
            first += 1
        count = 0
        tabs = 0
        while first < stop and first < filled:
            begin = first  # of the line
            while buffer[first] == _SPACE or buffer[first] == _TAB:
                first += 1
            end = 0
            last = first
            while True:
                while buffer[last] >= _SPACE:
                    last += 1
                if buffer[last] == _LF or buffer[last] == _CR:
                    break
                if buffer[last] == _TAB and not end:
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
