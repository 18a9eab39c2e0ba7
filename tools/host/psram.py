"""A model of an ESP32's PSRAM: how many lines of its cache a piece of work reads and writes, and
how long that takes.

Each CPU has a cache of 32 KB in front of flash and PSRAM: two ways, lines of 32 bytes (ESP32
Technical Reference Manual, "Cache"). The model replaces the older line of the two, fetches a line
before it is written, and writes it back when it is replaced. It does not know that the firmware's
code in flash takes part of the same cache.

The PSRAM has four data wires. A transfer takes 2 clocks for the command, 6 for the address, before
a read 7 of waiting, and 64 for the data (ESP-IDF, esp_psram_impl_quad.c for the
ESP32: PSRAM_FAST_READ_QUAD_DUMMY and PSRAM_IO_MATRIX_DUMMY_40M). The clock is 40 MHz, ESP-IDF's
default, because MicroPython's sdkconfig.spiram_esp32 does not change it.
"""

import numpy as np

CLOCK = 40e6  # Hz
READ = (2 + 6 + 7 + 64) / CLOCK  # seconds for a line
WRITE = (2 + 6 + 64) / CLOCK
LINE = 32  # bytes
SETS = 512  # of two lines each: 32 KB
ALIGNMENT = 16  # bytes: MicroPython's heap has blocks of this size


class Psram:
    """PSRAM behind its cache, with nothing in the cache. `reads` and `writes` count the lines that
    were transferred."""

    def __init__(self):
        self.reads = self.writes = 0
        self._free = 0  # the address of the next buffer
        self._buffers = {}  # id of a buffer: (its address, the buffer)
        self._newer = [None] * SETS  # the line of a set that was used last
        self._older = [None] * SETS
        self._changed = set()  # lines that must be written back

    @property
    def seconds(self):
        """The time of all transfers, in seconds."""
        return self.reads * READ + self.writes * WRITE

    def place(self, buffer):
        """Return the buffer, an `array` or a memoryview of one, as an object that counts each
        access. The array gets its address in the PSRAM when it is first seen."""
        whole = memoryview(buffer).obj
        if id(whole) not in self._buffers:
            self._buffers[id(whole)] = self._free, whole
            size = memoryview(whole).nbytes
            self._free += size + -size % ALIGNMENT
        start = self._buffers[id(whole)][0]
        return Placed(self, start + address(buffer) - address(whole), buffer)

    def touch(self, line, write):
        """Count the transfers that an access to a line causes. `write` is True if it changes the
        line."""
        place = line % SETS
        if self._newer[place] != line:
            if self._older[place] != line:
                self.reads += 1
                if self._older[place] in self._changed:
                    self._changed.remove(self._older[place])
                    self.writes += 1
            self._older[place] = self._newer[place]
            self._newer[place] = line
        if write:
            self._changed.add(line)


def address(buffer):
    """Return the address on this machine of the first element of a buffer that is not empty."""
    return np.frombuffer(buffer, np.uint8).ctypes.data


class Placed:
    """A buffer in a Psram: each element that is read or written is an access to it."""

    def __init__(self, psram, address, values):
        self._psram = psram
        self._address = address
        self._values = values
        self._size = memoryview(values).itemsize

    def __getitem__(self, i):
        self._psram.touch((self._address + i * self._size) // LINE, False)
        return self._values[i]

    def __setitem__(self, i, value):
        self._psram.touch((self._address + i * self._size) // LINE, True)
        self._values[i] = value
