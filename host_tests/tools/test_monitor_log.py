"""tools/monitor/log.py: a board's output is understood, however it is cut and garbled."""

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_tests.support import session
from tools.monitor.log import LONGEST, Log


def heard(*chunks):
    """Return a Log that was fed these chunks, at the times 0, 1, …"""
    log = Log()
    for now, chunk in enumerate(chunks):
        log.feed(chunk, now)
    return log


def state(log):
    """Return the whole state of a Log, without the times."""
    run = log.run
    records = [repr(record[:-1]) for record in run.records]
    known = (run.first, run.until, run.letters, run.held_out, records)
    return known, log.board, log.engine, log.samples, list(log.prose), log.unfinished


def steps(log):
    return [record.step for record in log.run.records]


HUNDREDS = list(range(100, 1001, 100))


def test_a_whole_session():
    log = heard(session.WHOLE)
    assert log.board == "Generic ESP32 module with ESP32, MicroPython 1.24.0, 240 MHz"
    assert log.engine == "fpu, free memory: 136 KB"
    assert (log.run.first, log.run.until, log.run.held_out) == (0, 1000, 2.4312)
    assert log.run.guessing == math.log(27)
    assert steps(log) == HUNDREDS
    assert math.isnan(log.run.records[0].held)
    assert log.run.records[4] == (500, 2.7134, 2.7, 2.85, 2.1, 2, 0)
    assert log.samples == [(name, name in session.KNOWN) for name in session.SAMPLES]
    assert list(log.prose) == [
        *session.BANNER.splitlines(),
        *session.TRAINING.splitlines(),
        "saved: step 1000 to esp32gpt.ckpt",
        "held-out: loss 2.4312 (272 names that training never saw)",
        "7 names it has invented:",
        "5 of 7 are new; known: ja, kaia",
    ]
    assert log.unfinished == ">>> "


def test_feed_returns_the_records_that_bytes_complete():
    log = Log()
    assert log.feed(b"step:1 loss:3.3 avg:3.3 ms:2.1 e", 10) == []
    completed = log.feed(b"ta:2\r\nstep:2 loss:3.3 avg:3.3 ms:2.1 eta:2\r\nstep:3", 11)
    assert [(record.step, record.time) for record in completed] == [(1, 11), (2, 11)]


def test_the_end_of_a_line_goes_with_the_board():
    log = heard(b"Traceb")
    log.hang_up(1)
    log.feed(session.said("step:1 loss:3.3 avg:3.3 ms:2.1 eta:2\n"), 2)
    assert list(log.prose) == ["Traceb"]
    assert steps(log) == [1]


def test_a_resumed_run_keeps_what_was_seen_of_it():
    log = heard(session.said(session.BANNER, session.TRAINING, session.progress(100, 700)))
    log.feed(session.said("resumed: step 400 from esp32gpt.ckpt\n"), 1)
    log.feed(session.said("training: step 400 to 1000\n", session.progress(500, 1000)), 2)
    assert steps(log) == HUNDREDS
    assert [record.time for record in log.run.records] == [0] * 4 + [2] * 6
    assert (log.run.first, log.run.until, log.run.letters) == (400, 1000, None)


def test_a_second_run_begins_anew():
    log = heard(session.WHOLE, session.said(session.BANNER, session.TRAINING))
    assert (steps(log), log.samples, log.run.held_out) == ([], [], None)
    log.feed(session.said(session.progress(100, 300)), 2)
    assert steps(log) == [100, 200, 300]


def test_a_run_whose_beginning_was_lost_is_told_by_its_steps():
    log = heard(session.WHOLE, b"\r\n\xff\x00\r\n" + session.said(session.progress(200, 300)))
    assert steps(log) == [200, 300]
    assert log.run.held_out is None


def test_errors_are_shown():
    text = 'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\nOSError: 2\n'
    assert list(heard(session.said(text)).prose) == text.splitlines()


def test_what_only_resembles_a_sample_is_prose():
    log = heard(b" 1 areli\r\n3 names it has invented:\r\n 1 areli\r\n 3 telin\r\n 2 ja\r\n")
    assert [name for name, _ in log.samples] == ["areli"]
    assert list(log.prose) == [" 1 areli", "3 names it has invented:", " 3 telin", " 2 ja"]
    log = heard(b"1 names it has invented:\r\n 1 areli\r\n 2 ja\r\n")
    assert list(log.prose) == ["1 names it has invented:", " 2 ja"]


