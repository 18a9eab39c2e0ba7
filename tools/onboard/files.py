"""What runs where the files are, under MicroPython: on the board, or on the host inside an
image of its file system. `prefix` is where that file system is mounted, "" on the board."""

import binascii
import hashlib
import os

DIRECTORY = 0x4000


def enlarge_cache():
    """Mount the board's file system with a larger cache, until the next reset: it then reads its
    flash in larger pieces, of which each costs an emulator 10 ms and more."""
    try:
        import vfs
        from flashbdev import bdev

        larger = vfs.VfsLfs2(bdev, readsize=256)
    except (ImportError, OSError):  # not an ESP32, or not littlefs
        return
    vfs.umount("/")
    vfs.mount(larger, "/")


def survey(prefix, paths):
    """{path: sha256} of every file at or beneath the paths, those missing left out."""
    found = {}
    for path in paths:
        try:
            kind = os.stat(prefix + path)[0]
        except OSError:
            continue
        add_files(found, prefix, path, kind)
    return found


def add_files(found, prefix, path, kind):
    """Add what `survey` says of one path, of which os.stat or a listing told the kind."""
    if kind & DIRECTORY:
        for entry in list(os.ilistdir(prefix + path)):
            add_files(found, prefix, path + "/" + entry[0], entry[1])
    else:
        found[path] = digest(prefix + path)


def digest(path):
    """The file's SHA-256 in hexadecimal."""
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
    """Delete these files, and the directories that this leaves empty."""
    for path in paths:
        os.remove(prefix + path)
        try:
            while "/" in path[1:]:
                path = path[: path.rindex("/")]
                os.rmdir(prefix + path)
        except OSError:  # not empty
            pass


def make_directories(prefix, paths):
    """Create the directories that these files lie in."""
    for path in paths:
        parts = path.split("/")
        for i in range(2, len(parts)):
            try:
                os.mkdir(prefix + "/".join(parts[:i]))
            except OSError:  # it is there
                pass
