"""Cut the power at block writes of a save, on a real littlefs under the host's MicroPython.

    micropython powercut.py STRIDE [before]

The script saves a checkpoint many times, to a file system in memory with the ESP32's geometry. In
each try the power fails at another write or erasure: at every STRIDE-th one, once before it and
once in the middle of it. Then the script mounts the file system again. It must find a whole
checkpoint, old or new, and the next save must work. With `before` there is an older checkpoint.
Without it the first save is cut, so finding no checkpoint is right too. Prints one line of counts:
tries, old checkpoints found, new ones found, none found.
"""

import sys
from array import array

import vfs
from esp32gpt import checkpoint, recovery, tables
from esp32gpt.checkpoint import CheckpointError, Header
from esp32gpt.config import Config

BLOCK = 4096
BLOCKS = 128
MOUNT = "/chip"
PATH = MOUNT + "/esp32gpt.ckpt"
NEVER = 1 << 30


class PowerCut(Exception):
    """The device has lost power."""


class Flash:
    """A block device of flash memory, with littlefs's extended interface: blocks are erased, pieces
    are written. The power fails at write number `cut_at`: before it, or, if `torn`, halfway."""

    def __init__(self, data):
        self.data = data
        self.writes = 0
        self.cut_at = NEVER
        self.torn = False

    def _power(self, part):
        """Count a write and carry it out with part(1), or half of it with part(2). Raises PowerCut
        if the power fails."""
        if self.writes > self.cut_at:
            raise PowerCut
        if self.writes == self.cut_at:
            if self.torn:
                part(2)
            self.writes += 1
            raise PowerCut
        part(1)
        self.writes += 1

    def readblocks(self, block, buffer, start=0):
        if self.writes > self.cut_at:
            raise PowerCut
        at = block * BLOCK + start
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, start=0):
        at = block * BLOCK + start

        def part(fraction):
            n = len(buffer) // fraction
            self.data[at : at + n] = memoryview(buffer)[:n]

        self._power(part)

    def ioctl(self, request, argument):
        if request == 4:
            return BLOCKS
        if request == 5:
            return BLOCK
        if request == 6:
            at = argument * BLOCK

            def part(fraction):
                self.data[at : at + BLOCK // fraction] = b"\xff" * (BLOCK // fraction)

            self._power(part)
        return 0


def state(step):
    """Return the (header, arrays) of a checkpoint of the default shape at a step."""
    config = Config()
    values = {name: 0 for name in checkpoint.INTS + checkpoint.FLOATS}
    for name in checkpoint.SHAPE + checkpoint.TRAINING:
        del values[name]
    values.update({"step": step, "n_losses": 101, "moment_bits": 32})
    n = tables.count(config)
    arrays = [array("f", [step + i % 7 for i in range(length)]) for length in (n, n, n, 101)]
    return Header(config, "abcdefghijklmnopqrstuvwxyz", values), arrays


def mount(flash):
    vfs.mount(vfs.VfsLfs2(flash, mtime=False), MOUNT)


def save(step):
    checkpoint.save(PATH, *STATES[step])


def check_found():
    """Read the newest checkpoint, check all its numbers, and return its step; 0 if there is no
    checkpoint."""
    try:
        path, header = recovery.newest(PATH)
    except CheckpointError as error:
        assert "there is no" in str(error), error
        return 0
    arrays = [array("f", bytes(4 * length)) for length in recovery.lengths(header)]
    recovery.restore(path, header, arrays)
    for got, expected in zip(arrays, STATES[header.step][1]):
        assert bytes(got) == bytes(expected)
    return header.step


def attempt(before, last, cut_at, torn):
    """Save step `last` with the power cut at a write (None: never), then mount again. Returns (the
    number of writes, the step found)."""
    flash = Flash(bytearray(before))
    mount(flash)
    first = flash.writes
    flash.cut_at = NEVER if cut_at is None else first + cut_at
    flash.torn = torn
    try:
        save(last)
    except (PowerCut, OSError, CheckpointError):
        assert cut_at is not None
    writes = flash.writes - first
    try:
        vfs.umount(MOUNT)
    except (PowerCut, OSError):
        pass
    again = Flash(flash.data)
    mount(again)
    found = check_found()
    # The next save must work.
    save(last)
    assert check_found() == last
    vfs.umount(MOUNT)
    return writes, found


STATES = [state(step) for step in range(4)]


def main(stride, *options):
    flash = Flash(bytearray(b"\xff" * (BLOCK * BLOCKS)))
    vfs.VfsLfs2.mkfs(flash)
    last = 1
    if options:
        mount(flash)
        save(1)
        save(2)
        vfs.umount(MOUNT)
        last = 3
    writes, found = attempt(flash.data, last, None, False)
    assert found == last
    counts = {last: 0, last - 1: 0, 0: 0}
    tries = 0
    for cut_at in range(0, writes, int(stride)):
        for torn in (False, True):
            counts[attempt(flash.data, last, cut_at, torn)[1]] += 1
            tries += 1
    print(tries, counts[last - 1] if options else 0, counts[last], counts[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
