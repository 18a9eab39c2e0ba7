"""UTF-8 is decoded as Unicode defines it, on any interpreter."""

from esp32gpt import utf8
from raising import raises

BAD = (
    b"\xff",
    b"\x80",
    b"\xce",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xc0\x80",
    b"\xc1\xa1",  # a in two bytes
    b"\xe0\x8e\xb1",  # an alpha in three
    b"\xf0\x82\x82\xac",
    b"\xed\xa0\x80",  # a surrogate
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xf8\x88\x80\x80\x80",
)


def test_text_is_decoded():
    for text in ("", "ana", "\0 \x7f", "ñαא東😀\ufeff\U0010ffff"):
        assert utf8.decode(text.encode()) == text


def test_what_is_not_utf8_is_refused():
    for bad in BAD:
        for data in (bad, b"ab" + bad, bad + b"ab", "ä".encode() + bad + "東".encode()):
            raises(UnicodeError, utf8.decode, data)
