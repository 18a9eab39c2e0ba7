"""Checkpoints: the whole state of a training run in one file. A resumed run gives exactly the same
result as a run without interruption. recovery.py reads the files.

The format is little-endian on all machines, so hosts and chips can read each other's files:

    8 bytes   b"esp32gpt"
    uint16    version of this format: 2
    uint16    bytes before the arrays
    uint32    bytes of the whole file
    uint32 …  the names in INTS
    float32 … the names in FLOATS
    UTF-8     the alphabet, and zeros up to a multiple of 4
    float32 … parameters
    float32 … first and second moments; or, with moment_bits 16, int32 … both of each parameter
    float32 … the last losses
    uint32    CRC-32 of all bytes before it
"""

import os
import struct
from binascii import crc32

PATH = "esp32gpt.ckpt"
# Files with these suffixes lie beside the checkpoint:
NEW = ".new"  # an unfinished save
OLD = ".old"  # the previous checkpoint
BEST = ".best"  # the earlier checkpoint with the lowest held-out loss
KEPT = ".kept"  # the checkpoint of another model, replaced by a new model's
REFUSED = ".refused"  # a damaged checkpoint
FORGOTTEN = ("", NEW, OLD, BEST)  # FRESH=1 removes these
SUFFIXES = FORGOTTEN + (KEPT, REFUSED)

MAGIC = b"esp32gpt"
VERSION = 2
SHAPE = ("n_embd", "n_head", "n_layer", "block_size", "vocab_size")
# Version 1 ends at names_crc, which with names_bytes is Dataset.identity, and at init_std.
INTS = SHAPE + ("steps", "step", "n_losses", "rng_high", "rng_low", "seed", "epoch", "block")
INTS += ("line", "names_bytes", "names_crc", "seconds", "warmup", "cosine", "batch", "moment_bits")
FLOATS = ("learning_rate", "beta1", "beta2", "eps", "init_std", "held", "best")
# held is the held-out loss of these weights, best the lowest one of all saves; 0 means unknown.
# TRAINING lists those of them that are attributes of a Config, besides its shape.
TRAINING = ("steps", "seconds", "warmup", "cosine", "batch") + FLOATS[:5]
PREFIX = "<8sHHI"
FIXED = PREFIX + f"{len(INTS)}I{len(FLOATS)}f"
PIECE = 512  # bytes written at a time: littlefs programs so many together
LARGE = 131072  # bytes; asking for room takes a chip 0.1 s, so it is asked for larger files only


class CheckpointError(Exception):
    """A checkpoint cannot be used or written; the message says what to do."""


class Header:
    """The part of a checkpoint before its arrays: the names in INTS and FLOATS are attributes, and
    so are `alphabet`, a text, and `config`, a Config."""

    def __init__(self, config, alphabet, values):
        """Take the INTS and FLOATS from `values`, a dict, or else from the Config."""
        self.config = config
        self.alphabet = alphabet
        for name in INTS + FLOATS:
            setattr(self, name, values[name] if name in values else getattr(config, name))

    def pack(self, elements):
        """Return the bytes before the arrays. `elements` is the number of elements, of 4 bytes, of
        all arrays together."""
        alphabet = self.alphabet.encode()
        alphabet += bytes(-len(alphabet) % 4)
        start = struct.calcsize(FIXED) + len(alphabet)
        values = [int(getattr(self, name)) for name in INTS]
        values += [getattr(self, name) for name in FLOATS]
        total = start + 4 * elements + 4
        return struct.pack(FIXED, MAGIC, VERSION, start, total, *values) + alphabet


def save(path, header, arrays):
    """Write a checkpoint to a new file, which then replaces `path`.

    `header` is a Header, and `arrays` is a list: parameters, moments, losses. The previous file is
    kept as `path` + OLD. After an interruption at any moment, even a power failure, one of these
    two files is whole. Raises CheckpointError, not OSError, if a file cannot be written.
    """
    new = path + NEW
    elements = sum(len(values) for values in arrays)
    head = header.pack(elements)
    try:
        remove(new)
        needed = len(head) + 4 * elements + 4
        if needed > LARGE:
            require_room(path, needed)
        with open(new, "wb") as file:
            crc = _write(file, head, 0)
            for values in arrays:
                crc = _write(file, values, crc)
            file.write(struct.pack("<I", crc))
        if exists(path):
            replace(path, path + OLD)
        os.rename(new, path)
    except OSError as error:
        remove(new)
        raise CheckpointError(
            f"cannot write {path} ({error}): delete other files, or use a board with"
            " more flash; the earlier checkpoint is kept"
        )


def require_room(path, needed):
    """Raise OSError if fewer than `needed` bytes are free in the file system of `path`. Without
    this check a chip would look for free blocks for minutes before its write fails. Where the file
    system cannot say how much is free, this does nothing."""
    try:
        found = os.statvfs(path.rpartition("/")[0] or os.getcwd())
    except (AttributeError, OSError):  # on Windows; in a folder of the host that is mounted
        return
    free = found[1] * found[4]  # fragment size · blocks that are available
    if free < needed:
        raise OSError(f"it needs {needed} bytes, and {free} are free")


def can_resume(path=PATH):
    """Return True if there is a checkpoint at `path`, or the previous one at `path` + OLD. It may
    be damaged."""
    return exists(path) or exists(path + OLD)


def keep(path):
    """Rename the checkpoint at `path`, if there is one, to `path` + KEPT, and print this. An
    earlier file of that name is deleted."""
    if exists(path):
        print(f"the model that {path} held is kept as {path}{KEPT}")
        replace(path, path + KEPT)


def main(path):
    """Return the path for further saves of a model that was loaded from `path`: without BEST at its
    end."""
    return path[: -len(BEST)] if path.endswith(BEST) else path


def exists(path):
    """Return True if there is a file or a folder at `path`."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def replace(source, dest):
    """Rename `source` to `dest`; delete `dest` first, because not every rename overwrites. Raises
    OSError if `source` is missing."""
    remove(dest)
    os.rename(source, dest)


def remove(path):
    """Delete the file at `path`. Do nothing if it is missing or cannot be deleted."""
    try:
        os.remove(path)
    except OSError:
        pass


def _write(file, data, crc):
    """Write the data in pieces; return the CRC-32 of everything written so far."""
    view = memoryview(data)
    piece = PIECE // (len(bytes(view[:1])))  # elements
    for i in range(0, len(view), piece):
        part = view[i : i + piece]
        file.write(part)
        crc = crc32(part, crc)
    return crc
