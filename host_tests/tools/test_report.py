"""`make report`: the lines of the report, with a fake board and a fake bootloader."""

import json
import re
from types import SimpleNamespace

import pytest

from host_tests.support.fakeboard import FakeBoard
from tools import report

FIGURES = {"engine": "fpu", "us_per_step": 1591.6}


@pytest.fixture
def lines(monkeypatch, micropython):
    """Make a report of a fake board and return its lines."""
    monkeypatch.setattr(report, "figures_of", lambda machine, engine, steps: [FIGURES])
    monkeypatch.setattr(report, "MEMORY", "print((240, 156640, 2097152))")

    def make(**board):
        with FakeBoard(**board) as fake:
            return list(report.report(fake.port, "ESP32-D0WD-V3 (revision v3.1)", 50))

    return make


def test_a_board_is_described_and_measured(lines):
    said = lines(version=(1, 27, 0))
    assert said[:5] == [
        "board: Generic ESP32 module with ESP32 (ESP32)",
        "chip: ESP32-D0WD-V3 (revision v3.1)",
        "port: not on USB",
        "firmware: MicroPython 1.27.0, native code: xtensawin",
        "clock: 240 MHz; free at the prompt: 156640 B; file system: 2097152 B",
    ]
    assert said[5].startswith("host: ") and json.loads(said[6]) == FIGURES


def test_a_board_without_native_code_is_described(lines):
    said = lines(mpy=6, machine="ESP32C3 module with ESP32C3")
    assert said[0] == "board: ESP32C3 module with ESP32C3 (ESP32-C3)"
    assert said[3].endswith("native code: none")


def test_nothing_personal_is_told(lines, monkeypatch):
    serial_number, user = "60:55:F9:C0:27:18", "/home/emma"
    found = SimpleNamespace(
        device="COM3",
        vid=0x303A,
        pid=0x1001,
        product=None,
        description="USB JTAG/serial debug unit",
        serial_number=serial_number,
        location=user,
    )
    monkeypatch.setattr(report.list_ports, "comports", lambda: [found])
    assert report.describe_adapter("COM3") == "USB JTAG/serial debug unit (303a:1001)"
    assert report.describe_adapter("COM4") == "not on USB"
    said = "\n".join(lines())
    assert not re.search(r"([0-9a-f]{2}:){5}", said, re.IGNORECASE) and "/home" not in said


def test_the_chip_tells_its_revision_and_is_reset(monkeypatch):
    reset = []

    class Chip:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def get_chip_description(self):
            return "ESP32-C3 (QFN32) (revision v0.4)"

    monkeypatch.setattr(report.cmds, "detect_chip", lambda port: Chip())
    monkeypatch.setattr(report.cmds, "reset_chip", reset.append)
    assert report.describe_chip("COM3") == "ESP32-C3 (QFN32) (revision v0.4)"
    assert len(reset) == 1


def test_a_silent_bootloader_does_not_keep_the_board_from_being_measured(monkeypatch):
    def silent(port):
        raise report.FatalError("Failed to connect: No serial data received.\nFor help see …")

    monkeypatch.setattr(report.cmds, "detect_chip", silent)
    assert "No serial data received" in report.describe_chip("COM3")
