"""tools/monitor/view.py and curve.py: one screen of text, for any size of screen."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from host_tests.support import session
from tools.monitor.curve import draw
from tools.monitor.log import Log
from tools.monitor.view import duration, frame

STATUS = "/dev/ttyUSB0: Ctrl-C quits"


def screen(log, width, height, ascii_only=False):
    """Return the lines of the frame, as a terminal without colours shows them."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None)
    console.print(frame(log, STATUS, width, height, ascii_only))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def heard(*parts):
    log = Log()
    log.feed(session.said(*parts), 0)
    return log


def test_everything_is_on_a_screen_of_the_usual_size(done):
    lines = screen(done, 80, 24)
    text = "\n".join(lines)
    assert len(lines) == 24
    assert lines[0] == done.board
    assert lines[1] == "engine: fpu, free memory: 136 KB"
    assert lines[2].startswith("step 1000 of 1000  ━━━")
    assert lines[2].endswith("476 steps/s  2 s left")
    assert lines[3] == "loss 2.7134   avg 2.2000   held-out 2.4312   guessing 3.2958"
    for name, _ in done.samples:
        assert (name or "(empty)") in text
    assert lines[-1] == STATUS
    assert lines[-2] == ">>>"
    assert lines[-3] == "5 of 7 are new; known: ja, kaia"
    assert any(line.endswith(" avg") for line in lines)
    assert any(line.endswith(" held-out") for line in lines)


def test_the_bar_and_the_curve_grow_with_the_run():
    half = screen(heard(session.TRAINING, session.progress(100, 500)), 80, 24)
    assert half[2].startswith("step 500 of 1000")
    drawn = [line for line in half if line.endswith(" avg")][0]
    assert max(i for i, c in enumerate(drawn) if 0x2800 < ord(c) < 0x2900) < 42


def test_a_new_board_says_what_it_is_waiting_for():
    lines = screen(Log(), 80, 24)
    assert lines[0] == "waiting for the board's banner"
    assert lines[-1] == STATUS


def test_an_error_is_on_the_screen(done):
    done.feed(b"\r\nTraceback (most recent call last):\r\nMemoryError: \r\n", 0)
    lines = screen(done, 80, 24)
    assert lines[-3:-1] == ["Traceback (most recent call last):", "MemoryError:"]


def test_a_line_of_progress_under_way_is_not_taken_for_prose():
    for part in ("s", "step", "step:1", "step:100 loss:2"):
        assert screen(heard("hello\n", part), 80, 24)[-2:] == ["hello", STATUS]


def test_without_unicode_the_screen_is_ascii_but_for_the_names(done):
    done.samples = []
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(file=out, width=80, height=24).print(frame(done, STATUS, 80, 24, ascii_only=True))
    out.seek(0)
    text = out.read()
    assert "***" in text and "o" in text


def test_a_run_that_was_met_under_way_has_no_bar():
    lines = screen(heard(session.progress(400, 700)), 80, 24)
    assert lines[2].startswith("step 700  ")
    assert "━" not in lines[2]


@settings(deadline=None)
@given(st.integers(0, 150), st.integers(0, 60), st.booleans())
def test_a_frame_fits_any_screen(width, height, ascii_only):
    log = Log()
    log.feed(session.WHOLE, 0)
    lines = screen(log, max(width, 1), height, ascii_only)
    assert len(lines) == max(height, 1)
    assert lines[-1] == STATUS[: max(width, 1)].rstrip()
    if height >= 5:  # banner, bar and losses stay
        assert lines[0] == log.board[: max(width, 1)].rstrip()


number = st.floats(width=32)
points = st.lists(st.tuples(st.integers(0, 10**9), number), max_size=50)
series = st.lists(st.tuples(st.just("avg"), st.just("cyan"), st.just("*"), points), max_size=3)


@settings(deadline=None)
@given(series, st.tuples(st.none() | st.integers(0, 10**9), st.none()), st.integers(0, 120))
def test_a_curve_takes_any_numbers(series, span, width):
    lines = draw(series, span, width, 8)
    assert len(lines) in (0, 8)
    assert all(line.cell_len <= width for line in lines)


def test_a_curve_stands_where_its_points_are():
    (first, *_, last), axis = (
        (
            lines := [
                line.plain
                for line in draw([("y", "", "*", [(0, 0), (9, 9)])], (0, 9), 18, 11, True)
            ]
        )[:-1],
        lines[-1],
    )
    assert len(lines) == 11
    assert first.index("*") == 6 + 9
    assert last.index("*") == 6
    assert first.startswith(" 9.00 ") and first.endswith(" y")
    assert last.startswith(" 0.00 ")
    assert axis.split() == ["0", "9"]


def test_a_single_point_is_drawn():
    assert "*" in "".join(
        line.plain for line in draw([("", "", "*", [(5, 2.0)])], (0, 9), 40, 8, True)
    )


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59.4, "59 s"), (725, "12:05 min"), (11_220, "3:07 h")]
)
def test_durations(seconds, said):
    assert duration(seconds) == said
