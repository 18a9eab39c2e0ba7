"""tools/monitor/files.py and chart.py: the files that the monitor saves of a run."""

import math
from datetime import datetime

import pytest

from tools.host.errors import ToolError
from tools.monitor import chart
from tools.monitor.files import ChartFile, CsvFile
from tools.monitor.log import Log, Record


def test_a_table_is_whole_after_every_row(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("an older run")
    table = CsvFile(path)
    assert path.read_text() == "an older run"
    table.begin()
    assert path.read_text() == "step,loss,avg,held,ms,time\n"
    table.add(Record(100, 2.7134, 2.6512, math.nan, 2.1, 2, 0))
    row = path.read_text().splitlines()[1]
    assert row.startswith("100,2.7134,2.6512,,2.1,")
    assert datetime.fromisoformat(row.split(",")[-1]).timestamp() == 0


def test_a_full_disk_is_told():
    table = CsvFile("/dev/full")
    with pytest.raises(ToolError, match="/dev/full cannot be written .*name another file"):
        table.begin()


def test_a_chart_has_the_curves_and_what_they_mean(done):
    figure = chart.draw(done)
    axes = figure.axes[0]
    loss, avg, held, guessing = axes.lines
    assert list(avg.get_xdata()) == list(range(100, 1001, 100))
    assert list(avg.get_ydata()) == [record.avg for record in done.run.records]
    assert list(held.get_xdata()) == list(range(200, 1001, 100))
    assert set(loss.get_ydata()) == {2.7134}
    assert set(guessing.get_ydata()) == {math.log(27)}
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["one name's loss", "mean of the last 100: 2.200", "names held out: 2.600"]
    assert [text.get_text() for text in axes.texts] == ["guessing: ln 27 = 3.30"]
    assert axes.get_title("left").splitlines() == [
        "Generic ESP32 module with ESP32, MicroPython 1.24.0, 240 MHz",
        "engine: fpu, free memory: 136 KB",
        "in the end 2.4312 on names it never saw",
    ]
    # Names that the names file has, or whose letters the font lacks, are left out.
    assert figure.get_supxlabel() == "It invented: areli, Ольга, anna 2"


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_run_is_the_same_file(done, form):
    assert chart.render(done, form) == chart.render(done, form)


@pytest.mark.parametrize(
    "lines",
    [
        "step:1 loss:3.3 avg:3.3 ms:2.1 eta:2\n",
        "step:0 loss:nan avg:nan ms:0 eta:0\n",
        "step:1 loss:inf avg:3.3 held:nan ms:2.1 eta:2\nstep:2 loss:3 avg:3 ms:2.1 eta:2\n",
        "esp32gpt: $x_2$, MicroPython 1\nengine: $\\frac\ntraining: step 5 to 3, 0 letters\n"
        "step:6 loss:1 avg:1 ms:1 eta:1\n1 names it has invented:\n 1 $^_$\n",
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_strange_run_is_drawn_too(lines):
    log = Log()
    log.feed(lines.encode(), 0)
    assert chart.render(log, "svg").strip().endswith(b"</svg>")


def test_a_chart_that_nothing_was_seen_for_leaves_what_was_there(tmp_path):
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(b"old")
    for path in (old, new):
        assert "No training was seen" in ChartFile(path).save(Log())
    assert old.read_bytes() == b"old"
    assert not new.exists()
