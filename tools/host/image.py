"""What a MicroPython firmware file holds: is it whole, is it for this chip, and where does
it keep its file system. Nothing here writes anything."""

import struct
from dataclasses import dataclass
from pathlib import Path

from esptool import FatalError
from esptool.bin_image import LoadFirmwareImage
from esptool.targets import ROM_LIST

from tools.host.errors import ToolError

FLASH_OFFSET = {"esp32": 0x1000, "esp32s3": 0x0}  # where a chip's firmware file begins
PARTITION_TABLE = 0x8000
PARTITION = struct.Struct("<2sBBII16s4x")  # magic, type, subtype, offset, size, label, flags
APPLICATION = 0  # a partition's type


@dataclass(frozen=True)
class Firmware:
    """A firmware file that was found whole. `partitions` maps a label to (type, offset, size),
    with offsets from the beginning of the flash."""

    path: Path
    chip: str
    data: bytes
    partitions: dict

    @property
    def offset(self):
        """Where in the flash the file begins."""
        return FLASH_OFFSET[self.chip]

    @property
    def filesystem(self):
        """(offset, size) of the file system in the flash. Raises ToolError if it has none."""
        if "vfs" not in self.partitions:
            raise ToolError(f"{self.path} keeps no file system: take MicroPython's own firmware.")
        return self.partitions["vfs"][1:]


def load(path, chip):
    """The Firmware in the file. Raises ToolError if there is no such file, if it is for another
    chip, incomplete, or damaged (each program in it carries a checksum and a SHA-256)."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(
            f"Cannot read the firmware {path} ({error.strerror}): give a file with "
            "FIRMWARE=file.bin, or none to have a release downloaded."
        ) from error
    offset = FLASH_OFFSET[chip]
    partitions = read_partitions(data[PARTITION_TABLE - offset :])
    programs = [start for kind, start, _ in partitions.values() if kind == APPLICATION]
    check_program(path, data, chip)  # the bootloader
    if not programs:
        raise ToolError(
            f"{path} holds only a part of a firmware: take the release's .bin file, not .app-bin."
        )
    check_program(path, data[min(programs) - offset :], chip)
    return Firmware(path, chip, data, partitions)


def read_partitions(table):
    """{label: (type, offset, size)} of a partition table, empty if that is none."""
    partitions = {}
    while table[:2] == b"\xaa\x50" and len(table) >= PARTITION.size:
        _, kind, _, offset, size, label = PARTITION.unpack_from(table)
        partitions[label.rstrip(b"\0").decode("ascii", "replace")] = (kind, offset, size)
        table = table[PARTITION.size :]
    return partitions


def check_program(path, data, chip):
    """Raises ToolError unless the data begins with an intact program for the chip."""
    damaged = ToolError(f"{path} is damaged or no firmware at all: download it again.")
    try:
        image = LoadFirmwareImage(chip, data)
    except (FatalError, RuntimeError, struct.error, TypeError) as error:
        raise damaged from error
    if image.chip_id != image.ROM_LOADER.IMAGE_CHIP_ID:
        names = [rom.CHIP_NAME for rom in ROM_LIST if image.chip_id == rom.IMAGE_CHIP_ID]
        raise ToolError(
            f"{path} is for {names[0] if names else 'another chip'}, not for "
            f"{image.ROM_LOADER.CHIP_NAME}: choose the right file with FIRMWARE=file.bin, "
            "or the right chip with CHIP=esp32 or CHIP=esp32s3."
        )
    if image.checksum != image.calculate_checksum():
        raise damaged
    if image.append_digest and image.stored_digest != image.calc_digest:
        raise damaged
