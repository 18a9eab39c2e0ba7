"""firmware/package.json: what `mpremote mip install` puts on a board, and how it gets on with
`make deploy`."""

import json
import subprocess
import sys

from host_tests.support.fakeboard import FakeBoard, digest
from tools import deploy, package
from tools.host import board, emulator, flashimage, stage
from tools.host.paths import ROOT

MODULES = sorted(
    path.relative_to(stage.FIRMWARE) for path in stage.FIRMWARE.glob("esp32gpt/**/*.py")
)


def install(port, directory=ROOT):
    """Run the command that the page names."""
    command = [sys.executable, "-m", "mpremote", "connect", port]
    command += ["mip", "install", "firmware/package.json"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def files(port):
    """{path: sha256} of all files on the board."""
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


def test_mip_installs_where_deploy_does_and_either_comes_after_the_other(
    micropython, tmp_path, monkeypatch
):
    monkeypatch.setattr(stage, "STAGED", tmp_path / "board")
    monkeypatch.setattr(stage, "NAMES", tmp_path / "names.txt")
    stage.prepare_names(ROOT / "data" / "names.txt")
    sources = {f"/lib/{path}": digest(stage.FIRMWARE / path) for path in MODULES}
    with FakeBoard() as fake:
        install(fake.port)
        assert files(fake.port) == sources
        deploy.deploy(fake.port)
        deployed = files(fake.port)
        assert not set(deployed) & set(sources)
        install(fake.port)
        assert files(fake.port) == deployed | sources


def test_what_mip_installs_runs_on_the_chip(firmware, tmp_path, micropython):
    path = tmp_path / "flash.bin"
    flashimage.make_flash(firmware, path)
    with emulator.Emulator(firmware.chip, path) as emulated:
        with board.session(emulated.port):
            pass
        install(emulated.port)
        with board.session(emulated.port) as transport:
            transport.enter_raw_repl(soft_reset=True)
            # The board reads and compiles them, which takes an emulator more than a minute.
            look = "from esp32gpt import gpt, kernels\nprint(kernels.choose().name)"
            assert transport.exec_raw(look, timeout=300) == (b"viper\r\n", b"")
