"""What runs where the files are, under MicroPython: on the board, or on the host inside an
image of its file system. `prefix` is where that file system is mounted, "" on the board."""

import binascii
import hashlib
import os

DIRECTORY = 0x4000


def survey(prefix, paths):
    """{path: sha256} of every file at or beneath the paths, those missing left out."""
    found = {}
    for path in paths:
        try:
            kind = os.stat(prefix + path)[0]
        except OSError:
            continue
        if kind & DIRECTORY:
            inside = [path + "/" + entry[0] for entry in os.ilistdir(prefix + path)]
            found.update(survey(prefix, inside))
        else:
            found[path] = digest(prefix + path)
    return found


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
