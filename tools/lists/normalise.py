"""Bring a line into the form that is learned."""

import re
import unicodedata

from esp32gpt.lines import LONGEST
from esp32gpt.tokenizer import NOTHING, PASSED

PRESENTATION = re.compile("[\ufb00-\ufdff\ufe70-\ufefc]")  # ligatures, Arabic presentation forms


def format_characters():
    """Yield the characters, as texts, that the board leaves out, from the packed table of the
    tokenizer."""
    for first, last, kind in zip(PASSED[::3], PASSED[1::3], PASSED[2::3], strict=True):
        for packed in range(first, last + 1):
            utf8 = bytearray(packed.to_bytes(2 if packed < 0x2000 else 3, "big"))
            utf8[0] |= 0xC0
            if kind == NOTHING:
                yield utf8.decode()


FORMAT = dict.fromkeys(map(ord, format_characters()))


def normalise(line, keep_case=False):
    """Return a line without format characters, with ligatures written out, with each letter and its
    accents as one character if Unicode has it (NFC), and in small letters unless `keep_case`. A
    line of more than LONGEST bytes in UTF-8, too long for a name, stays as it is."""
    if len(line) * 4 > LONGEST and len(line.encode("utf-8", "surrogateescape")) > LONGEST:
        return line
    line = PRESENTATION.sub(_written_out, line.translate(FORMAT))
    line = unicodedata.normalize("NFC", line)
    return line if keep_case else fold(line)


def _written_out(found):
    return unicodedata.normalize("NFKC", found[0])


def fold(line):
    """Return the line in small letters and in NFC. The dotted capital I becomes i, without a second
    dot, and so does an i with a combining dot."""
    line = line.replace("\u0130", "i").lower().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", line)


def count_format(text):
    """Return the number of format characters in a text, without a byte order mark at the start."""
    return len(text.removeprefix("\ufeff")) - len(text.removeprefix("\ufeff").translate(FORMAT))
