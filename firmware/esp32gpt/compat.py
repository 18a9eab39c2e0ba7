"""Hide the differences between the interpreters: MicroPython on a chip or on unix, and CPython."""

import gc
import sys
import time

MICROPYTHON = sys.implementation.name == "micropython"
ON_HOST = sys.platform in ("linux", "darwin", "win32")

# On a chip, MicroPython raises KeyboardInterrupt only where bytecode branches. So code without a
# branch, which may call native functions, runs to its end. On a host a signal may come anywhere.
INTERRUPTS_AT_BRANCHES = MICROPYTHON and not ON_HOST

# Only on a chip Ctrl-C is a character that is typed, and can be held back; not in a browser.
CTRL_C_IS_TYPED = sys.platform == "esp32"

CLOCKS = (240_000_000, 160_000_000, 120_000_000)  # Hz: the highest of an ESP32, a C3, a C2
BARE_HEAP = 192 * 1024  # bytes; a bare ESP32 has 160, a C3 200
FAMILIES_WITH_FPU = ("", "s3")  # ESP32 and ESP32-S3

# The size of the heap here, after it has grown, in heaps of a bare chip.
HEAPS = max(1, gc.mem_free() // BARE_HEAP) if MICROPYTHON else 1

if MICROPYTHON:
    ticks_us = time.ticks_us
    ticks_diff = time.ticks_diff
    free_bytes = gc.mem_free

    def collect():
        """Collect garbage now. CPython decides by itself when, so this does nothing there."""

    def collect_every(n):
        """Collect garbage after every n allocated bytes; with -1, when memory runs out.

        n is for a bare chip. In a heap k times as large, such as one in PSRAM, a collection takes k
        times as long, so it comes after k * n bytes.
        """
        gc.threshold(n * HEAPS if n > 0 else n)

else:

    def ticks_us():
        """Return the time in microseconds, from an arbitrary start."""
        return time.perf_counter_ns() // 1000

    def ticks_diff(later, earlier):
        """Return the microseconds between two values of ticks_us."""
        return later - earlier

    def free_bytes():
        """Return the free bytes of the heap. CPython's heap grows, so this is a large number."""
        return 1 << 40

    def collect():
        """Collect garbage now. CPython decides by itself when, so this does nothing there."""

    def collect_every(n):
        """Collect garbage after every n allocated bytes; with -1, when memory runs out.

        This does nothing on CPython, which collects by its own rules.
        """


def set_highest_clock():
    """Set the processor's clock to the highest of CLOCKS that the chip allows; return it in Hz.

    A chip that is faster already keeps its clock. Returns None if there is no clock to set.
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
    """Return True if the chip has the FPU that the fpu engine needs.

    An ESP32-S2 could load the engine's code, but would crash in it.
    """
    return _family() in FAMILIES_WITH_FPU


def loses_writes():
    """Return True if machine code may lose writes to this chip's heap.

    A heap that is larger than a bare chip's is in PSRAM. There, an ESP32 before revision 3 may lose
    a write, unless the compiler has a workaround; the firmware's compiler has it (GCC's
    -mfix-esp32-psram-cache-issue), viper and kernelc do not. See Espressif, ECO and Workarounds for
    Bugs in ESP32. The three bits of the revision are read as in ESP-IDF's
    efuse_hal_get_major_chip_version.
    """
    if _family() != "" or HEAPS == 1:
        return False
    from machine import mem32

    fixed = mem32[0x3FF5A00C] >> 15 & mem32[0x3FF5A014] >> 20 & mem32[0x3FF6607C] >> 31
    return not fixed & 1


def _family():
    """Return the end of the chip's name after "ESP32", such as "" or "s3"; None on other machines.

    The chip's name is the end of _machine: "Generic ESP32S3 module with ESP32S3", "TinyPICO with
    ESP32-PICO-D4".
    """
    machine = getattr(sys.implementation, "_machine", "")
    chip = machine.split(" with ")[-1].replace("-", "").lower()
    if not chip.startswith("esp32"):
        return None
    family = chip[5:7]
    if not family[1:].isdigit() or family[0] not in "schp":
        family = ""  # a module with the first ESP32
    return family


def require_bytes(needed, purpose):
    """Raise MemoryError if fewer than `needed` bytes are free. Allocates nothing."""
    collect()
    free = free_bytes()
    if needed > free:
        raise MemoryError(
            f"{purpose} needs {needed} bytes and {free} are free: choose a smaller n_embd, "
            "n_layer or block_size, or fewer letters"
        )


def leave(status):
    """End the program with this status on a host; do nothing on a chip, which returns to the
    REPL."""
    if ON_HOST:
        sys.exit(status)


def describe():
    """Return (board, firmware) as text, such as ('ESP32 module', 'MicroPython 1.24.0')."""
    version = ".".join(str(part) for part in sys.implementation.version[:3])
    name = "MicroPython" if MICROPYTHON else "CPython"
    return getattr(sys.implementation, "_machine", sys.platform), f"{name} {version}"
