"""The table of chips: the native code of each, its clock, its firmware and its emulator."""

import re
from dataclasses import dataclass

from esptool.targets import CHIP_DEFS

from tools.host.errors import ToolError

DATE, VERSION = "20251209", "v1.27.0"  # the newest release that passed all tests on a chip


@dataclass(frozen=True)
class Chip:
    """One of Espressif's chips.

    `name` is the name that esptool and CHIP= use, and `board` the name of MicroPython's build.
    `architecture` is mpy-cross's name for the chip's native code, and `since` the first MicroPython
    version that runs such code on the chip, as (1, 24). `megahertz` is the highest clock that
    MicroPython can set. `fpu` is True if the chip can run the fpu engine, which needs Xtensa's FPU.
    `qemu` is (the emulator's architecture, the value of the strapping pins that select the
    bootloader), or None if no emulator is known.
    """

    name: str
    board: str
    architecture: str
    since: tuple
    megahertz: int
    fpu: bool
    qemu: tuple | None = None

    @property
    def title(self):
        """The name for people, such as ESP32-C3."""
        return CHIP_DEFS[self.name].CHIP_NAME

    @property
    def offset(self):
        """The offset of a firmware file in the flash, in bytes, as esptool knows it: 0x1000 on the
        ESP32, 0 on the C3, 0x2000 on the P4."""
        return CHIP_DEFS[self.name].BOOTLOADER_FLASH_OFFSET

    @property
    def release(self):
        """The name of the firmware file that `make flash` installs."""
        return f"{self.board}-{DATE}-{VERSION}.bin"


XTENSA, RISCV = "xtensawin", "rv32imc"
TABLE = (
    Chip("esp32", "ESP32_GENERIC", XTENSA, (1, 23), 240, True, ("xtensa", 0x0F)),
    # On the S2, native code may not load, because there is little executable memory.
    Chip("esp32s2", "ESP32_GENERIC_S2", XTENSA, (1, 23), 240, False),
    Chip("esp32s3", "ESP32_GENERIC_S3", XTENSA, (1, 23), 240, True, ("xtensa", 0x07)),
    Chip("esp32c2", "ESP32_GENERIC_C2", RISCV, (1, 26), 120, False),
    Chip("esp32c3", "ESP32_GENERIC_C3", RISCV, (1, 24), 160, False, ("riscv32", 0x02)),
    Chip("esp32c5", "ESP32_GENERIC_C5", RISCV, (1, 26), 240, False),
    Chip("esp32c6", "ESP32_GENERIC_C6", RISCV, (1, 24), 160, False),
    Chip("esp32p4", "ESP32_GENERIC_P4", RISCV, (1, 27), 240, False),
)
CHIPS = {chip.name: chip for chip in TABLE}


def named(name):
    """Return the Chip with this name. Raises ToolError if the table has no such chip."""
    if name not in CHIPS:
        choices = ", ".join(f"CHIP={chip}" for chip in CHIPS)
        raise ToolError(f"There is no support for the chip {name}: use one of {choices}.")
    return CHIPS[name]


def with_image_id(number):
    """Return the Chip with this number: the chip number in a program's header, which is esptool's
    IMAGE_CHIP_ID. Raises ToolError if the table has no such chip."""
    for chip in TABLE:
        if number == CHIP_DEFS[chip.name].IMAGE_CHIP_ID:
            return chip
    names = [rom.CHIP_NAME for rom in CHIP_DEFS.values() if number == rom.IMAGE_CHIP_ID]
    raise ToolError(
        f"A firmware for {names[0] if names else 'an unknown chip'} cannot be used here: "
        f"choose one for {', '.join(chip.title for chip in TABLE)}."
    )


def of_machine(machine):
    """Return the Chip of a board, from its sys.implementation._machine, a text; None if the table
    has no such chip. Boards write the chip's name in different ways: 'Generic ESP32S3 module with
    ESP32S3', 'TinyPICO with ESP32-PICO-D4', 'FeatherS2 with ESP32-S2FN4R2'."""
    name = machine.rpartition(" with ")[2].replace("-", "").lower()
    family = re.match(r"esp32([schp]\d+)?", name)
    return CHIPS.get(family[0]) if family else None
