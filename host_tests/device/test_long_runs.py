"""Whole trainings on an emulated chip, compared with the oracle: `make test-long`."""

import shutil

import pytest

from host_tests.support import oracle
from host_tests.support.chip import SLOW, needs
from host_tests.support.places import LONG_RUN
from tools.host import board as serial_board
from tools.host import emulator
from tools.host.paths import DATA
from tools.staging import flashimage, stage

PROGRAM = """
from esp32gpt import chip, kernels
kernels.ENGINES = ({engine!r},)
chip.set_highest_clock()
train({settings!r}, {until})
"""


@pytest.fixture(scope="module")
def counting(firmware, tmp_path_factory):
    """Yield the port of a new chip with instructions as its clock, which makes speeds exact."""
    path = tmp_path_factory.mktemp("counting") / "flash.bin"
    stage.prepare_files(DATA / "names.txt")
    flashimage.make_flash(firmware, path)
    files = stage.stage(firmware.chip.architecture, firmware.chip.fpu)
    flashimage.update_files(firmware, path, files)
    with emulator.Emulator(firmware.chip, path, icount=True) as emulated:
        yield emulated.port


def train(port, engine, settings, until):
    """Train on the chip; return (mean losses, speeds)."""
    with serial_board.session(port) as transport:
        transport.enter_raw_repl(soft_reset=True)
        transport.serial.timeout = SLOW
        transport.exec("__name__ = 'long_run'\n" + LONG_RUN.read_text(encoding="utf-8"))
        program = PROGRAM.format(engine=engine, settings=settings, until=until)
        return oracle.pieces(serial_board.run(transport, program, SLOW))


@pytest.mark.long
@pytest.mark.parametrize(("engine", "seed"), [("fpu", 42), ("fpu", 7), ("fpu", 3), ("viper", 42)])
def test_twenty_thousand_steps_on_the_chip(firmware, counting, engine, seed, tmp_path, monkeypatch):
    needs(engine, ["fpu", "viper"] if firmware.chip.fpu else ["viper"])
    settings = {**oracle.SETTINGS, "seed": seed}
    losses, speeds = train(counting, engine, settings, settings["steps"])
    shutil.copy(stage.NAMES, tmp_path)
    monkeypatch.chdir(tmp_path)
    expected = oracle.train(settings, settings["steps"])
    oracle.assert_near(losses, expected, settings, settings["steps"])
    oracle.assert_steady(speeds)
