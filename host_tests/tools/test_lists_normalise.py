"""The form in which a line is learned."""

import unicodedata

import pytest
from esp32gpt import listing
from esp32gpt.remarks import needs_tables
from esp32gpt.tokenizer import NO_LETTER, NOTHING, SPACE, Tokenizer

from tools.lists.normalise import FORMAT, normalise

# Beyond U+20000 letters are Chinese only.
CHARACTERS = [chr(code) for code in [*range(0xD800), *range(0xE000, 0x20000)]]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ANNA", "anna"),
        ("Jose\u0301", "jos\u00e9"),
        ("Nguye\u0302\u0303n", "nguy\u1ec5n"),  # as a Mac writes it
        ("\u212aim", "kim"),  # the Kelvin sign
        ("\u0130stanbul", "istanbul"),
        ("I\u0307stanbul", "istanbul"),
        ("i\u0307stanbul", "istanbul"),  # what other programs make of it
        ("I\u011fd\u0131r", "i\u011fd\u0131r"),
        (
            "\u0393\u0399\u03a9\u03a1\u0393\u039f\u03a3",
            "\u03b3\u03b9\u03c9\u03c1\u03b3\u03bf\u03c2",
        ),
        ("Stra\u00dfe", "stra\u00dfe"),
        ("STRA\u1e9eE", "stra\u00dfe"),
        ("\ufb01ona", "fiona"),
        ("Ha\ufb00ner", "haffner"),
        ("\ufefb", "\u0644\u0627"),  # Arabic by its place in the word
        ("\u200f\u0639\u0644\u064a\u200f", "\u0639\u0644\u064a"),
        ("e\u200d\u0301", "\u00e9"),
        ("so\u00adphie", "sophie"),
        ("\uff41\u0430", "\uff41\u0430"),  # full-width and Cyrillic a are letters of their own
        ("\u1100\u1161", "\uac00"),
        ("Nidoran\u2640", "nidoran\u2640"),
    ],
)
def test_one_letter_stays_one_letter(line, name):
    assert normalise(line) == name


def test_capitals_are_kept_on_request():
    assert normalise("\u0130zmir \ufb01 Jose\u0301", keep_case=True) == "\u0130zmir fi Jos\u00e9"


def test_a_line_is_normalised_only_once():
    """This is true for every character, alone and between others."""
    for char in CHARACTERS:
        for keep_case in (False, True):
            once = normalise(f"{char}a{char}\u0301", keep_case)
            assert normalise(once, keep_case) == once, hex(ord(char))


def test_the_boards_table_is_what_unicode_says():
    unknown = Tokenizer("-").unknown
    for char in CHARACTERS[128:]:
        category = unicodedata.category(char)
        utf8 = char.encode()
        kind = unknown(utf8, 0, len(utf8))
        if category in ("Zs", "Zl", "Zp"):
            assert kind == SPACE, hex(ord(char))
        elif kind != NO_LETTER:  # a few format characters are seen, and are letters like others
            assert kind == NOTHING and category in ("Cf", "Cn"), hex(ord(char))
        assert (ord(char) in FORMAT) == (kind == NOTHING)
    unseen = (
        "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061"
    )
    assert {*map(ord, unseen + "\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff")} <= {*FORMAT}
    assert not {*map(ord, "a \t\u00a0\u0600\u06dd\ufe0f\u0301")} & {*FORMAT}


def test_the_board_says_what_it_has_no_table_for_and_little_else():
    needless = [
        char
        for char in CHARACTERS[128:0x2000]
        if needs_tables(char)
        and char.lower() == char
        and unicodedata.category(char) not in ("Mn", "Cn")  # accents; what is no character yet
    ]
    assert needless == ["\u1e96", "\u1e98", "\u1e9a", "\u1e9c"]  # small letters amid capitals
    blocks = [
        *range(0xC0, 0x180),
        *range(0x386, 0x3AC),
        *range(0x400, 0x430),
        *range(0x1E00, 0x1EFF),
    ]
    missed = [
        code for code in blocks if chr(code).lower() != chr(code) and not needs_tables(chr(code))
    ]
    assert not missed, [hex(code) for code in missed]


def test_letters_are_what_a_name_may_have():
    assert all(map(listing.is_letter, " -'a\u00e9\u6771\U0001f600\u0301\u2640"))
    assert not any(map(listing.is_letter, "\0\t\n\x1b\x7f\x80\x9f\ufffd"))
