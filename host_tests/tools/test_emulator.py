"""The emulator and `make emulate`, with a fake QEMU."""

import os
import re
import struct
from pathlib import Path

import pytest

from tools import emulate
from tools.host import emulator
from tools.host.chips import CHIPS
from tools.host.errors import ToolError

ESP32 = CHIPS["esp32"]
MACHINES = """Supported machines are:
esp32                Espressif ESP32 machine
none                 empty machine
"""


@pytest.fixture
def fake_qemu(tmp_path):
    """Return a function that writes a fake QEMU: a program that lists machines, then runs a
    script."""

    def make(then, machines=MACHINES, name="qemu-system-xtensa"):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\n[ "$2" = help ] && echo "{machines}" && exit\n{then}\n')
        path.chmod(0o755)
        return str(path)

    return make


def is_running(process):
    return process.poll() is None


def test_qemu_is_found_on_path_and_by_name(fake_qemu, monkeypatch):
    path = fake_qemu("")
    assert emulator.find_qemu(ESP32, path) == path
    monkeypatch.setenv("QEMU", path)
    assert emulator.find_qemu(ESP32) == path
    monkeypatch.delenv("QEMU")
    monkeypatch.setenv("PATH", os.path.dirname(path), prepend=os.pathsep)
    assert emulator.find_qemu(ESP32) == path


def test_of_several_qemus_the_one_that_has_the_chip_is_taken(fake_qemu, monkeypatch):
    xtensa = fake_qemu("")
    riscv = fake_qemu("", "esp32c3    Espressif ESP32-C3", "qemu-system-riscv32")
    monkeypatch.setenv("QEMU", os.pathsep.join([xtensa, riscv]))
    assert emulator.find_qemu(ESP32) == xtensa
    assert emulator.find_qemu(CHIPS["esp32c3"]) == riscv


def test_no_qemu_says_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.delenv("QEMU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, program in [("esp32", "qemu-system-xtensa"), ("esp32c3", "qemu-system-riscv32")]:
        with pytest.raises(ToolError, match=f"github.com/espressif/qemu/releases.*{program}"):
            emulator.find_qemu(CHIPS[name])


def test_a_qemu_without_the_chip_is_refused(fake_qemu):
    with pytest.raises(ToolError, match="No emulator of ESP32-S3 in .*espressif/qemu/releases"):
        emulator.find_qemu(CHIPS["esp32s3"], fake_qemu(""))


def test_a_chip_that_nothing_emulates_is_refused(fake_qemu):
    with pytest.raises(ToolError, match="No emulator is known for ESP32-C6: use a board"):
        emulator.find_qemu(CHIPS["esp32c6"], fake_qemu(""))


def test_the_chips_own_devices_are_configured(fake_qemu, tmp_path):
    log = tmp_path / "arguments"
    qemu = fake_qemu(
        f"echo $@ > {log}; echo redirected to /dev/pts/77; exec sleep 60",
        "esp32c3    Espressif ESP32-C3",
        "qemu-system-riscv32",
    )
    with emulator.Emulator(CHIPS["esp32c3"], tmp_path / "flash.bin", qemu, bootloader=True):
        arguments = log.read_text()
    assert "-M esp32c3 " in arguments and "driver=timer.esp32c3.timg," in arguments
    assert "driver=esp32c3.gpio,property=strap_mode,value=2" in arguments


def test_a_chip_with_psram_has_revision_3(fake_qemu, tmp_path):
    log = tmp_path / "arguments"
    qemu = fake_qemu(f"echo $@ > {log}; echo redirected to /dev/pts/77; exec sleep 60")
    with emulator.Emulator(ESP32, tmp_path / "flash.bin", qemu, psram=True):
        arguments = log.read_text()
    assert "-m 4M " in arguments and "driver=nvram.esp32.efuse,property=drive," in arguments
    efuses = re.search(r"file=(\S+),if=none,", arguments)[1]
    words = struct.unpack("<31I", Path(efuses).read_bytes())
    assert words[3] >> 15 & words[5] >> 20 & 1


def test_the_emulator_tells_its_port_and_is_stopped(fake_qemu, tmp_path):
    qemu = fake_qemu("echo char device redirected to /dev/pts/77 '(label serial0)'; exec sleep 60")
    with emulator.Emulator(ESP32, tmp_path / "flash.bin", qemu) as emulated:
        assert emulated.port == "/dev/pts/77"
        assert is_running(emulated.process)
    assert not is_running(emulated.process)


def test_the_emulator_is_stopped_when_a_test_fails(fake_qemu, tmp_path):
    qemu = fake_qemu("echo char device redirected to /dev/pts/77; exec sleep 60")
    with (
        pytest.raises(ZeroDivisionError),
        emulator.Emulator(ESP32, tmp_path / "f", qemu) as emulated,
    ):
        1 / 0  # noqa: B018
    assert not is_running(emulated.process)


def test_a_qemu_that_does_not_start_says_why(fake_qemu, tmp_path):
    qemu = fake_qemu("echo could not open the image >&2; exit 1")
    with pytest.raises(ToolError, match="did not start: could not open the image"):
        emulator.Emulator(ESP32, tmp_path / "flash.bin", qemu)


def test_an_image_is_used_by_one_emulator_at_a_time(tmp_path):
    path = tmp_path / "build" / "flash.bin"
    with (
        emulator.alone_with(path),
        pytest.raises(ToolError, match="Another emulator is using"),
        emulator.alone_with(path),
    ):
        pass
    with emulator.alone_with(path):
        pass


def test_windows_is_told_what_to_use_instead(tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "fcntl", None)
    with (
        pytest.raises(ToolError, match="Windows Subsystem for Linux, or a board"),
        emulator.alone_with(tmp_path / "flash.bin"),
    ):
        pass


def test_make_emulate_says_what_is_missing(tmp_path, fake_qemu, firmware_file, monkeypatch, capsys):
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the tests have a handler of their own
    qemu = fake_qemu("")
    for arguments, said in [
        (["--qemu", tmp_path / "none"], "github.com/espressif/qemu/releases"),
        (["--qemu", qemu, "--firmware", tmp_path / "none.bin"], "Cannot read the firmware"),
        (
            ["--qemu", qemu, "--firmware", firmware_file, "--names", tmp_path / "none.txt"],
            "There is no file .*none.txt",
        ),
    ]:
        monkeypatch.setattr("sys.argv", ["emulate", *map(str, arguments)])
        with pytest.raises(ToolError, match=said):
            emulate.main()
        assert not capsys.readouterr().out
