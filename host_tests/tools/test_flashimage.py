"""The flash of an emulated board: its firmware, and its littlefs (tools/staging/filesystem.py)."""

import hashlib

import pytest

from host_tests.support.fakeboard import digest
from host_tests.support.firmware import PARTITIONS_V1_26, make_firmware
from host_tests.support.places import SUPPORT
from tools.host import image
from tools.host.micropython import run_micropython
from tools.staging import filesystem, flashimage


def test_a_flash_image_holds_the_firmware_and_nothing_else(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    flashimage.make_flash(image.load(firmware_file), path)
    content = path.read_bytes()
    written = firmware_file.read_bytes()
    assert len(content) == 4 << 20
    assert content[0x1000 : 0x1000 + len(written)] == written
    assert content[:0x1000].strip(b"\xff") == b""
    assert content[0x1000 + len(written) :].strip(b"\xff") == b""


def test_a_flash_is_as_large_as_it_is_asked_for_and_its_files_too(tmp_path, firmware_file):
    firmware_file.write_bytes(make_firmware(partitions=PARTITIONS_V1_26))
    firmware = image.load(firmware_file)
    path = tmp_path / "flash.bin"
    flashimage.make_flash(firmware, path, 16 << 20)
    assert path.stat().st_size == 16 << 20
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "large.bin").write_bytes(bytes(3 << 20))
    assert flashimage.update_files(firmware, path, tmp_path / "board") == (1, 0, 0)


def test_a_flash_image_of_the_same_firmware_is_kept(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    firmware = image.load(firmware_file)
    flashimage.make_flash(firmware, path)
    content = bytearray(path.read_bytes())
    content[0x9000:0x9004] = content[0x200000:0x200004] = b"mine"  # settings, and files
    path.write_bytes(content)
    flashimage.make_flash(firmware, path)
    assert path.read_bytes() == content


def test_another_firmware_gets_a_new_flash_image(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    flashimage.make_flash(image.load(firmware_file), path)
    firmware_file.write_bytes(make_firmware(application=b"another"))
    flashimage.make_flash(image.load(firmware_file), path)
    assert firmware_file.read_bytes() in path.read_bytes()


class Counted(filesystem.Flash):
    """Flash that counts its reads."""

    reads = 0

    def read(self, *arguments):
        self.reads += 1
        return super().read(*arguments)


class Disk:
    """A flash image, and the directory that is copied into its file system."""

    def __init__(self, tmp_path):
        self.firmware = image.load(tmp_path / "firmware.bin")
        self.path = tmp_path / "flash.bin"
        self.directory = tmp_path / "board"
        flashimage.make_flash(self.firmware, self.path)

    def put(self, path, content):
        """Write a file in the directory."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def update(self):
        return flashimage.update_files(self.firmware, self.path, self.directory)

    def flash(self):
        """Return the flash of the file system in the image."""
        offset, size = self.firmware.filesystem(self.path.stat().st_size)
        return Counted(self.path.read_bytes()[offset : offset + size])

    def files(self):
        fs = filesystem.mount(self.flash())
        return {
            path[1:]: hashlib.sha256(filesystem.read(fs, path)).hexdigest()
            for path in filesystem.files(fs)
        }

    def board_writes(self, path, content):
        """Write a file in the image, as the board itself would."""
        flash = self.flash()
        fs = filesystem.mount(flash)
        with fs.open(path, "wb") as file:
            file.write(content)
        fs.unmount()
        with open(self.path, "r+b") as whole:
            whole.seek(self.firmware.filesystem(self.path.stat().st_size)[0])
            whole.write(flash.buffer)

    def wanted(self):
        return {
            file.relative_to(self.directory).as_posix(): digest(file)
            for file in self.directory.rglob("*.*")
        }


@pytest.fixture
def disk(firmware_file, tmp_path):
    disk = Disk(tmp_path)
    disk.put("main.py", b"print('hello')\n")
    disk.put("names.txt", b"ada\n" * 3000)
    disk.put("lib/esp32gpt/model.mpy", b"M\x06" + b"x" * 5000)
    disk.put("lib/esp32gpt/kernels/viper/adam.mpy", b"M\x06" + bytes(300))
    return disk


def test_files_get_into_an_image(disk):
    assert disk.update() == (4, 0, 0)
    assert disk.files() == disk.wanted()


MOUNT = f"""
import os, sys, vfs
sys.path.append({str(SUPPORT)!r})
from ramdisk import RamDisk

with open(sys.argv[1], "rb") as file:
    file.seek(int(sys.argv[2]))
    data = bytearray(file.read(int(sys.argv[3])))
vfs.mount(vfs.VfsLfs2(RamDisk(data)), "/flash")
print(len(open("/flash/names.txt", "rb").read()), os.listdir("/flash/lib/esp32gpt"))
"""


def test_micropython_reads_the_file_system_of_an_image(disk, micropython, tmp_path):
    disk.update()
    script = tmp_path / "mount.py"
    script.write_text(MOUNT)
    said = run_micropython(script, disk.path, *disk.firmware.filesystem(disk.path.stat().st_size))
    assert said == "12000 ['kernels', 'model.mpy']\n"


def test_an_image_that_is_up_to_date_is_left_as_it_is(disk):
    disk.update()
    before = disk.path.read_bytes()
    assert disk.update() == (0, 4, 0)
    assert disk.path.read_bytes() == before


def test_what_changed_is_copied_and_what_is_stale_goes_and_the_boards_own_stays(disk):
    disk.put("lib/esp32gpt/old/gone.mpy", b"gone")
    disk.update()
    disk.board_writes("/model.bin", b"weights")
    (disk.directory / "lib/esp32gpt/old/gone.mpy").unlink()
    disk.put("names.txt", b"lin\n")
    assert disk.update() == (1, 3, 1)
    found = disk.files()
    assert found.pop("model.bin")
    assert found == disk.wanted()


def test_updating_does_not_touch_the_firmware(disk):
    disk.update()
    written = disk.firmware.data
    assert disk.path.read_bytes()[0x1000 : 0x1000 + len(written)] == written


def test_files_of_an_image_are_found_in_few_reads(disk):
    for i in range(16):
        disk.put(f"lib/esp32gpt/module{i}.mpy", b"M\x06" + bytes(500))
    disk.update()
    flash = disk.flash()
    fs = filesystem.mount(flash)
    flash.reads = 0
    fs.stat("/lib/esp32gpt/kernels/viper/adam.mpy")
    assert flash.reads < 40  # 31 with compact(), 55 without
