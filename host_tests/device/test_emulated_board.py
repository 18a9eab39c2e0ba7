"""A board from blank flash on: with an image from the host, or flashed and deployed over the
port."""

import contextlib
import subprocess
import sys
import time

from host_tests.support.firmware import make_firmware
from tools import flash
from tools.host import board, chips, emulator, ports
from tools.staging import flashimage


@contextlib.contextmanager
def booted(firmware, path):
    """Boot a board from the image, and yield a session with it."""
    with (
        emulator.Emulator(firmware.chip, path) as emulated,
        board.session(emulated.port) as transport,
    ):
        yield transport


def test_stock_firmware_boots_with_the_files_in_place(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    directory = tmp_path / "board"
    (directory / "lib" / "esp32gpt").mkdir(parents=True)
    (directory / "main.py").write_text("print('main has run')\n")
    (directory / "lib" / "esp32gpt" / "__init__.py").write_text("answer = 42\n")
    flashimage.make_flash(firmware, path)
    flashimage.update_files(firmware, path, directory)
    with emulator.Emulator(firmware.chip, path) as emulated:
        with ports.open_port(emulated.port) as connection:
            deadline = time.monotonic() + 60
            said = b""
            while b">>> " not in said and time.monotonic() < deadline:
                said += connection.read(connection.in_waiting or 1)
        assert b"main has run" in said
        with board.session(emulated.port) as transport:
            known = board.identify(transport)
            assert chips.of_machine(known.machine) == firmware.chip
            assert known.architecture in (firmware.chip.architecture, None)
            transport.exec("import esp32gpt")
            assert transport.eval("esp32gpt.answer") == 42
            transport.exec("with open('/model.bin', 'w') as f: f.write('weights')")
    assert flashimage.update_files(firmware, path, directory) == (0, 2, 0)
    with booted(firmware, path) as transport:
        assert transport.eval("open('/model.bin').read()") == "weights"


def test_a_board_that_never_looks_up_is_interrupted(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    directory = tmp_path / "board"
    directory.mkdir()
    (directory / "main.py").write_text("while True:\n    print('step:1 loss:3.3')\n")
    flashimage.make_flash(firmware, path)
    flashimage.update_files(firmware, path, directory)
    with booted(firmware, path) as transport:
        assert transport.eval("6 * 7") == 42


def test_a_blank_flash_is_written_through_the_boot_rom(firmware, tmp_path):
    firmware_file = tmp_path / "firmware.bin"
    firmware_file.write_bytes(make_firmware(firmware.chip.name))
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * (1 << 21) + b"old!" * (1 << 19))
    with emulator.Emulator(firmware.chip, path, bootloader=True) as emulated:
        flash.flash(emulated.port, firmware_file, reset=False)
    content = path.read_bytes()
    written = firmware_file.read_bytes()
    start = firmware.chip.offset
    assert content[start : start + len(written)] == written
    assert content[1 << 21 :].strip(b"\xff") == b""


def tool(name, *options):
    """Run a command and return the last two lines of its output."""
    command = [sys.executable, "-m", "tools", name, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-2:]


def test_flash_and_deploy_make_a_board_of_a_blank_one(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * (4 << 20))
    with emulator.Emulator(firmware.chip, path, bootloader=True) as emulated:
        tool("flash", "--port", emulated.port, "--firmware", firmware.path, "--no-reset")
    with emulator.Emulator(firmware.chip, path) as emulated:
        port = ("--port", emulated.port)
        with board.session(emulated.port) as transport:
            assert "esp32gpt" not in transport.eval("__import__('os').listdir()")
        first = tool("deploy", *port)[0]
        assert " files copied, 0 unchanged, 0 removed" in first and first[0] != "0"
        count = int(first.split()[0])
        assert tool("deploy", *port)[0].startswith(f"0 files copied, {count} unchanged, 0 removed")
        best = imported(emulated.port)
        assert ("imported fpu" in best) == firmware.chip.fpu
        source = tool("deploy", "--source", *port)[0]
        assert int(source.split()[0]) > count // 2 and int(source.split()[-4]) > count // 2
        assert imported(emulated.port) == best


def imported(port):
    """Return the name of the engine that the deployed library chooses."""
    with board.session(port) as transport:
        transport.enter_raw_repl(soft_reset=True)
        return board.run(
            transport, "from esp32gpt import kernels\nprint('imported', kernels.choose().name)", 300
        )
