"""`make flash`: how it identifies the chip, which firmware it takes, and what it writes. A program
on a pty plays the bootloader of each chip."""

import functools
import http.server
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from host_tests.support.firmware import make_firmware
from tools import flash
from tools.host import image
from tools.host import release as releases
from tools.host.chips import CHIPS, TABLE
from tools.host.errors import ToolError


@contextmanager
def bootloader(chip):
    """Start a fake chip that waits in its bootloader, and yield its port."""
    command = [Path(sys.executable).with_name("esp32-mock-bootloader"), "run", "--pty"]
    with subprocess.Popen(
        [*command, "--chip", chip], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize("chip", TABLE, ids=lambda chip: chip.name)
def test_the_board_is_asked_for_its_chip_and_gets_that_chips_release(chip, tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "CACHE", tmp_path)
    for any_chip in TABLE:
        (tmp_path / any_chip.release).write_bytes(make_firmware(any_chip.name))
    with bootloader(chip.name) as port:
        firmware = flash.flash(port, reset=False)
    assert (firmware.chip, firmware.path) == (chip, tmp_path / chip.release)


@pytest.mark.parametrize(("chip", "offset"), [("esp32", 0x1000), ("esp32c3", 0), ("esp32p4", 8192)])
def test_all_is_erased_and_the_firmware_written_at_the_chips_offset(
    chip, offset, tmp_path, monkeypatch
):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware(chip))
    written = []
    write_flash = flash.cmds.write_flash

    def watched(board, pieces, **options):
        written.append((pieces, options))
        write_flash(board, pieces, **options)

    monkeypatch.setattr(flash.cmds, "write_flash", watched)
    with bootloader(chip) as port:
        flash.flash(port, path, reset=False)
    assert written == [([(offset, str(path))], {"erase_all": True})]


def test_a_firmware_for_another_chip_than_the_boards_is_refused(firmware_file):
    with (
        bootloader("esp32c3") as port,
        pytest.raises(ToolError, match="is for ESP32, not for ESP32-C3: .*FIRMWARE="),
    ):
        flash.flash(port, firmware_file, reset=False)


def test_a_board_with_another_chip_than_asked_for_is_refused():
    with (
        bootloader("esp32s3") as port,
        pytest.raises(ToolError, match="has ESP32-S3, not ESP32: leave CHIP out"),
    ):
        flash.flash(port, wanted=CHIPS["esp32"], reset=False)


def test_a_board_with_a_chip_that_has_no_micropython_is_refused():
    with bootloader("esp8266") as port, pytest.raises(ToolError, match="ESP8266 cannot be used"):
        flash.flash(port, reset=False)


def test_a_board_that_is_not_in_its_bootloader_is_told_how(firmware_file, monkeypatch):
    """esptool #1160, #578"""

    def silent(*_, **__):
        raise flash.FatalError("Failed to connect: No serial data received.\nFor help see …")

    monkeypatch.setattr(flash.cmds, "detect_chip", silent)
    with (
        bootloader("esp32") as port,
        pytest.raises(ToolError, match="No bootloader answers .*No serial data received.: hold"),
    ):
        flash.flash(port, firmware_file)


def test_a_chip_older_than_the_firmware_wants_is_refused_with_esptools_words(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware("esp32c3", oldest=3))
    with (
        bootloader("esp32c3") as port,
        pytest.raises(ToolError, match=r"Flashing stopped \(.*requires chip revision"),
    ):
        flash.flash(port, path, reset=False)


def test_an_adapter_that_is_not_up_to_the_speed_is_tried_slower(firmware_file, monkeypatch):
    """esptool #145, #255, #435"""
    tried = []
    change_baud = flash.cmds.ESPLoader.change_baud

    def fails_when_fast(board, baud):
        tried.append(baud)
        if baud > 115200:
            raise flash.FatalError("Timed out waiting for packet header")
        change_baud(board, baud)

    monkeypatch.setattr(flash.cmds.ESPLoader, "change_baud", fails_when_fast)
    connected = flash.connected
    monkeypatch.setattr(flash, "connected", lambda port, reset: connected(port, reset=False))
    monkeypatch.setattr(flash.cmds, "reset_chip", lambda *_: None)
    with bootloader("esp32") as port:
        flash.flash(port, firmware_file)
    assert tried == [460800, 115200]


def test_a_port_that_has_another_name_after_flashing_is_left_out(
    monkeypatch, firmware_file, capsys
):
    """mpflash #16"""
    monkeypatch.setattr(flash, "find_port", lambda port: port)
    monkeypatch.setattr(flash, "flash", lambda *_, **__: image.load(firmware_file))
    monkeypatch.setattr(flash, "wait_for", lambda port, seconds: False)
    monkeypatch.setattr(sys, "argv", ["flash", "--port", "COM33"])
    flash.main()
    assert (
        "COM33 has not come back: press EN (reset), then leave PORT out" in capsys.readouterr().out
    )


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
    assert "CHIP=esp32, " in done.stderr and "CHIP=esp32c6" in done.stderr


class Site(http.server.SimpleHTTPRequestHandler):
    """A download site that counts its requests."""

    visits = 0

    def do_GET(self):
        Site.visits += 1
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Start a download site for release.py, with an empty cache, and yield the site's directory."""
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


@pytest.mark.parametrize("chip", TABLE, ids=lambda chip: chip.name)
def test_a_release_is_downloaded_once(site, chip):
    (site / chip.release).write_bytes(make_firmware(chip.name))
    path = releases.download(chip)
    assert image.load(path, chip)
    assert releases.download(chip) == path
    assert Site.visits == 1
    assert [p.name for p in path.parent.iterdir()] == [chip.release]


def test_a_damaged_download_is_not_kept(site):
    release = site / CHIPS["esp32"].release
    release.write_bytes(make_firmware()[:-1])
    with pytest.raises(ToolError, match="download it again"):
        releases.download(CHIPS["esp32"])
    assert not list(releases.CACHE.iterdir())
    release.write_bytes(make_firmware())
    assert releases.download(CHIPS["esp32"]).exists()


def test_a_download_that_fails_names_the_page_and_the_remedy(site):
    with pytest.raises(ToolError, match="[nN]ot [fF]ound.*download/ESP32_GENERIC_S3 .*FIRMWARE="):
        releases.download(CHIPS["esp32s3"])
