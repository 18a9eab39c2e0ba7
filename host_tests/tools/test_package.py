"""firmware/package.json: the files that `mpremote mip install` puts on a board, before and after
`make deploy`."""

import json
import subprocess
import sys

import pytest

from host_tests.support.chip import SLOW
from host_tests.support.fakeboard import FakeBoard, digest
from tools import deploy, package
from tools.host import board, emulator
from tools.host.paths import DATA, FIRMWARE, ROOT
from tools.staging import flashimage, stage

MODULES = sorted(
    path.relative_to(stage.FIRMWARE)
    for path in stage.FIRMWARE.glob("esp32gpt/**/*.*")
    if path.suffix in (".py", ".mpy")
)
PREBUILT = all((package.KERNELS / name).exists() for name in stage.FPU)


def install(port, directory=ROOT):
    """Run the command of firmware/INSTALL.md."""
    command = [sys.executable, "-m", "mpremote", "connect", port]
    command += ["mip", "install", "firmware/package.json"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def files(port):
    """Return {path: sha256} of all files on the board."""
    with board.session(port) as transport:
        transport.exec(board.FILES)
        return transport.eval("survey('', ['/' + name for name in os.listdir('/')])")


def test_the_package_lists_every_module():
    listed = json.loads(package.PACKAGE.read_text())["urls"]
    assert sorted(path for path, _ in listed) == sorted(map(str, MODULES)), "run: make package"
    assert package.PACKAGE.read_text() == package.package(), "run: make package"
    for target, source in listed:
        assert (package.PACKAGE.parent / source).is_file()
        assert f"/lib/{target}".startswith(stage.LIBRARY)


@pytest.mark.skipif(not PREBUILT, reason="no machine code is committed: make package")
def test_the_prebuilt_machine_code_is_what_the_compiler_makes(tmp_path):
    stage.compile_fpu(tmp_path)
    for name in stage.FPU:
        committed = (package.KERNELS / name).read_bytes()
        assert (tmp_path / name).read_bytes() == committed, "run: make package"


def test_mip_installs_where_deploy_does_and_either_comes_after_the_other(micropython):
    stage.prepare_files(DATA / "names.txt")
    sources = {f"/lib/{path}": digest(stage.FIRMWARE / path) for path in MODULES}
    with FakeBoard() as fake:
        install(fake.port)
        assert files(fake.port) == sources
        deploy.deploy(fake.port)
        deployed = files(fake.port)
        machine_code = {f"/lib/esp32gpt/kernels/{name}" for name in stage.FPU}
        assert set(deployed) & set(sources) <= machine_code
        install(fake.port)
        assert files(fake.port) == deployed | sources


def test_what_mip_installs_trains_on_the_chip(firmware, tmp_path, micropython):
    """With names and main.py beside it, as the page says: with the best engine of the chip."""
    best = "fpu" if firmware.chip.fpu and PREBUILT else "viper"
    path = tmp_path / "flash.bin"
    flashimage.make_flash(firmware, path)
    with emulator.Emulator(firmware.chip, path) as emulated:
        with board.session(emulated.port):
            pass
        install(emulated.port)
        with board.session(emulated.port) as transport:
            transport.enter_raw_repl(soft_reset=True)
            for file in (DATA / "names.txt", FIRMWARE / "main.py"):
                deploy.copy(transport, file.read_bytes(), f"/{file.name}")
            transport.serial.timeout = SLOW
            # The board reads and compiles the modules, which takes an emulator more than a minute.
            said = board.run(transport, "import main", 3 * SLOW)
    assert f"engine: {best}" in said, said
    assert "step:1000 " in said and "names it has invented" in said, said
