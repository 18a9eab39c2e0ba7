"""Read a MicroPython firmware file: check that it is intact and for the right chip, and find the
place of its file system. This module writes nothing."""

import struct
from dataclasses import dataclass
from pathlib import Path

from esptool import FatalError
from esptool.bin_image import LoadFirmwareImage

from tools.host import chips
from tools.host.errors import ToolError

PARTITION_TABLE = 0x8000
PARTITION = struct.Struct("<2sBBII16s4x")  # magic, type, subtype, offset, size, label, flags
APPLICATION = 0  # a partition's type
PROGRAM = struct.Struct("<B2xB8xH")  # magic, flash size in the upper half, chip
MAGIC = 0xE9
MB = 1 << 20
FLASH_SIZES = (1 * MB, 2 * MB, 4 * MB, 8 * MB, 16 * MB, 32 * MB)  # by their numbers in a program


@dataclass(frozen=True)
class Firmware:
    """An intact firmware file: its `path`, its Chip, and its whole content as `data` (bytes), which
    belongs at chip.offset in the flash. `partitions` maps labels to (type, offset, size), in bytes
    from the start of the flash. `flash_size` is the smallest flash that it runs on, in bytes."""

    path: Path
    chip: chips.Chip
    data: bytes
    partitions: dict
    flash_size: int

    @property
    def application(self):
        """The offset in the flash of the first program after the bootloader, in bytes."""
        return first_application(self.partitions)

    def filesystem(self, flash_size):
        """Return (offset, size), in bytes, of the littlefs in a flash of `flash_size` bytes. Raises
        ToolError if there is no room for it, or if the firmware uses FAT.

        Until v1.25 the partition table has an entry for the file system. Since v1.26 the file
        system is all the flash after the last partition: see boardctrl_startup in MicroPython's
        ports/esp32/main.c.
        """
        if "vfs" in self.partitions:
            offset, size = self.partitions["vfs"][1:]
        elif "ffat" in self.partitions:
            raise ToolError(
                f"{self.path} keeps its files as FAT, which only a board can write: use one of "
                "MicroPython's generic builds, or put it on a board and use `make deploy`."
            )
        else:
            offset = max(start + length for _, start, length in self.partitions.values())
            size = flash_size - offset
        if size <= 0 or offset + size > flash_size:
            raise ToolError(
                f"{self.path} has no room for files in {flash_size // MB} MB of flash: use a "
                "firmware for a flash of that size."
            )
        return offset, size


def first_application(partitions):
    """Return the lowest offset of a program, in bytes, or None if there is no program. `partitions`
    are those of a Firmware."""
    starts = [start for kind, start, _ in partitions.values() if kind == APPLICATION]
    return min(starts, default=None)


def load(path, wanted=None):
    """Read and check a firmware file; return the Firmware. `wanted` is the Chip that it must be
    for; None accepts any chip of the table. Raises ToolError if the file cannot be read, is for
    another chip, holds only a part of a firmware, or is damaged (each program in it has a checksum
    and a SHA-256)."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(
            f"Cannot read the firmware {path} ({error.strerror}): give a file with "
            "FIRMWARE=file.bin, or none to have a release downloaded."
        ) from error
    magic, sizes, number = PROGRAM.unpack(data[: PROGRAM.size].ljust(PROGRAM.size, b"\0"))
    if magic != MAGIC or sizes >> 4 >= len(FLASH_SIZES):
        raise damaged(path)
    chip = chips.with_image_id(number)
    if wanted not in (None, chip):
        raise ToolError(
            f"{path} is for {chip.title}, not for {wanted.title}: choose the right file with "
            f"FIRMWARE=file.bin, or the right chip with CHIP={chip.name}."
        )
    check_program(path, data, chip)  # the bootloader
    partitions = read_partitions(data[PARTITION_TABLE - chip.offset :])
    application = first_application(partitions)
    if application is None:
        raise ToolError(
            f"{path} holds only a part of a firmware: use the release's .bin file, not .app-bin."
        )
    check_program(path, data[application - chip.offset :], chip)
    return Firmware(path, chip, data, partitions, FLASH_SIZES[sizes >> 4])


def read_partitions(table):
    """Return {label: (type, offset, size)} of a partition table, given as bytes that begin with it.
    Offsets and sizes are in bytes. Returns {} if there is no table."""
    partitions = {}
    while table[:2] == b"\xaa\x50" and len(table) >= PARTITION.size:
        _, kind, _, offset, size, label = PARTITION.unpack_from(table)
        partitions[label.rstrip(b"\0").decode("ascii", "replace")] = (kind, offset, size)
        table = table[PARTITION.size :]
    return partitions


def check_program(path, data, chip):
    """Raise ToolError unless the bytes `data` begin with an intact program for the Chip. `path` is
    only named in the message."""
    try:
        image = LoadFirmwareImage(chip.name, data)
    except (FatalError, RuntimeError, struct.error, TypeError) as error:
        raise damaged(path) from error
    if image.checksum != image.calculate_checksum():
        raise damaged(path)
    if image.append_digest and image.stored_digest != image.calc_digest:
        raise damaged(path)


def damaged(path):
    """Return the ToolError for a file that is no intact firmware."""
    return ToolError(f"{path} is damaged, or no firmware at all: download it again.")
