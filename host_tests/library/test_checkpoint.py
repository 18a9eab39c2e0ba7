"""Checkpoints: what is saved comes back, exactly; what is damaged is refused."""

import os
import struct
from array import array
from binascii import crc32

from esp32gpt import checkpoint, recovery, tables
from esp32gpt.checkpoint import CheckpointError, Header
from esp32gpt.config import Config
from raising import raises

FILE = "test_checkpoint.tmp"
VALUES = {
    "step": 7,
    "n_losses": 3,
    "rng_high": 65535,
    "rng_low": 1,
    "seed": 42,
    "epoch": 2,
    "block": 3,
    "line": 4,
    "names_bytes": 30813,
    "names_crc": 0xFEDCBA98,
    "moment_bits": 32,
    "held": 2.5,
    "best": 2.25,
}


def example(step=7, alphabet="abγ"):
    """Return the (header, arrays) of a small checkpoint with different numbers everywhere."""
    config = Config(n_embd=4, n_head=2, block_size=3, vocab_size=len(alphabet) + 1)
    values = dict(VALUES)
    values["step"] = step
    n = tables.count(config)
    arrays = []
    for i, length in enumerate((n, n, n, VALUES["n_losses"])):
        arrays.append(array("f", [i + j / 256 for j in range(length)]))
    return Header(config, alphabet, values), arrays


def clean():
    for suffix in checkpoint.SUFFIXES:
        try:
            os.remove(FILE + suffix)
        except OSError:
            pass


def content():
    with open(FILE, "rb") as file:
        return file.read()


def write(data):
    with open(FILE, "wb") as file:
        file.write(data)


def refusal():
    """Return the message with which FILE is refused."""
    return raises(CheckpointError, recovery.inspect, FILE)


def test_what_is_saved_comes_back():
    header, arrays = example()
    checkpoint.save(FILE, header, arrays)
    found = recovery.inspect(FILE)
    for name in checkpoint.INTS:
        assert getattr(found, name) == getattr(header, name), name
    for name in checkpoint.FLOATS:
        expected = array("f", [getattr(header, name)])[0]
        assert getattr(found, name) == expected, name
        assert name not in checkpoint.TRAINING or getattr(found.config, name) == expected, name
    assert found.alphabet == "abγ"
    restored = [array("f", [0.0] * len(values)) for values in arrays]
    recovery.restore(FILE, found, restored)
    assert [list(values) for values in restored] == [list(values) for values in arrays]
    clean()


def test_files_of_version_1_are_read():
    header, arrays = example()
    ints = "n_embd n_head n_layer block_size vocab_size steps step n_losses rng_high rng_low seed"
    ints = (ints + " epoch block line names_bytes names_crc").split()
    floats = ["learning_rate", "beta1", "beta2", "eps", "init_std"]
    values = [getattr(header, name) for name in ints + floats]
    start = 16 + 4 * (len(ints) + len(floats)) + 4
    total = start + 4 * sum(len(values) for values in arrays) + 4
    whole = struct.pack("<8sHHI16I5f", b"esp32gpt", 1, start, total, *values) + "abγ".encode()
    for values in arrays:
        whole += bytes(memoryview(values))
    write(whole + struct.pack("<I", crc32(whole)))
    found = recovery.inspect(FILE)
    for name in ints:
        assert getattr(found, name) == getattr(header, name), name
    assert (found.batch, found.warmup, found.seconds, found.best) == (1, 0, 0, 0.0)
    restored = [array("f", [0.0] * len(values)) for values in arrays]
    recovery.restore(FILE, found, restored)
    assert [list(values) for values in restored] == [list(values) for values in arrays]
    clean()


def test_the_one_before_is_kept():
    for step in (1, 2, 3):
        checkpoint.save(FILE, *example(step))
    assert recovery.inspect(FILE).step == 3
    assert recovery.inspect(FILE + checkpoint.OLD).step == 2
    assert recovery.newest(FILE)[1].step == 3
    clean()


