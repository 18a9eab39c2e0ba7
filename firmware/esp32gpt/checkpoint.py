"""Checkpoints: the whole state of a training run in one file, from which it goes on exactly.
recovery.py reads them.

Little-endian, so that hosts and chips read each other's files:

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
    uint32    CRC-32 of all that stands before it
"""

import os
import struct
from binascii import crc32

from .config import size

PATH = "esp32gpt.ckpt"
# Beside it, with these suffixes:
NEW = ".new"  # a save that is under way, or was cut off
OLD = ".old"  # the checkpoint before it
BEST = ".best"  # an earlier one, whose held-out loss was the lowest
KEPT = ".kept"  # that of another model, whose place a new one took
REFUSED = ".refused"  # one that was found damaged
FORGOTTEN = ("", NEW, OLD, BEST)  # removed where a board is to begin anew
SUFFIXES = FORGOTTEN + (KEPT, REFUSED)

MAGIC = b"esp32gpt"
VERSION = 2
SHAPE = ("n_embd", "n_head", "n_layer", "block_size", "vocab_size")
# Version 1 ends at names_crc, which with names_bytes is Dataset.identity, and at init_std.
INTS = SHAPE + ("steps", "step", "n_losses", "rng_high", "rng_low", "seed", "epoch", "block")
INTS += ("line", "names_bytes", "names_crc", "seconds", "warmup", "cosine", "batch", "moment_bits")
FLOATS = ("learning_rate", "beta1", "beta2", "eps", "init_std", "held", "best")
# held is the held-out loss of these weights, best the lowest of all that were saved; 0: unknown.
# Those of them that a Config has besides its shape.
TRAINING = ("steps", "seconds", "warmup", "cosine", "batch") + FLOATS[:5]
PREFIX = "<8sHHI"
FIXED = PREFIX + f"{len(INTS)}I{len(FLOATS)}f"
PIECE = 512  # bytes at a time: what littlefs programs together, and little of the heap


class CheckpointError(Exception):
    """A checkpoint that cannot be used or written; the message says what to do."""


class Header:
    """The part of a checkpoint before its arrays: INTS, FLOATS, `alphabet` and `config`."""

    def __init__(self, config, alphabet, values):
        """`values` has the INTS and FLOATS that are not in the Config."""
        self.config = config
        self.alphabet = alphabet
        for name in INTS + FLOATS:
            setattr(self, name, values[name] if name in values else getattr(config, name))

    @property
    def lengths(self):
        """Elements of the arrays, of 4 bytes each: parameters, moments, losses.

        The moments are m and v, or with moment_bits 16 one array, and there may be none.
        """
        n = size(self.config.parameters())
        moments = n if self.moment_bits else 0
        return (n,) + (moments,) * (self.config.moment_bits // 16) + (self.n_losses,)

    @property
    def array_bytes(self):
        """Bytes of all arrays together."""
        return 4 * sum(self.lengths)

    def pack(self):
        """Return the bytes before the arrays."""
        alphabet = self.alphabet.encode()
        alphabet += bytes(-len(alphabet) % 4)
        start = struct.calcsize(FIXED) + len(alphabet)
        values = [int(getattr(self, name)) for name in INTS]
        values += [getattr(self, name) for name in FLOATS]
        total = start + self.array_bytes + 4
        return struct.pack(FIXED, MAGIC, VERSION, start, total, *values) + alphabet


def save(path, header, arrays):
    """Write a checkpoint, through a new file that then takes the old one's place.

    arrays: parameters, moments and losses, of the header's lengths. Whatever happens on the way,
    power failure included, `path` or the file before it, which is kept as `path` + OLD, is whole.
    Raises CheckpointError if there is no room.
    """
    new = path + NEW
    try:
        with open(new, "wb") as file:
            crc = _write(file, header.pack(), 0)
            for values in arrays:
                crc = _write(file, values, crc)
            file.write(struct.pack("<I", crc))
        if exists(path):
            replace(path, path + OLD)
        os.rename(new, path)
    except OSError as error:
        remove(new)
        raise CheckpointError(
            f"cannot write {path} ({error}): delete other files to make room; what it held before"
            " is kept"
        )


def can_resume(path=PATH):
    """Return whether there is a checkpoint at `path`, or the one before it."""
    return exists(path) or exists(path + OLD)


def keep(path):
    """Rename the checkpoint at `path`, if there is one, to path + KEPT, and say so."""
    if exists(path):
        print(f"the model that {path} held is kept as {path}{KEPT}")
        replace(path, path + KEPT)


def main(path):
    """Return the path that a model goes on to be saved to, which was loaded from `path`."""
    return path[: -len(BEST)] if path.endswith(BEST) else path


def exists(path):
    """Return whether there is such a file."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def replace(source, dest):
    """Rename, also where a rename does not overwrite."""
    remove(dest)
    os.rename(source, dest)


def remove(path):
    """Delete a file if it is there."""
    try:
        os.remove(path)
    except OSError:
        pass


def _write(file, data, crc):
    """Write in pieces; returns the CRC-32 of all so far."""
    view = memoryview(data)
    piece = PIECE // (len(bytes(view[:1])))  # elements
    for i in range(0, len(view), piece):
        part = view[i : i + piece]
        file.write(part)
        crc = crc32(part, crc)
    return crc
