"""`make flash`: which firmware is accepted, where it comes from, and what
esptool is told to do with it."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest

from host_tests.support.firmware import (
    APPLICATION,
    BOOTLOADER,
    make_firmware,
    program,
)
from tools import flash
from tools.host import image
from tools.host import release as releases
from tools.host.errors import ToolError


@pytest.fixture
def firmware_file(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware())
    return path


def test_a_whole_firmware_is_accepted(firmware_file):
    firmware = image.load(firmware_file, "esp32")
    assert (firmware.offset, firmware.filesystem) == (0x1000, (0x200000, 0x200000))
    assert firmware.data == firmware_file.read_bytes()


def test_an_s3_firmware_begins_at_zero(tmp_path):
    path = tmp_path / "s3.bin"
    path.write_bytes(make_firmware("esp32s3"))
    assert image.load(path, "esp32s3").offset == 0


@pytest.mark.parametrize(
    "position", [0, 1, 30, APPLICATION - BOOTLOADER + 100, -1], ids=lambda p: f"byte{p}"
)
def test_a_changed_byte_is_noticed(firmware_file, position):
    data = bytearray(firmware_file.read_bytes())
    data[position] ^= 1
    firmware_file.write_bytes(data)
    with pytest.raises(ToolError, match="damaged"):
        image.load(firmware_file, "esp32")


def test_without_sha256_the_checksum_tells(firmware_file):
    data = firmware_file.read_bytes()[: APPLICATION - BOOTLOADER]
    whole = program("esp32", b"application!" * 40, digest=False)
    firmware_file.write_bytes(data + whole)
    assert image.load(firmware_file, "esp32")
    firmware_file.write_bytes(data + whole.replace(b"!", b"?", 1))
    with pytest.raises(ToolError, match="damaged"):
        image.load(firmware_file, "esp32")


@pytest.mark.parametrize("size", [0, 1, 20, 0x7000, 0x7040, 0xF000, 0xF010, -40, -1])
def test_a_cut_off_file_is_noticed(firmware_file, size):
    firmware_file.write_bytes(firmware_file.read_bytes()[:size])
    with pytest.raises(ToolError, match="download it again|only a part"):
        image.load(firmware_file, "esp32")


def test_a_file_of_something_else_is_noticed(tmp_path):
    path = tmp_path / "notes.bin"
    path.write_text("not firmware\n" * 10000)
    with pytest.raises(ToolError, match="no firmware at all"):
        image.load(path, "esp32")


@pytest.mark.parametrize(("made", "wanted"), [("esp32", "esp32s3"), ("esp32s3", "esp32")])
def test_firmware_for_another_chip_is_refused(tmp_path, made, wanted):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(made))
    with pytest.raises(ToolError, match="is for ESP32.*CHIP="):
        image.load(path, wanted)


def test_an_application_alone_is_refused(tmp_path):
    path = tmp_path / "firmware.app-bin"
    path.write_bytes(program("esp32", b"application" * 9000))
    with pytest.raises(ToolError, match="not .app-bin"):
        image.load(path, "esp32")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ToolError, match="Cannot read the firmware .*gone.bin.*FIRMWARE="):
        image.load(tmp_path / "gone.bin", "esp32")


@pytest.mark.parametrize(("chip", "offset"), [("esp32", "0x1000"), ("esp32s3", "0x0")])
def test_flash_is_erased_and_written_at_the_chips_offset(tmp_path, chip, offset):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(chip))
    arguments = flash.esptool_arguments(image.load(path, chip), "/dev/ttyUSB0")
    assert arguments[arguments.index("write-flash") :] == [
        *("write-flash", "--erase-all", offset, str(path))
    ]
    assert arguments[arguments.index("--chip") + 1] == chip
    assert arguments[arguments.index("--port") + 1] == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("reset", "before", "after"),
    [(True, "default-reset", "hard-reset"), (False, "no-reset", "no-reset")],
)
def test_reset_lines_are_used_only_where_there_are_some(firmware_file, reset, before, after):
    firmware = image.load(firmware_file, "esp32")
    arguments = flash.esptool_arguments(firmware, "/dev/pts/1", reset)
    assert arguments[arguments.index("--before") + 1] == before
    assert arguments[arguments.index("--after") + 1] == after


def run_flash(*arguments):
    command = [sys.executable, "-m", "tools", "flash", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_bad_firmware_is_refused_before_the_port_is_touched(firmware_file):
    firmware_file.write_bytes(firmware_file.read_bytes()[:-1])
    done = run_flash("--port", "/dev/ttyUSB99", "--firmware", firmware_file)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "damaged" in done.stderr


def test_a_missing_port_is_refused_before_esptool_starts(firmware_file):
    done = run_flash("--port", "/dev/ttyUSB99", "--firmware", firmware_file)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "There is no port /dev/ttyUSB99" in done.stderr


def test_another_chip_is_refused_and_those_that_work_are_named():
    done = run_flash("--port", "/dev/ttyUSB99", "--chip", "esp8266")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "CHIP=esp32 or CHIP=esp32s3" in done.stderr


class Site(http.server.SimpleHTTPRequestHandler):
    """A download site that counts its visitors."""

    visits = 0

    def do_GET(self):
        Site.visits += 1
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The directory of a download site, from which flash.py downloads into an empty cache."""
    directory = tmp_path / "site"
    directory.mkdir()
    handler = functools.partial(Site, directory=str(directory))
    Site.visits = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(releases, "DOWNLOADS", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setattr(releases, "CACHE", tmp_path / "cache" / "esp32gpt")
        yield directory
        server.shutdown()


@pytest.mark.parametrize("chip", image.FLASH_OFFSET)
def test_a_release_is_downloaded_once(site, chip):
    (site / releases.RELEASE[chip]).write_bytes(make_firmware(chip))
    path = releases.download(chip)
    assert image.load(path, chip)
    assert releases.download(chip) == path
    assert Site.visits == 1
    assert [p.name for p in path.parent.iterdir()] == [releases.RELEASE[chip]]


def test_a_damaged_download_is_not_kept(site):
    release = site / releases.RELEASE["esp32"]
    release.write_bytes(make_firmware()[:-1])
    with pytest.raises(ToolError, match="download it again"):
        releases.download("esp32")
    assert not list(releases.CACHE.iterdir())
    release.write_bytes(make_firmware())
    assert releases.download("esp32").exists()


def test_a_download_that_fails_names_the_page_and_the_remedy(site):
    with pytest.raises(ToolError, match="[nN]ot [fF]ound.*download/ESP32_GENERIC_S3 .*FIRMWARE="):
        releases.download("esp32s3")
