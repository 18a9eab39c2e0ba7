"""Read a JSON object of texts, numbers, true and false, with the same result on any interpreter.

The json modules of CPython and MicroPython accept different mistakes: comments, NaN, cut-off text,
a byte order mark, whole numbers such as 5e3. But the host checks the settings that the board reads.
"""

from .compat import const
from .utf8 import decode

_LONGEST_NUMBER = const(24)  # characters
_GREATEST_EXPONENT = const(30)  # the largest float32 is about 10^38
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def load(data):
    """Parse these bytes, a JSON object without objects or lists inside, and return it as a dict
    {str: str, int, float, bool or None}.

    A number without a fraction becomes an int, even if it is written as 5e3 or 5.0. Raises
    ValueError with the line and the mistake in it, also for a name that is given twice.
    """
    try:
        text = decode(data)
    except UnicodeError:
        raise ValueError("it is not UTF-8: save it as UTF-8")
    if text[:1] == "\ufeff":  # Windows editors begin UTF-8 with it
        text = text[1:]
    reader = Reader(text)
    found = reader.object()
    reader.skip()
    if reader.i < len(text):
        raise reader.error("nothing may follow the last }")
    return found


class Reader:
    """The text, and the position `i` of the next character to read.

    Methods that read move `i` behind what they have read. They raise ValueError if something else
    comes.
    """

    def __init__(self, text):
        self.text = text
        self.i = 0

    def error(self, message):
        """Return (not raise) a ValueError with the number of the present line and this message."""
        line = self.text[: self.i].count("\n") + 1
        return ValueError(f"line {line}: {message}")

    def skip(self):
        """Skip white space; return the character after it, which is not skipped, or "" at the
        end."""
        while self.i < len(self.text) and self.text[self.i] in " \t\r\n":
            self.i += 1
        return self.text[self.i : self.i + 1]

    def expect(self, char):
        """Skip white space and then the character `char`. Raises ValueError if another one
        comes."""
        if self.skip() != char:
            raise self.error(f"a {char} is missing")
        self.i += 1

    def object(self):
        """Read an object that has no objects or lists inside; return it as a dict."""
        found = {}
        self.expect("{")
        if self.skip() == "}":
            self.i += 1
            return found
        while True:
            self.skip()
            key = self.string()
            if key in found:
                raise self.error(f'"{key}" is given twice')
            self.expect(":")
            found[key] = self.value()
            if self.skip() == "}":
                self.i += 1
                return found
            if self.skip() != ",":
                raise self.error("a , or the last } is missing")
            self.i += 1

    def value(self):
        """Skip white space and read a text, number, true, false or null; return it as a str, int,
        float, bool or None."""
        char = self.skip()
        if char == '"':
            return self.string()
        if char and char in "-0123456789":
            return self.number()
        for word in WORDS:
            if self.text[self.i : self.i + len(word)] == word:
                self.i += len(word)
                return WORDS[word]
        raise self.error("a value is a number, true, false, or text in double quotes")

    def string(self):
        """Read a text in double quotes, the first of which comes next; return it without the
        quotes, with its escape sequences replaced."""
        if self.text[self.i : self.i + 1] != '"':
            raise self.error("a name or text in double quotes is missing")
        self.i += 1
        chars = []
        while True:
            char = self.text[self.i : self.i + 1]
            if not char or ord(char) < 32:
                raise self.error('the " that ends a text is missing')
            self.i += 1
            if char == '"':
                return "".join(chars)
            if char == "\\":
                char = self.escape()
            chars.append(char)

    def escape(self):
        """Read an escape sequence after its backslash; return the character that it means."""
        char = self.text[self.i : self.i + 1]
        self.i += 1
        if char in ESCAPES:
            return ESCAPES[char]
        code = self.code() if char == "u" else 0xDC00
        if 0xD800 <= code < 0xDC00 and self.text[self.i : self.i + 2] == "\\u":
            self.i += 2  # the two halves of a character beyond 16 bits
            low = self.code() - 0xDC00
            code = 0x10000 + ((code - 0xD800) << 10) + low if 0 <= low < 0x400 else 0xDC00
        if 0xD800 <= code < 0xE000:
            raise self.error("a backslash is followed by something that is no character")
        return chr(code)

    def code(self):
        """Read four hexadecimal digits; return their value as an int."""
        digits = self.text[self.i : self.i + 4]
        if len(digits) < 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self.error("four hexadecimal digits follow \\u")
        self.i += 4
        return int(digits, 16)

    def digits(self):
        """Read one digit or more; return them as text."""
        first = self.i
        while self.i < len(self.text) and self.text[self.i] in "0123456789":
            self.i += 1
        if self.i == first:
            raise self.error("a digit is missing")
        return self.text[first : self.i]

    def number(self):
        """Read a number; return an int if its value is whole, otherwise a float. Raises ValueError
        also for more than 24 characters, or an exponent beyond -30 … 30."""
        first = self.i
        negative = self.text[first] == "-"
        self.i += negative
        whole = self.digits()
        if len(whole) > 1 and whole[0] == "0":
            raise self.error("a number must not begin with 0")
        fraction = ""
        exponent = 0
        if self.text[self.i : self.i + 1] == ".":
            self.i += 1
            fraction = self.digits()
        if self.text[self.i : self.i + 1] in ("e", "E"):
            self.i += 1
            sign = self.text[self.i : self.i + 1]
            self.i += sign in ("+", "-")
            exponent = int(self.digits()[:9])
            if sign == "-":
                exponent = -exponent
        text = self.text[first : self.i]
        if len(text) > _LONGEST_NUMBER or not -_GREATEST_EXPONENT <= exponent <= _GREATEST_EXPONENT:
            raise self.error(f"the number {text[:_LONGEST_NUMBER]} is too long or too large")
        # Use ints: floats of 32 and 64 bits disagree about which values are whole.
        fraction = fraction.rstrip("0")
        digits = int(whole + fraction)
        shift = exponent - len(fraction)
        while shift < 0 and digits % 10 == 0 and digits:
            digits //= 10
            shift += 1
        if digits and shift < 0:
            return float(text)
        found = digits * 10**shift if digits else 0
        return -found if negative else found
