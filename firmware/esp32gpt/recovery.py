"""Read checkpoints: choose the newest whole one, check it and restore it.

checkpoint.py writes them. This module is in memory only while a run is resumed.
"""

import struct
from binascii import crc32

from . import tables
from .checkpoint import (
    BEST,
    FLOATS,
    INTS,
    MAGIC,
    OLD,
    PIECE,
    PREFIX,
    REFUSED,
    SHAPE,
    TRAINING,
    VERSION,
    CheckpointError,
    Header,
    exists,
    replace,
)
from .compat import const
from .config import Config

# The number of INTS and FLOATS in each version of the format, and the values that older versions
# lack.
VERSIONS = {1: (16, 5), VERSION: (len(INTS), len(FLOATS))}
SINCE = {
    "seconds": 0,
    "warmup": 0,
    "cosine": 0,
    "batch": 1,
    "moment_bits": 32,
    "held": 0.0,
    "best": 0.0,
}
_LONGEST_ALPHABET = const(8192)  # bytes; a file that claims more is damaged


def newest(path):
    """Return a tuple (path, Header) of the checkpoint at `path`. If `inspect` refuses it, return
    those of `path` + OLD, or else of `path` + BEST, because a save may have renamed the previous
    checkpoint to that.

    In this case the refused file at `path`, if it is there, is renamed to `path` + REFUSED, so that
    the next save does not keep it as the previous checkpoint; this is printed. Raises
    CheckpointError, and renames nothing, if all are refused.
    """
    try:
        return path, inspect(path)
    except CheckpointError as error:
        for earlier in (path + OLD, path + BEST):
            try:
                header = inspect(earlier)
            except CheckpointError:
                continue
            if exists(path):
                print(f"{error}: using {earlier}")
                replace(path, path + REFUSED)
            return earlier, header
        raise


def inspect(path):
    """Check that a checkpoint is whole, and return its Header. Raises CheckpointError if it is
    missing, damaged or of another format."""
    try:
        file = open(path, "rb")
    except OSError:
        raise CheckpointError(f"there is no {path}: gpt.save() writes one, GPT() begins anew")
    with file:
        prefix = file.read(struct.calcsize(PREFIX))
        if prefix[:8] != MAGIC or len(prefix) < struct.calcsize(PREFIX):
            raise CheckpointError(f"{path} is no checkpoint of esp32gpt: rename it to begin anew")
        _, version, start, total = struct.unpack(PREFIX, prefix)
        if version not in VERSIONS:
            age = "a newer" if version > VERSION else "an older"
            raise CheckpointError(
                f"{path} was written by {age} esp32gpt (format {version}, this one has {VERSION}):"
                " deploy that one to go on with it, or rename the file to begin anew"
            )
        damaged = CheckpointError(f"{path} is damaged: rename it to begin anew, or restore a copy")
        if not 0 <= start - struct.calcsize(_form(version)) <= _LONGEST_ALPHABET:
            raise damaged
        head = prefix + file.read(start - len(prefix))
        if len(head) != start or not _is_whole(file, crc32(head), total - 4 - start):
            raise damaged
    try:
        header = _unpack(head, version)
    except (ValueError, UnicodeError):
        raise damaged
    if start + 4 * sum(lengths(header)) + 4 != total:
        raise damaged
    return header


def restore(path, header, arrays):
    """Overwrite the arrays (parameters, moments, losses) with those of a checkpoint that `inspect`
    has checked."""
    with open(path, "rb") as file:
        _, _, start, _ = struct.unpack(PREFIX, file.read(struct.calcsize(PREFIX)))
        file.seek(start)
        for values in arrays:
            file.readinto(values)


def lengths(header):
    """Return a tuple of the number of elements of each array of a checkpoint, of 4 bytes each:
    parameters, moments, losses.

    The moments are m and v, or one array with moment_bits 16.
    """
    n = tables.count(header.config)
    return (n,) * (1 + header.moment_bits // 16) + (header.n_losses,)


def config_of(values):
    """Return the Config of a checkpoint's values, a dict {name: value}. Raises ValueError if the
    shape is impossible."""
    config = Config(**{name: values[name] for name in SHAPE})
    for name in TRAINING:  # without a check: the ranges of settings may have changed since
        setattr(config, name, values[name])
    config.moment_bits = values["moment_bits"]
    return config


def _unpack(head, version):
    ints, floats = VERSIONS[version]
    form = _form(version)
    fields = struct.unpack(form, head[: struct.calcsize(form)])[4:]
    values = dict(SINCE)
    values.update(zip(INTS[:ints] + FLOATS[:floats], fields))
    alphabet = str(head[struct.calcsize(form) :], "utf-8").rstrip("\0")
    config = config_of(values)
    if config.vocab_size != len(alphabet) + 1 or values["moment_bits"] not in (16, 32):
        raise ValueError
    return Header(config, alphabet, values)


def _form(version):
    ints, floats = VERSIONS[version]
    return PREFIX + f"{ints}I{floats}f"


def _is_whole(file, crc, length):
    """Return True if the rest of the file is `length` bytes and the right CRC-32. `crc` is the
    CRC-32 of the bytes before."""
    buffer = memoryview(bytearray(PIECE))
    while length:
        n = file.readinto(buffer[: min(length, PIECE)])
        if not n:
            return False
        crc = crc32(buffer[:n], crc)
        length -= n
    return file.read(5) == struct.pack("<I", crc)
