"""Firmware files as a release has them, but small: for tests of what takes such a file."""

import struct

from esptool.bin_image import ELFSection, ESP32FirmwareImage, ESP32S3FirmwareImage

from tools.host import image

BOOTLOADER = 0x1000
TABLE = 0x8000
APPLICATION = 0x10000
PROGRAMS = {"esp32": ESP32FirmwareImage, "esp32s3": ESP32S3FirmwareImage}


def program(chip, data, digest=True):
    """A program as a chip's bootloader wants it, with checksum and SHA-256."""
    made = PROGRAMS[chip]()
    made.segments.append(ELFSection(b".data", 0x3FFC0000, data, 0))
    made.entrypoint = 0x40080000
    made.append_digest = digest
    return made.save(None)


def make_firmware(chip="esp32", application=b"application!" * 40):
    """The bytes of a firmware file: bootloader, partition table, application."""
    start = image.FLASH_OFFSET[chip]
    flash_content = bytearray(b"\xff" * APPLICATION)
    bootloader = program(chip, b"bootloader")
    flash_content[start : start + len(bootloader)] = bootloader
    for i, entry in enumerate(
        [(1, 2, 0x9000, 0x6000, b"nvs"), (0, 0, APPLICATION, 0x1F0000, b"factory")]
        + [(1, 0x81, 0x200000, 0x200000, b"vfs")]
    ):
        struct.pack_into("<2sBBII16s", flash_content, TABLE + 32 * i, b"\xaa\x50", *entry)
    return bytes(flash_content[start:]) + program(chip, application)
