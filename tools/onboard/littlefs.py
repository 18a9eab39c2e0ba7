"""Runs under the host's MicroPython: brings the file system inside a flash image up to date
with a directory of the host. Files that the board has made itself stay as they are.

    micropython littlefs.py IMAGE OFFSET SIZE DIRECTORY MANAGED...

MANAGED are the paths within which nothing else may remain. Prints one line: copied, unchanged
and removed, as counts."""

import os
import sys

import vfs
from files import make_directories, remove, survey

BLOCK = 4096
MOUNT = "/flash"


class FlashRegion:
    """A part of a file as MicroPython's block device, of the geometry of the ESP32's."""

    def __init__(self, path, offset, size):
        self.file = open(path, "r+b")
        self.offset = offset
        self.blocks = size // BLOCK
        self.erased = 0

    def readblocks(self, block, buffer, start=0):
        self.file.seek(self.offset + block * BLOCK + start)
        self.file.readinto(buffer)

    def writeblocks(self, block, buffer, start=0):
        self.file.seek(self.offset + block * BLOCK + start)
        self.file.write(buffer)

    def ioctl(self, request, argument):
        if request == 4:
            return self.blocks
        if request == 5:
            return BLOCK
        if request == 6:  # erase
            self.writeblocks(argument, b"\xff" * BLOCK)
            self.erased += 1
        return 0

    def is_blank(self):
        """Whether nothing was ever written to the first block."""
        first = bytearray(BLOCK)
        self.readblocks(0, first)
        return first == b"\xff" * BLOCK


def compact(region, directory):
    """Make littlefs write the log that describes a directory anew, in its shortest form.

    To find a file the board reads that log from its beginning, 32 bytes at a time, and each
    read of the flash costs an emulator 10 ms and more: importing the library takes half as long
    afterwards. A log is written anew when it is full; files that come and go fill it.
    """
    scratch = directory + "/~"
    erased = region.erased
    while region.erased == erased:
        open(scratch, "w").close()
        os.remove(scratch)


def copy(source, destination):
    with open(source, "rb") as file:
        data = file.read()
    with open(destination, "wb") as file:
        file.write(data)


def main(image, offset, size, source, *managed):
    region = FlashRegion(image, int(offset), int(size))
    if region.is_blank():
        vfs.VfsLfs2.mkfs(region)
    vfs.mount(vfs.VfsLfs2(region, mtime=False), MOUNT)  # a board has no clock to compare with
    wanted = survey(source, ["/" + name for name in os.listdir(source)])
    present = survey(MOUNT, managed)
    changed = [path for path in wanted if present.get(path) != wanted[path]]
    stale = [path for path in present if path not in wanted]
    remove(MOUNT, stale)
    make_directories(MOUNT, changed)
    for path in changed:
        copy(source + path, MOUNT + path)
    if changed or stale:
        for directory in {path.rsplit("/", 1)[0] for path in wanted}:
            compact(region, MOUNT + directory)
    vfs.umount(MOUNT)
    region.file.close()
    print(len(changed), len(wanted) - len(changed), len(stale))


if __name__ == "__main__":
    main(*sys.argv[1:])
