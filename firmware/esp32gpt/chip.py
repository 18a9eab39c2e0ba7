"""Find out about the chip: its clock, its FPU, its faults. This module is needed only at the
start."""

import sys

from . import compat
from .compat import const

_CLOCKS = const((240_000_000, 160_000_000, 120_000_000))  # Hz: the highest of an ESP32, a C3, a C2
_FAMILIES_WITH_FPU = const(("", "s3"))  # ESP32 and ESP32-S3


def begin():
    """Set the highest clock; return a tuple (board, firmware, clock): the two texts of `describe`,
    and the result of `set_highest_clock`, in Hz or None."""
    return describe() + (set_highest_clock(),)


def describe():
    """Return a tuple of two texts (board, firmware), such as ('ESP32 module', 'MicroPython
    1.24.0')."""
    version = ".".join(str(part) for part in sys.implementation.version[:3])
    name = "MicroPython" if compat.MICROPYTHON else "CPython"
    return getattr(sys.implementation, "_machine", sys.platform), f"{name} {version}"


def set_highest_clock():
    """Set the processor's clock to the highest of 240, 160 and 120 MHz that the chip allows; return
    it in Hz.

    A chip that is faster already keeps its clock. Returns None if there is no clock to set.
    """
    if sys.platform != "esp32":
        return None
    import machine

    for hertz in _CLOCKS:
        if hertz > machine.freq():
            try:
                machine.freq(hertz)
                break
            except ValueError:  # too fast for this chip
                pass
    return machine.freq()


def refusal(engine):
    """Return the text that says why this chip cannot run the engine with this name, such as "fpu",
    or None if it can."""
    if engine == "fpu" and not has_fpu():
        return "only ESP32 and ESP32-S3 have the FPU that it needs"
    if engine != "reference" and loses_writes():
        return (
            "an ESP32 before revision 3 may lose what machine code writes to PSRAM: use firmware "
            "that does not use PSRAM"
        )
    return None


def has_fpu():
    """Return True if the chip has the FPU that the fpu engine needs.

    An ESP32-S2 could load the engine's code, but would crash in it.
    """
    return _family() in _FAMILIES_WITH_FPU


def loses_writes():
    """Return True if machine code may lose writes to this chip's heap.

    A heap that is larger than a bare chip's is in PSRAM. There, an ESP32 before revision 3 may lose
    a write, unless the compiler has a workaround; the firmware's compiler has it (GCC's
    -mfix-esp32-psram-cache-issue), viper and kernelc do not. See Espressif, ECO and Workarounds for
    Bugs in ESP32. The three bits of the revision are read as in ESP-IDF's
    efuse_hal_get_major_chip_version.
    """
    if _family() != "" or compat.HEAPS == 1:
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
