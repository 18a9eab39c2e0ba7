"""File operations that run on the board, under MicroPython. `prefix` is the mount point of the file
system: "" on the board."""

import binascii
import hashlib
import os

DIRECTORY = 0x4000


def enlarge_cache():
    """Mount the board's file system again with a larger cache, until the next reset; do nothing if
    it is no ESP32's littlefs. The board then reads its flash in fewer, larger pieces; each read
    takes an emulator 10 ms or more."""
    try:
        import vfs
        from flashbdev import bdev

        larger = vfs.VfsLfs2(bdev, readsize=256)
    except (ImportError, OSError):  # no ESP32, or no littlefs
        return
    vfs.umount("/")
    vfs.mount(larger, "/")


def survey(prefix, paths):
    """Return {path: SHA-256 in hexadecimal} of all files at or below the paths. Paths that do not
    exist are left out. `paths` and keys are without the prefix; they begin with "/" and do not end
    with it."""
    found = {}
    for path in paths:
        try:
            kind = os.stat(prefix + path)[0]
        except OSError:
            continue
        add_files(found, prefix, path, kind)
    return found


def add_files(found, prefix, path, kind):
    """Add {path: SHA-256 in hexadecimal} of all files at or below one path to `found`. `kind` is
    the path's type, from os.stat or os.ilistdir."""
    if kind & DIRECTORY:
        for entry in list(os.ilistdir(prefix + path)):
            add_files(found, prefix, path + "/" + entry[0], entry[1])
    else:
        found[path] = digest(prefix + path)


def digest(path):
    """Return the file's SHA-256 in hexadecimal."""
    sha256 = hashlib.sha256()
    block = bytearray(512)
    with open(path, "rb") as file:
        while True:
            n = file.readinto(block)
            if not n:
                break
            sha256.update(memoryview(block)[:n])
    return binascii.hexlify(sha256.digest()).decode()


def remove(prefix, paths):
    """Delete these files, and the directories that become empty. `paths` are without the prefix.
    Raises OSError if there is no such file."""
    for path in paths:
        os.remove(prefix + path)
        try:
            while "/" in path[1:]:
                path = path[: path.rindex("/")]
                os.rmdir(prefix + path)
        except OSError:  # not empty
            pass


def make_directories(prefix, paths):
    """Create all directories above these files that are missing. `paths` begin with "/" and are
    without the prefix."""
    for path in paths:
        parts = path.split("/")
        for i in range(2, len(parts)):
            try:
                os.mkdir(prefix + "/".join(parts[:i]))
            except OSError:  # it is there
                pass
