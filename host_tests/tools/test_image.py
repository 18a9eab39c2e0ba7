"""Firmware files: intact or damaged, for which chip, and where their file system lies."""

import pytest

from host_tests.support.firmware import (
    APPLICATION,
    BOOTLOADER,
    PARTITIONS_V1_25,
    PARTITIONS_V1_26,
    make_firmware,
    program,
)
from tools.host import image
from tools.host.chips import CHIPS, TABLE
from tools.host.errors import ToolError

MB = 1 << 20
NVS = ((1, 2, 0x9000, 0x6000, b"nvs"), (1, 1, 0xF000, 0x1000, b"phy_init"))
OTA = (
    *((1, 2, 0x9000, 0x4000, b"nvs"), (1, 0, 0xD000, 0x2000, b"otadata")),
    *((1, 1, 0xF000, 0x1000, b"phy_init"), (0, 0x10, APPLICATION, 0x180000, b"ota_0")),
    (0, 0x11, 0x190000, 0x180000, b"ota_1"),
)
LARGE_OTA = (
    *OTA[:3],
    *((0, 0x10, APPLICATION, 0x270000, b"ota_0"), (0, 0x11, 0x280000, 0x270000, b"ota_1")),
)

# Partition tables of MicroPython's releases, a board's flash in MB, and the place of its files.
LAYOUTS = {
    "v1.18": (
        (*NVS, (0, 0, APPLICATION, 0x180000, b"factory"), (1, 0x81, 2 * MB, 2 * MB, b"vfs")),
        4,
        (2 * MB, 2 * MB),
    ),
    "until v1.25": (PARTITIONS_V1_25, 4, (2 * MB, 2 * MB)),
    "until v1.25, a larger flash": (PARTITIONS_V1_25, 16, (2 * MB, 2 * MB)),
    "until v1.25, 8 MB": (
        (*PARTITIONS_V1_25[:3], (1, 0x81, 2 * MB, 6 * MB, b"vfs")),
        8,
        (2 * MB, 6 * MB),
    ),
    "until v1.25, OTA": (
        (*OTA, (1, 0x81, 0x310000, 0xF0000, b"vfs")),
        4,
        (0x310000, 0xF0000),
    ),
    "since v1.26, 4 MB": (PARTITIONS_V1_26, 4, (2 * MB, 2 * MB)),
    "since v1.26, 8 MB": (PARTITIONS_V1_26, 8, (2 * MB, 6 * MB)),
    "since v1.26, 16 MB": (PARTITIONS_V1_26, 16, (2 * MB, 14 * MB)),
    "since v1.26, OTA": (OTA, 4, (0x310000, 0xF0000)),
    "since v1.26, OTA, 8 MB": (LARGE_OTA, 8, (0x4F0000, 8 * MB - 0x4F0000)),
    "since v1.26, 2 MB": (
        (*NVS, (0, 0, APPLICATION, 0x160000, b"factory")),
        2,
        (0x170000, 2 * MB - 0x170000),
    ),
    "since v1.26, files in ROM": (
        (
            *NVS,
            (0, 0, APPLICATION, 0x1D0000, b"factory"),
            (1, 0x8F, 0x1E0000, 0x20000, b"romfs"),
        ),
        4,
        (2 * MB, 2 * MB),
    ),
}


def test_a_whole_firmware_is_accepted(firmware_file):
    firmware = image.load(firmware_file)
    assert (firmware.chip, firmware.application) == (CHIPS["esp32"], APPLICATION)
    assert firmware.data == firmware_file.read_bytes()


@pytest.mark.parametrize("chip", TABLE, ids=lambda chip: chip.name)
def test_a_firmware_says_for_which_chip_it_is(tmp_path, chip):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(chip.name))
    assert image.load(path).chip == image.load(path, chip).chip == chip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_files_place_follows_from_the_partition_table(tmp_path, layout):
    partitions, megabytes, place = LAYOUTS[layout]
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(partitions=partitions))
    assert image.load(path).filesystem(megabytes * MB) == place


