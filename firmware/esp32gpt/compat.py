"""Hide the differences between the interpreters: MicroPython on a chip or on unix, and CPython."""

import gc
import sys
import time

MICROPYTHON = sys.implementation.name == "micropython"

if MICROPYTHON:
    from micropython import const
else:
    from .cpython import collect, collect_every, const, free_bytes, ticks_diff, ticks_us

ON_HOST = sys.platform in ("linux", "darwin", "win32")

# On a chip, MicroPython raises KeyboardInterrupt only where bytecode branches. So code without a
# branch, which may call native functions, runs to its end. On a host a signal may come anywhere.
INTERRUPTS_AT_BRANCHES = MICROPYTHON and not ON_HOST

# Only on a chip Ctrl-C is a character that is typed, and can be held back; not in a browser.
CTRL_C_IS_TYPED = sys.platform == "esp32"

_BARE_HEAP = const(192 * 1024)  # bytes; a bare ESP32 has 160, a C3 200

# The size of the heap here, after it has grown, in heaps of a bare chip.
HEAPS = max(1, gc.mem_free() // _BARE_HEAP) if MICROPYTHON else 1

if MICROPYTHON:
    ticks_us = time.ticks_us
    ticks_diff = time.ticks_diff
    free_bytes = gc.mem_free
    collect = gc.collect

    def collect_every(n):
        """Collect garbage after every n allocated bytes; with -1, when memory runs out.

        n is for a bare chip. In a heap k times as large, such as one in PSRAM, a collection takes k
        times as long, so it comes after k * n bytes.
        """
        gc.threshold(n * HEAPS if n > 0 else n)


def require_bytes(needed, purpose):
    """Collect garbage, and raise MemoryError if fewer than `needed` bytes are free then. `purpose`
    is the beginning of the message. Allocates nothing."""
    collect()
    free = free_bytes()
    if needed > free:
        raise MemoryError(
            f"{purpose} needs {needed} bytes and {free} are free: choose a smaller n_embd, "
            "n_layer or block_size, or fewer letters"
        )


def leave(status):
    """End the program with this exit status on a host, by SystemExit; do nothing on a chip, which
    returns to the REPL."""
    if ON_HOST:
        sys.exit(status)
