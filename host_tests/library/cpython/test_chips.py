"""The questions of the library to its chip: does it have an FPU, and what is its clock?"""

import subprocess
import sys
import types

import pytest
from esp32gpt import chip as own
from esp32gpt import compat

from tools.host import chips
from tools.host.paths import FIRMWARE

# What firmwares say of their boards, and the chip on it.
MACHINES = {
    "Generic ESP32 module with ESP32": "esp32",
    "Generic ESP32 module with SPIRAM with ESP32": "esp32",
    "TinyPICO with ESP32-PICO-D4": "esp32",
    "M5Stack Core with ESP32-PICO-V3-02": "esp32",
    "4MB/OTA module with ESP32-UNICORE": "esp32",
    "ESP32 D2WD module with ESP32-D2WD": "esp32",
    "FeatherS2 with ESP32-S2FN4R2": "esp32s2",
    "Generic ESP32S2 module with ESP32S2": "esp32s2",
    "Generic ESP32S3 module with ESP32S3": "esp32s3",
    "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3": "esp32s3",
    "TinyS3 with ESP32-S3-FN8": "esp32s3",
    "ESP32C2 module with ESP32C2": "esp32c2",
    "ESP32C3 module with ESP32C3": "esp32c3",
    "LOLIN_C3_MINI with ESP32-C3FH4": "esp32c3",
    "ESP32C5 module with ESP32C5": "esp32c5",
    "ESP32C6 module with ESP32C6": "esp32c6",
    "Generic ESP32P4 module with ESP32P4": "esp32p4",
}


@pytest.fixture
def says(monkeypatch):
    """Return a function that sets the firmware's description of its board."""
    return lambda machine: monkeypatch.setattr(
        sys.implementation, "_machine", machine, raising=False
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_board_and_host_know_the_chip_by_what_its_firmware_says(machine, says):
    says(machine)
    chip = chips.of_machine(machine)
    assert chip.name == MACHINES[machine]
    assert own.has_fpu() == chip.fpu


@pytest.mark.parametrize(
    "machine", ["", "linux [GCC 12.2.0] version", "Raspberry Pi Pico with RP2040", "with ESP8266"]
)
def test_what_is_no_esp32_has_no_such_fpu(machine, says):
    says(machine)
    assert not own.has_fpu() and chips.of_machine(machine) is None


@pytest.mark.parametrize(
    "bits, heaps, machine, loses",
    [
        ((0, 0, 0), 21, "Generic ESP32 module with SPIRAM with ESP32", True),
        ((1, 0, 0), 21, "Generic ESP32 module with SPIRAM with ESP32", True),
        ((1, 1, 0), 21, "TinyPICO with ESP32-PICO-D4", True),
        ((1, 1, 1), 21, "Generic ESP32 module with SPIRAM with ESP32", False),
        ((0, 0, 0), 1, "Generic ESP32 module with ESP32", False),
        ((0, 0, 0), 40, "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", False),
        ((0, 0, 0), 40, "linux [GCC 12.2.0] version", False),
    ],
)
def test_an_early_esp32_whose_heap_is_in_psram_loses_writes(
    bits, heaps, machine, loses, says, monkeypatch
):
    says(machine)
    registers = {
        0x3FF5A00C: 5 | bits[0] << 15,
        0x3FF5A014: bits[1] << 20,
        0x3FF6607C: bits[2] << 31,
    }
    monkeypatch.setitem(sys.modules, "machine", types.SimpleNamespace(mem32=registers))
    monkeypatch.setattr(compat, "HEAPS", heaps)
    assert own.loses_writes() == loses


class Machine(types.ModuleType):
    """MicroPython's machine module on a chip that allows certain clocks."""

    def __init__(self, now, takes):
        super().__init__("machine")
        self.now = now
        self.takes = takes

    def freq(self, *hertz):
        if hertz:
            if hertz[0] not in self.takes:
                raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz or 160MHz")
            self.now = hertz[0]
        return self.now


@pytest.mark.parametrize(
    ("now", "takes", "highest"),
    [
        (160, (80, 160, 240), 240),  # ESP32
        (160, (80, 160), 160),  # ESP32-C3, C6
        (80, (80, 160), 160),
        (80, (80, 120), 120),  # ESP32-C2
        (360, (80, 160, 240), 360),  # ESP32-P4
    ],
)
def test_the_clock_is_the_highest_that_the_chip_takes(monkeypatch, now, takes, highest):
    machine = Machine(now * 10**6, [mhz * 10**6 for mhz in takes])
    monkeypatch.setattr(sys, "platform", "esp32")
    monkeypatch.setitem(sys.modules, "machine", machine)
    assert own.set_highest_clock() == highest * 10**6 == machine.now


def test_a_host_has_no_clock_to_set():
    assert own.set_highest_clock() is None


@pytest.mark.parametrize(("heap", "heaps"), [("160k", 1), ("4m", 21)])
def test_garbage_is_collected_as_often_as_the_heap_is_large(micropython, heap, heaps):
    look = (
        "import gc, sys; sys.path.insert(0, sys.argv[1])\n"
        "from esp32gpt import compat\n"
        "compat.collect_every(4096); print(gc.threshold())\n"
        "compat.collect_every(-1); print(gc.threshold())\n"
    )
    done = subprocess.run(
        [micropython, "-X", f"heapsize={heap}", "-c", look, FIRMWARE],
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(heaps * 4096), "-1"], done.stderr
