"""firmware/BOARDS.md: its chips are those of the tools, and every report in it has a test."""

import re

from tools.host.chips import TABLE
from tools.host.paths import FIRMWARE, ROOT

PAGE = (FIRMWARE / "BOARDS.md").read_text(encoding="utf-8")
TESTS = [
    (ROOT / "host_tests" / "tools" / f"test_{name}.py").read_text(encoding="utf-8")
    for name in ("ports", "flash", "board", "monitor")
]
REPORT = re.compile(r"([\w-]+) ((?:#\d+(?:, )?)+)")


def reports(text):
    """Return the set of (project, number) that the text names."""
    return {
        (project, number)
        for project, numbers in REPORT.findall(text)
        for number in re.findall(r"\d+", numbers)
    }


def test_the_table_of_chips_is_the_tools_own():
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ESP32")]
    told = {row[0].strip("| "): row[1:5] for row in rows if len(row) == 6}
    assert list(told) == [chip.title for chip in TABLE]
    for chip in TABLE:
        board, architecture, megahertz, engine = told[chip.title]
        assert (board, architecture) == (chip.board, chip.architecture)
        assert megahertz.split()[0] == str(chip.megahertz)
        assert engine == ("fpu" if chip.fpu else "viper")


def test_every_report_on_the_page_has_a_test_and_the_other_way_round():
    tested = set().union(*map(reports, TESTS))
    listed = reports(PAGE.partition("## What real boards")[2])
    assert listed == tested
    assert len(listed) >= 10