def test_a_damaged_one_makes_way_for_the_one_before():
    for step in (1, 2):
        checkpoint.save(FILE, *example(step))
    write(content()[:-9])
    path, header = recovery.newest(FILE)
    assert header.step == 1 and path == FILE + checkpoint.OLD
    assert checkpoint.exists(FILE + checkpoint.REFUSED) and not checkpoint.exists(FILE)
    # The next save leaves the good one where it is until it is whole itself.
    checkpoint.save(FILE, *example(3))
    assert recovery.newest(FILE)[1].step == 3
    assert recovery.inspect(FILE + checkpoint.OLD).step == 1
    clean()


def test_two_damaged_ones_stay_where_they_are():
    for step in (1, 2):
        checkpoint.save(FILE, *example(step))
    write(content()[:-9])
    checkpoint.replace(FILE, FILE + checkpoint.OLD)
    write(b"esp32gpt")
    assert FILE in raises(CheckpointError, recovery.newest, FILE)
    assert content() == b"esp32gpt" and checkpoint.exists(FILE + checkpoint.OLD)
    clean()


def test_bits_of_moments_that_do_not_exist_are_refused():
    header, arrays = example()
    for bits in (0, 8):
        header.moment_bits = bits
        checkpoint.save(FILE, header, [arrays[0], arrays[3]])
        assert "damaged" in refusal()
    clean()


# Few writes in the next two: a chip's flash is slow. test_never_lost.py flips every bit.


def test_flipped_bits_are_refused():
    checkpoint.save(FILE, *example())
    whole = content()
    for i in (0, 9, 11, 14, 40, 99, 120, 500, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[i] ^= 1 << i % 8
        write(flipped)
        assert refusal()
    clean()


def test_files_cut_short_or_grown_are_refused():
    checkpoint.save(FILE, *example())
    whole = content()
    for length in (0, 7, 15, 16, 90, 120, 121, 400, len(whole) - 1):
        write(whole[:length])
        assert refusal()
    write(whole + b"\0")
    assert "damaged" in refusal()
    clean()


def test_refusals_say_what_to_do():
    clean()
    assert "there is no" in refusal() and "GPT()" in refusal()
    write(b"hello, world, this is a text of some length\n" * 9)
    assert "no checkpoint" in refusal() and "rename" in refusal()
    checkpoint.save(FILE, *example())
    whole = content()
    for version, age in ((0, "an older"), (3, "a newer")):
        write(whole[:8] + struct.pack("<H", version) + whole[10:])
        assert age in refusal() and "deploy" in refusal()
    clean()


def test_a_large_save_without_room_is_refused_before_it_writes():
    checkpoint.save(FILE, *example(1))
    real, large = checkpoint.os, checkpoint.LARGE

    class Small:
        """The module os, with a file system in which two blocks are free."""

        stat, rename, remove, getcwd = real.stat, real.rename, real.remove, real.getcwd

        @staticmethod
        def statvfs(folder):
            return (512, 256, 100, 3, 2, 0, 0, 0, 0, 255)

    header, arrays = example(2)
    needed = len(header.pack(0)) + 4 * sum(len(values) for values in arrays) + 4
    checkpoint.os, checkpoint.LARGE = Small, needed - 1
    try:
        said = raises(CheckpointError, checkpoint.save, FILE, header, arrays)
        assert f"it needs {needed} bytes, and 512 are free" in said and "delete" in said
        assert recovery.newest(FILE)[1].step == 1 and not checkpoint.exists(FILE + checkpoint.NEW)
    finally:
        checkpoint.os, checkpoint.LARGE = real, large
    clean()


def test_a_save_that_fails_keeps_what_was_there():
    checkpoint.save(FILE, *example(1))
    header, arrays = example(2)

    class Full:
        """A buffer that cannot be written, because it has no memoryview."""

    raises(TypeError, checkpoint.save, FILE, header, arrays[:2] + [Full()])
    assert recovery.newest(FILE)[1].step == 1
    assert "cannot write" in raises(
        CheckpointError, checkpoint.save, "no/such/directory/x", header, arrays
    )
    clean()
