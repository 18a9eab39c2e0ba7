"""tools/emulate.py and tools/littlefs.py: flash images made on the host, and an ESP32 booting
from them. The last part needs an emulator and a firmware; see conftest.py."""

import contextlib
import os
import subprocess
import sys
import time

import board
import emulate
import flash
import image
import pytest
import runtime
from fakeboard import digest
from test_flash import make_firmware

MACHINES = """Supported machines are:
esp32                Espressif ESP32 machine
none                 empty machine
"""


@pytest.fixture
def firmware_file(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_firmware())
    return path


@pytest.fixture
def fake_qemu(tmp_path):
    """Makes a program that stands for QEMU: it lists machines, then does what it is told to."""

    def make(then, machines=MACHINES):
        path = tmp_path / "qemu-system-xtensa"
        path.write_text(f'#!/bin/sh\n[ "$2" = help ] && echo "{machines}" && exit\n{then}\n')
        path.chmod(0o755)
        return str(path)

    return make


def is_running(process):
    return process.poll() is None


def test_qemu_is_found_on_path_and_by_name(fake_qemu, monkeypatch):
    path = fake_qemu("")
    assert emulate.find_qemu(path) == path
    monkeypatch.setenv("QEMU", path)
    assert emulate.find_qemu() == path
    monkeypatch.delenv("QEMU")
    monkeypatch.setenv("PATH", os.path.dirname(path), prepend=os.pathsep)
    assert emulate.find_qemu() == path