def test_what_only_resembles_progress_is_prose():
    lines = [
        "step:1 loss:3.3",
        "tep:1 loss:3.3 avg:3.3 ms:2.1 eta:2",
        "step:1 loss:3.3 avg:3.3 ms:2.1 eta:",
        "step:1 loss:3.3 avg:3.3 ms:2.1 eta:2 more",
        "step:-1 loss:3.3 avg:3.3 ms:2.1 eta:2",
        "step:1 loss:3.3.3 avg:3.3 ms:2.1 eta:2",
        "step:" + "1" * 400 + " loss:3.3 avg:3.3 ms:2.1 eta:2",
        "step:١ loss:3.3 avg:3.3 ms:2.1 eta:2",
    ]
    log = heard("\n".join([*lines, ""]).encode())
    assert list(log.prose) == lines
    assert steps(log) == []


def test_prose_does_nothing_to_a_terminal():
    log = heard(b"\x1b[0;32mI (29) boot: \x07ok\x1b[0m\x1b]0;title\x07\tend\r\n")
    assert list(log.prose) == ["I (29) boot: \ufffdok\ufffd]0;title\ufffd end"]


def test_names_keep_the_joiners_that_their_scripts_need():
    assert list(heard("نی\u200cلا \u202e\r\n".encode()).prose) == ["نی\u200cلا \ufffd"]


def test_a_line_without_end_is_cut():
    log = heard(b"x" * (3 * LONGEST + 1))
    assert [len(line) for line in log.prose] == [LONGEST] * 3
    assert log.unfinished == "x"


cuts = st.lists(st.integers(0, len(session.WHOLE)), max_size=20)


@settings(deadline=None)
@given(cuts)
def test_it_does_not_matter_how_a_session_is_cut(at):
    ends = [0, *sorted(at), len(session.WHOLE)]
    chunks = [session.WHOLE[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    assert state(heard(*chunks)) == state(heard(session.WHOLE))


noise = st.binary(max_size=80) | st.sampled_from(
    [
        *(b"x" * LONGEST, b"\r", b"\n", b"step:1 loss:nan avg:1e9999 ms:0 eta:inf\n"),
        *(b"3 names it has invented:\n", b" 1 a\n", b"step:", b"training: step 5 to 3\n"),
    ]
)


@settings(deadline=None)
@given(st.lists(noise, max_size=12), st.lists(st.integers(1, 200), max_size=12))
@example([b"x" * LONGEST, b"\r", b"\n"], [1])
def test_any_bytes_in_any_pieces_are_taken(parts, lengths):
    stream = b"".join(parts)
    chunks, rest = [], stream
    for length in lengths:
        chunks.append(rest[:length])
        rest = rest[length:]
    assert state(heard(*chunks, rest)) == state(heard(stream))


@settings(deadline=None)
@given(st.integers(0, len(session.WHOLE)), st.binary(max_size=40))
def test_a_reset_at_any_byte_leaves_the_next_run_whole(at, rom):
    log = heard(session.WHOLE[:at] + rom + b"\r\n" + session.WHOLE)
    assert state(log)[0] == state(heard(session.WHOLE))[0]
    assert (log.samples, log.board) == (heard(session.WHOLE).samples, heard(session.WHOLE).board)


@settings(deadline=None)
@given(st.integers(0, len(session.WHOLE)))
def test_a_stream_that_begins_anywhere_yields_only_what_was_said(at):
    seen = heard(session.WHOLE[at:])
    assert {record[0] for record in seen.run.records} <= set(HUNDREDS)
    assert steps(seen) == sorted(steps(seen))
    assert {name for name, _ in seen.samples} <= set(session.SAMPLES)


def test_a_held_out_loss_counts_where_it_was_measured():
    held = ["nan", "2.9", "2.9", "2.8", "2.9"]
    lines = "".join(f"step:{i} loss:3 avg:3 held:{h} ms:2 eta:2\n" for i, h in enumerate(held))
    assert heard(session.said(lines)).run.measured == [(1, 2.9), (3, 2.8), (4, 2.9)]
