"""Hides the differences between the interpreters: chip, unix MicroPython, CPython."""

import gc
import sys
import time

MICROPYTHON = sys.implementation.name == "micropython"
ON_HOST = sys.platform in ("linux", "darwin", "win32")

# On a chip, MicroPython raises KeyboardInterrupt only where bytecode branches, so code
# without a branch, calls to native functions included, runs to its end. A host's signal
# may strike anywhere.
INTERRUPTS_AT_BRANCHES = MICROPYTHON and not ON_HOST

CLOCKS = (240_000_000, 160_000_000, 120_000_000)  # the highest of the ESP32, of a C3, of a C2
BARE_HEAP = 192 * 1024  # bytes; a bare ESP32 has 160, a C3 200
FAMILIES_WITH_FPU = ("", "s3")  # ESP32 and ESP32-S3

# How many heaps of a bare chip the heap here is, once it has grown.
HEAPS = max(1, gc.mem_free() // BARE_HEAP) if MICROPYTHON else 1

if MICROPYTHON:
    ticks_us = time.ticks_us
    ticks_diff = time.ticks_diff
    free_bytes = gc.mem_free

    def collect():
        """Collect garbage now. CPython decides by itself when, so this does nothing there."""

    def collect_every(n):
        """Collect garbage after each n bytes that are allocated; -1: when memory runs out.

        The n bytes are for a bare chip. In a heap k times as large, such as one in PSRAM, a
        collection takes k times as long, and comes after k * n bytes.
        """
        gc.threshold(n * HEAPS if n > 0 else n)

else:

    def ticks_us():
        """Microseconds from an arbitrary beginning."""
        return time.perf_counter_ns() // 1000

    def ticks_diff(later, earlier):
        """Microseconds between two values of ticks_us."""
        return later - earlier

    def free_bytes():
        """Bytes of heap left; CPython's grows as needed."""
        return 1 << 40

    def collect():
        """Collect garbage now. CPython decides by itself when, so this does nothing there."""

    def collect_every(n):
        """Collect garbage after each n bytes that are allocated; -1: when memory runs out.

        CPython decides by itself when to collect, so this does nothing there.
        """


def set_highest_clock():
    """Set the processor's clock as high as the chip lets it, and return it in Hz.

    A chip that boots faster than CLOCKS keeps its clock. Returns None where there is none to set.
    """
    if sys.platform != "esp32":
        return None
    import machine

    for hertz in CLOCKS:
        if hertz > machine.freq():
            try:
                machine.freq(hertz)
                break
            except ValueError:  # too fast for this chip
                pass
    return machine.freq()


def has_fpu():
    """Tell whether the chip has the FPU that the fpu engine is machine code for.

    An ESP32-S2 would load that code, and crash in it.
    """
    return _family() in FAMILIES_WITH_FPU


def loses_writes():
    """Tell whether machine code may lose what it writes to this chip's heap.

    The heap is in PSRAM where it is larger than a bare chip's. An ESP32 before revision 3 may then
    lose a write unless the code was compiled against that, as the firmware's is and that of viper
    and kernelc is not (Espressif, ECO and Workarounds for Bugs in ESP32, section 3.10). The three
    bits of the revision are where ESP-IDF's efuse_hal_get_major_chip_version reads them.
    """
    if _family() != "" or HEAPS == 1:
        return False
    from machine import mem32

    fixed = mem32[0x3FF5A00C] >> 15 & mem32[0x3FF5A014] >> 20 & mem32[0x3FF6607C] >> 31
    return not fixed & 1


def _family():
    """Return what follows "ESP32" in the chip's name: "" for the first chip, "s3"; None elsewhere.

    The name ends what the firmware says of its board: "Generic ESP32S3 module with ESP32S3",
    "TinyPICO with ESP32-PICO-D4".
    """
    machine = getattr(sys.implementation, "_machine", "")
    chip = machine.split(" with ")[-1].replace("-", "").lower()
    if not chip.startswith("esp32"):
        return None
    family = chip[5:7]
    if not family[1:].isdigit() or family[0] not in "schp":
        family = ""  # a module of the first chip
    return family


def require_bytes(needed, purpose):
    """Raise MemoryError, before anything is allocated, if so many bytes are not free."""
    collect()
    free = free_bytes()
    if needed > free:
        raise MemoryError(
            f"{purpose} needs {needed} bytes and {free} are free: choose a smaller n_embd, "
            "n_layer or block_size, or fewer letters"
        )


def leave(status):
    """End the program on a host; on a chip there is nowhere to go but the REPL."""
    if ON_HOST:
        sys.exit(status)


def describe():
    """(board, firmware) as text, such as ('ESP32 module', 'MicroPython 1.24.0')."""
    version = ".".join(str(part) for part in sys.implementation.version[:3])
    name = "MicroPython" if MICROPYTHON else "CPython"
    return getattr(sys.implementation, "_machine", sys.platform), f"{name} {version}"