def test_no_qemu_says_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.delenv("QEMU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(runtime.ToolError, match="not found.*github.com/espressif/qemu/releases"):
        emulate.find_qemu()


def test_a_qemu_without_esp32_is_refused(fake_qemu):
    with pytest.raises(runtime.ToolError, match="has no ESP32.*espressif/qemu/releases"):
        emulate.find_qemu(fake_qemu("", machines="sim   sim machine (default)"))


def test_the_emulator_tells_its_port_and_is_stopped(fake_qemu, tmp_path):
    qemu = fake_qemu("echo char device redirected to /dev/pts/77 '(label serial0)'; exec sleep 60")
    with emulate.Emulator(tmp_path / "flash.bin", qemu) as emulator:
        assert emulator.port == "/dev/pts/77"
        assert is_running(emulator.process)
    assert not is_running(emulator.process)


def test_the_emulator_is_stopped_when_a_test_fails(fake_qemu, tmp_path):
    qemu = fake_qemu("echo char device redirected to /dev/pts/77; exec sleep 60")
    with pytest.raises(ZeroDivisionError), emulate.Emulator(tmp_path / "f", qemu) as emulator:
        1 / 0  # noqa: B018
    assert not is_running(emulator.process)


def test_a_qemu_that_does_not_start_says_why(fake_qemu, tmp_path):
    qemu = fake_qemu("echo could not open the image >&2; exit 1")
    with pytest.raises(runtime.ToolError, match="did not start: could not open the image"):
        emulate.Emulator(tmp_path / "flash.bin", qemu)


def test_an_image_is_used_by_one_emulator_at_a_time(tmp_path):
    path = tmp_path / "build" / "flash.bin"
    with (
        emulate.alone_with(path),
        pytest.raises(runtime.ToolError, match="being emulated already"),
        emulate.alone_with(path),
    ):
        pass
    with emulate.alone_with(path):
        pass


def test_a_flash_image_holds_the_firmware_and_nothing_else(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    emulate.make_flash(image.load(firmware_file, "esp32"), path)
    content = path.read_bytes()
    written = firmware_file.read_bytes()
    assert len(content) == 4 << 20
    assert content[0x1000 : 0x1000 + len(written)] == written
    assert content[:0x1000].strip(b"\xff") == b""
    assert content[0x1000 + len(written) :].strip(b"\xff") == b""


def test_a_flash_image_of_the_same_firmware_is_kept(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    firmware = image.load(firmware_file, "esp32")
    emulate.make_flash(firmware, path)
    content = bytearray(path.read_bytes())
    content[0x9000:0x9004] = content[0x200000:0x200004] = b"mine"  # settings, and files
    path.write_bytes(content)
    emulate.make_flash(firmware, path)
    assert path.read_bytes() == content


def test_another_firmware_gets_a_new_flash_image(firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    emulate.make_flash(image.load(firmware_file, "esp32"), path)
    firmware_file.write_bytes(make_firmware(application=b"another"))
    emulate.make_flash(image.load(firmware_file, "esp32"), path)
    assert firmware_file.read_bytes() in path.read_bytes()


class Disk:
    """A flash image, and the directory that its file system is brought up to date with."""

    READ = """
import sys
sys.path.append(sys.argv[1])
from littlefs import FlashRegion
import onboard, os, vfs

class Counted(FlashRegion):
    reads = 0

    def readblocks(self, *args):
        self.reads += 1
        super().readblocks(*args)

region = Counted(sys.argv[2], 0x200000, 0x200000)
vfs.mount(vfs.VfsLfs2(region), "/flash")
region.reads = 0
exec(sys.argv[3])
"""

    def __init__(self, tmp_path):
        self.firmware = image.load(tmp_path / "firmware.bin", "esp32")
        self.path = tmp_path / "flash.bin"
        self.directory = tmp_path / "board"
        self.script = tmp_path / "read.py"
        self.script.write_text(self.READ)
        emulate.make_flash(self.firmware, self.path)

    def put(self, path, content):
        """A file in the directory."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def update(self):
        return emulate.update_files(self.firmware, self.path, self.directory)

    def run(self, code):
        """What code prints that finds the file system at /flash."""
        return runtime.run_micropython(self.script, runtime.ROOT / "tools", self.path, code)

    def files(self):
        found = self.run("print(onboard.survey('/flash', ['']))")
        return {path.lstrip("/"): digest for path, digest in eval(found).items()}

    def wanted(self):
        return {
            file.relative_to(self.directory).as_posix(): digest(file)
            for file in self.directory.rglob("*.*")
        }


@pytest.fixture
def disk(firmware_file, tmp_path, micropython):
    disk = Disk(tmp_path)
    disk.put("main.py", b"print('hello')\n")
    disk.put("names.txt", b"ada\n" * 3000)
    disk.put("lib/esp32gpt/model.mpy", b"M\x06" + b"x" * 5000)
    disk.put("lib/esp32gpt/kernels/viper/adam.mpy", b"M\x06" + bytes(300))
    return disk


def test_files_get_into_an_image(disk):
    assert disk.update() == (4, 0, 0)
    assert disk.files() == disk.wanted()


def test_an_image_that_is_up_to_date_is_left_as_it_is(disk):
    disk.update()
    before = disk.path.read_bytes()
    assert disk.update() == (0, 4, 0)
    assert disk.path.read_bytes() == before


def test_what_changed_is_copied_and_what_is_stale_goes_and_the_boards_own_stays(disk):
    disk.put("lib/esp32gpt/old/gone.mpy", b"gone")
    disk.update()
    disk.run("with open('/flash/model.bin', 'w') as f: f.write('weights')")
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
    look = "os.stat('/flash/lib/esp32gpt/kernels/viper/adam.mpy'); print(region.reads)"
    assert int(disk.run(look)) < 120  # 98; without compact() 223


def test_make_emulate_says_what_is_missing(tmp_path, fake_qemu, firmware_file):
    tool = [sys.executable, runtime.ROOT / "tools" / "emulate.py"]
    for arguments, said in [
        (["--qemu", tmp_path / "none"], "github.com/espressif/qemu/releases"),
        (
            ["--qemu", fake_qemu(""), "--firmware", tmp_path / "none.bin"],
            "Cannot read the firmware",
        ),
        (
            [
                "--qemu",
                fake_qemu(""),
                "--firmware",
                firmware_file,
                "--names",
                tmp_path / "none.txt",
            ],
            "",
        ),
    ]:
        done = subprocess.run([*tool, *arguments], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert said in done.stderr


# What follows runs on an emulated ESP32.


@contextlib.contextmanager
def booted(path):
    """A session with a board that boots from the image."""
    with emulate.Emulator(path) as emulator, board.session(emulator.port) as transport:
        yield transport


def test_stock_firmware_boots_with_the_files_in_place(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    directory = tmp_path / "board"
    (directory / "lib" / "esp32gpt").mkdir(parents=True)
    (directory / "main.py").write_text("print('main has run')\n")
    (directory / "lib" / "esp32gpt" / "__init__.py").write_text("answer = 42\n")
    emulate.make_flash(firmware, path)
    emulate.update_files(firmware, path, directory)
    with emulate.Emulator(path) as emulator:
        with board.open_serial(emulator.port) as connection:
            deadline = time.monotonic() + 60
            said = b""
            while b">>> " not in said and time.monotonic() < deadline:
                said += connection.read(connection.in_waiting or 1)
        assert b"main has run" in said
        with board.session(emulator.port) as transport:
            assert board.identify(transport).architecture == "xtensawin"
            transport.exec("import esp32gpt")
            assert transport.eval("esp32gpt.answer") == 42
            transport.exec("with open('/model.bin', 'w') as f: f.write('weights')")
    assert emulate.update_files(firmware, path, directory) == (0, 2, 0)
    with booted(path) as transport:
        assert transport.eval("open('/model.bin').read()") == "weights"


def test_a_board_that_never_looks_up_is_interrupted(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    directory = tmp_path / "board"
    directory.mkdir()
    (directory / "main.py").write_text("while True:\n    print('step:1 loss:3.3')\n")
    emulate.make_flash(firmware, path)
    emulate.update_files(firmware, path, directory)
    with booted(path) as transport:
        assert transport.eval("6 * 7") == 42


def test_a_blank_flash_is_written_through_the_boot_rom(firmware, firmware_file, tmp_path):
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * (1 << 21) + b"old!" * (1 << 19))
    with emulate.Emulator(path, bootloader=True) as emulator:
        flash.flash(image.load(firmware_file, "esp32"), emulator.port, reset=False)
    content = path.read_bytes()
    written = firmware_file.read_bytes()
    assert content[0x1000 : 0x1000 + len(written)] == written
    assert content[1 << 21 :].strip(b"\xff") == b""


def tool(name, *options):
    """The last but one and the last line that a tool prints, as its user starts it."""
    command = [sys.executable, runtime.ROOT / "tools" / f"{name}.py", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-2:]


def test_flash_and_deploy_make_a_board_of_a_blank_one(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * (4 << 20))
    with emulate.Emulator(path, bootloader=True) as emulator:
        tool("flash", "--port", emulator.port, "--firmware", firmware.path, "--no-reset")
    with emulate.Emulator(path) as emulator:
        port = ("--port", emulator.port)
        with board.session(emulator.port) as transport:
            assert "esp32gpt" not in transport.eval("__import__('os').listdir()")
        first = tool("deploy", *port)[0]
        assert " files copied, 0 unchanged, 0 removed" in first and first[0] != "0"
        count = int(first.split()[0])
        assert tool("deploy", *port)[0].startswith(f"0 files copied, {count} unchanged, 0 removed")
        assert "imported fpu" in imported(emulator.port)
        source = tool("deploy", "--source", *port)[0]
        assert int(source.split()[0]) > count // 2 and int(source.split()[-4]) > count // 2
        assert "imported fpu" in imported(emulator.port)


def imported(port):
    """The engine that is chosen by the library deployed there."""
    with board.session(port) as transport:
        transport.enter_raw_repl(soft_reset=True)
        return board.run(
            transport, "from esp32gpt import kernels\nprint('imported', kernels.choose().name)", 300
        )
