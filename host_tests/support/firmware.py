"""Small firmware files with the structure of a release, for tests."""

import struct

from esptool.bin_image import ELFSection
from esptool.targets import CHIP_DEFS

BOOTLOADER = 0x1000  # of an ESP32
TABLE = 0x8000
APPLICATION = 0x10000

# Partition tables as MicroPython's releases have them: (type, subtype, offset, size, label).
PARTITIONS_V1_25 = (
    *((1, 2, 0x9000, 0x6000, b"nvs"), (1, 1, 0xF000, 0x1000, b"phy_init")),
    *((0, 0, APPLICATION, 0x1F0000, b"factory"), (1, 0x81, 0x200000, 0x200000, b"vfs")),
)
PARTITIONS_V1_26 = PARTITIONS_V1_25[:3]  # the files take the rest of the flash


def program(chip, data, digest=True, flash_size="4MB", oldest=0):
    """Return a program in the format of the chip's bootloader, with checksum and, if `digest`, with
    SHA-256. `oldest` is the oldest chip revision that it runs on, times 100."""
    rom = CHIP_DEFS[chip]
    made = rom.BOOTLOADER_IMAGE()
    made.segments.append(ELFSection(b".data", 0x3FFC0000, data, 0))
    made.entrypoint = 0x40080000
    made.append_digest = digest
    made.min_rev_full, made.max_rev_full = oldest, 0xFFFF
    made.flash_size_freq = rom.parse_flash_size_arg(flash_size)
    return made.save(None)


def make_firmware(
    chip="esp32",
    application=b"application!" * 40,
    partitions=PARTITIONS_V1_25,
    flash_size="4MB",
    oldest=0,
):
    """Return the bytes of a firmware file: bootloader, partition table, application."""
    start = CHIP_DEFS[chip].BOOTLOADER_FLASH_OFFSET
    flash_content = bytearray(b"\xff" * APPLICATION)
    bootloader = program(chip, b"bootloader", flash_size=flash_size, oldest=oldest)
    flash_content[start : start + len(bootloader)] = bootloader
    for i, entry in enumerate(partitions):
        struct.pack_into("<2sBBII16s", flash_content, TABLE + 32 * i, b"\xaa\x50", *entry)
    return bytes(flash_content[start:]) + program(chip, application)
