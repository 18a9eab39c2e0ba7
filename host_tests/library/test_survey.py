"""The counts of a names file, and the reasons for skipped lines."""

from io import BytesIO

from esp32gpt.lines import LONGEST, Lines
from esp32gpt.listing import LEAST
from esp32gpt.survey import CONTROL, ENCODING, LETTERS, TOO_LONG, Different, reason_of, survey
from esp32gpt.tokenizer import Tokenizer


def found(content, letters="abc"):
    return survey(Lines(BytesIO(content), 64), Tokenizer(letters))


def syllables(n):
    return [chr(97 + i % 26) + chr(97 + i // 26 % 26) + "nop"[i // 676] for i in range(n)]


def test_names_lengths_and_letters_are_counted():
    counted = found(b"ab\nAB\n\nabc\nab\nc\n \n")
    assert (counted.lines, counted.names, counted.skipped) == (5, 5, {})
    assert counted.lengths == {1: 1, 2: 3, 3: 1}
    assert counted.counts == {1: 4, 2: 4, 3: 2}
    listing = counted.listing("abc", [])
    assert (listing.different, listing.exact) == (3, True)


def test_every_skipped_line_has_its_reason_and_the_first_is_an_example():
    counted = found(
        b"ab\nxyz\nab\xff\n\xff\na\0\n" + b"a" * 300 + b"\nw\nab\n\xef\xbf\xbd\n\xe2\x80\x8f\n"
    )
    assert counted.names == 2 and counted.lines == 9
    assert counted.skipped == {LETTERS: 2, ENCODING: 3, CONTROL: 1, TOO_LONG: 1}
    assert counted.examples[LETTERS] == b"xyz" and counted.examples[ENCODING] == b"ab\xff"
    assert counted.examples[CONTROL] == b"a\0" and counted.examples[TOO_LONG] == b""


def test_what_cannot_be_seen_is_no_line():
    for blank in ("\u00a0", "\u3000 \u2009", "\ufeff", "\u200f\u00a0"):
        assert reason_of(blank.encode()) is None
        assert found(b"a\n" + blank.encode() + b"\nb\n").lines == 2
    assert reason_of(b"\xc0\x80") == ENCODING  # MicroPython accepts these bytes


def test_few_different_names_are_not_held_out_and_many_are():
    for n in (1, 2, 4, LEAST):
        content = "".join(name + "\n" for name in syllables(n) * 200).encode()
        listing = found(content, "abcdefghijklmnopqrstuvwxyz").listing("a", [])
        assert listing.names == 200 * n and listing.different == n and not listing.holds_out()
    content = "".join(name + "\n" for name in syllables(400) * 3).encode()
    listing = found(content, "abcdefghijklmnopqrstuvwxyz").listing("a", [])
    assert listing.different == 400 and listing.exact and listing.holds_out()
    assert 400 // 16 // 2 < listing.held_out < 400 // 16 * 2


def test_the_longest_name_is_surveyed():
    assert found(b"a" * LONGEST + b"\n").lengths == {LONGEST: 1}


def test_numbers_are_counted_exactly_and_then_within_a_tenth():
    different = Different()
    for i in list(range(300)) * 2:
        different.add(i * 2654435761 & 0x3FFFFFFF)
    assert different.count() == 300 and different.is_exact()
    for i in range(20000):
        different.add(i * 2654435761 & 0x3FFFFFFF)
    assert 18000 < different.count() < 22000 and not different.is_exact()