@pytest.mark.parametrize(
    ("partitions", "megabytes"),
    [(PARTITIONS_V1_26, 2), (PARTITIONS_V1_25, 2), (LARGE_OTA, 4)],
)
def test_a_flash_too_small_for_the_files_is_refused(tmp_path, partitions, megabytes):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(partitions=partitions))
    with pytest.raises(ToolError, match=f"no room for files in {megabytes} MB"):
        image.load(path).filesystem(megabytes * MB)


def test_files_kept_as_fat_are_refused(tmp_path):
    nano = (
        *((1, 2, 0x9000, 0x5000, b"nvs"), (1, 0, 0xE000, 0x2000, b"otadata")),
        *((0, 0x10, APPLICATION, 0x300000, b"app0"), (0, 0x11, 0x310000, 0x300000, b"app1")),
        *((1, 0x81, 0x610000, 0x960000, b"ffat"), (0, 0, 0xF70000, 0x80000, b"factory")),
    )
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(partitions=nano))
    with pytest.raises(ToolError, match="as FAT.*make deploy"):
        image.load(path).filesystem(16 * MB)


@pytest.mark.parametrize("megabytes", [2, 4, 8, 16])
def test_the_flash_a_firmware_was_built_for_is_told(tmp_path, megabytes):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(flash_size=f"{megabytes}MB"))
    assert image.load(path).flash_size == megabytes * MB


@pytest.mark.parametrize(
    "position", [0, 1, 30, APPLICATION - BOOTLOADER + 100, -1], ids=lambda p: f"byte{p}"
)
def test_a_changed_byte_is_noticed(firmware_file, position):
    data = bytearray(firmware_file.read_bytes())
    data[position] ^= 1
    firmware_file.write_bytes(data)
    with pytest.raises(ToolError, match="damaged"):
        image.load(firmware_file)


def test_without_sha256_the_checksum_tells(firmware_file):
    data = firmware_file.read_bytes()[: APPLICATION - BOOTLOADER]
    whole = program("esp32", b"application!" * 40, digest=False)
    firmware_file.write_bytes(data + whole)
    assert image.load(firmware_file)
    firmware_file.write_bytes(data + whole.replace(b"!", b"?", 1))
    with pytest.raises(ToolError, match="damaged"):
        image.load(firmware_file)


@pytest.mark.parametrize("size", [0, 1, 20, 0x7000, 0x7040, 0xF000, 0xF010, -40, -1])
def test_a_cut_off_file_is_noticed(firmware_file, size):
    firmware_file.write_bytes(firmware_file.read_bytes()[:size])
    with pytest.raises(ToolError, match="download it again|only a part"):
        image.load(firmware_file)


def test_a_file_of_something_else_is_noticed(tmp_path):
    path = tmp_path / "notes.bin"
    path.write_text("not firmware\n" * 10000)
    with pytest.raises(ToolError, match="no firmware at all"):
        image.load(path)


@pytest.mark.parametrize(("made", "wanted"), [("esp32", "esp32s3"), ("esp32c3", "esp32")])
def test_firmware_for_another_chip_is_refused(tmp_path, made, wanted):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(made))
    with pytest.raises(ToolError, match=f"is for {CHIPS[made].title}, not for.*CHIP={made}"):
        image.load(path, CHIPS[wanted])


def test_firmware_for_a_chip_that_has_no_micropython_is_refused(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware("esp32h2"))
    with pytest.raises(ToolError, match="for ESP32-H2 cannot be used here"):
        image.load(path)


def test_an_application_alone_is_refused(tmp_path):
    path = tmp_path / "firmware.app-bin"
    path.write_bytes(program("esp32", b"application" * 9000))
    with pytest.raises(ToolError, match="not .app-bin"):
        image.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ToolError, match="Cannot read the firmware .*gone.bin.*FIRMWARE="):
        image.load(tmp_path / "gone.bin")
