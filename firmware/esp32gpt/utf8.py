"""Decode UTF-8 as Unicode defines it. MicroPython also accepts overlong forms and surrogates."""


def decode(data):
    """Return the text of a bytes object. Raises UnicodeError if it is not UTF-8."""
    text = str(data, "utf-8")
    codes = [ord(char) for char in text]
    if not all(is_character(code) for code in codes):
        raise UnicodeError
    if "".join(chr(code) for code in codes).encode() != data:  # overlong forms get shorter
        raise UnicodeError
    return text


def is_character(code):
    """Return True if Unicode has a character of this code point, an int; surrogates are no
    characters."""
    return code < 0xD800 or 0xE000 <= code <= 0x10FFFF
