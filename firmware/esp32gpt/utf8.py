"""Reads UTF-8 as Unicode defines it; MicroPython also takes overlong forms and surrogates."""


def decode(data):
    """Return the text of a bytes object. Raises UnicodeError if it is not UTF-8."""
    text = str(data, "utf-8")
    # Overlong forms come back shorter. Bytes from 0xED may begin a surrogate or what is too large.
    if text.encode() != data or (
        max(data, default=0) >= 0xED and not all(is_character(ord(char)) for char in text)
    ):
        raise UnicodeError
    return text


def is_character(code):
    """Return True if Unicode has a character of this code point."""
    return code < 0xD800 or 0xE000 <= code <= 0x10FFFF
