"""compat.py: MicroPython really collects; CPython decides by itself, and so does a browser."""

import sys

from esp32gpt import compat

COLLECTS = compat.MICROPYTHON and sys.platform != "webassembly"


def test_a_collection_frees_what_nothing_uses():
    def fill():
        garbage = [bytearray(1000) for _ in range(50)]
        return compat.free_bytes(), len(garbage)

    def nest(n):
        """Overwrite the stack, where MicroPython 1.23 would still find the garbage's address."""
        if n:
            nest(n - 1)

    compat.collect()
    before, _ = fill()
    nest(8)
    compat.collect()
    assert compat.free_bytes() - before >= 40000 or not COLLECTS


def test_garbage_is_collected_on_time():
    """With a threshold the heap does not fill with garbage before it is collected."""
    compat.collect()
    free = compat.free_bytes()
    compat.collect_every(1024)
    try:
        for _ in range(100):
            bytearray(1000)
        assert compat.free_bytes() >= free - 20000 or not COLLECTS
    finally:
        compat.collect_every(-1)
