"""A block device in memory, for tests under MicroPython."""

BLOCK = 4096  # bytes


class RamDisk:
    """A block device on `data`, a buffer of whole blocks."""

    def __init__(self, data):
        self.data = data

    def readblocks(self, block, buffer, start=0):
        start += block * BLOCK
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, start=0):
        start += block * BLOCK
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, request, argument):
        return {4: len(self.data) // BLOCK, 5: BLOCK}.get(request, 0)
