"""Decode the bytes of a list, from any program, to text."""

import codecs
import json
import re
import unicodedata
from dataclasses import dataclass

import chardet

from tools.host.errors import ToolError

MARKS = {  # the mark of UTF-32-LE comes before UTF-16-LE's, which is its beginning
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# The encodings of chardet that lists may have: Windows, East Asia, Unix, DOS, Mac.
LEGACY = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("cp874", "cp932", "euc_jis_2004", "cp949", "gb18030", "big5hkscs"),
    *("koi8-r", "koi8-u", "iso8859-2", "cp437", "cp850", "cp852", "cp866"),
    *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish"),
)
JAPANESE = ("cp932", "euc_jp")
NEARLY = 0.9  # candidates with so much of the best confidence are compared by their text
USUAL = "Windows-1252"

# Files that are no text, by their first bytes: (the kind of file, the remedy).
EXPORT = "save it as CSV in UTF-8 from the program that made it"
FORMATS = {
    b"PK\x03\x04": ("an Excel, Word or zip file", EXPORT),
    b"\xd0\xcf\x11\xe0": ("an Excel or Word file", EXPORT),
    b"%PDF": ("a PDF", "copy its names into a text file"),
    b"{\\rtf": ("rich text", "save it as plain text in UTF-8"),
    b"\x1f\x8b": ("compressed", "unpack it with gunzip"),
    b"\x89PNG": ("a picture", "give a text file with one name on each line"),
    b"SQLite format": ("a database", "export the column of names as text"),
}


@dataclass
class Decoded:
    """The text of a file and the name of its encoding. Bytes that are no text become surrogates or
    U+FFFD in the text. `guessed` is True if the encoding was guessed from the letters."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data, encoding=None):
    """Decode a file's bytes; return a Decoded. `encoding` is a name of Python's, or None to
    recognise it. Raises ToolError if the file is no list (such as a PDF, a web page or JSON), is
    not in the named encoding or in any usual one, or if there is no encoding of that name."""
    for magic, (kind, remedy) in FORMATS.items():
        if data.startswith(magic):
            raise ToolError(f"The file is {kind}, not a list: {remedy}.")
    decoded = _named(data, encoding) if encoding else _recognised(data)
    _refuse_code(decoded.text)
    return decoded


def _named(data, encoding):
    """Decode with the encoding that the user named."""
    try:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding)
    except LookupError as error:
        raise ToolError(
            f"There is no encoding {encoding}: name one such as utf-8, utf-16, cp1252 or gbk."
        ) from error
    except UnicodeError as error:
        raise ToolError(
            f"The file is not in {encoding} ({error}): name another, or leave it to be recognised."
        ) from error


def _recognised(data):
    """Decode by a byte order mark, as UTF-8, as UTF-16 without a mark, or as a legacy encoding."""
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
            return Decoded(data.decode(encoding, errors), encoding.removesuffix("-sig"))
    if encoding := _utf16(data):
        return Decoded(data.decode(encoding, "replace"), encoding)
    if _is_utf8(data):
        return Decoded(data.decode("utf-8", "surrogateescape"), "utf-8")
    encoding = _legacy(data)
    if encoding is None:
        raise ToolError("The file is not text in any usual encoding: save the list as UTF-8.")
    return Decoded(data.decode(encoding), encoding, guessed=True)


def _utf16(data):
    """Return the byte order of UTF-16 without a mark, as an encoding, or None if this is not
    UTF-16. In UTF-16, line ends have a zero beside them; without line ends, most other bytes do."""
    ends = [i for i, byte in enumerate(data) if byte in b"\r\n"]
    for encoding, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        good = sum(i % 2 != zero and data[i ^ 1 : (i ^ 1) + 1] == b"\0" for i in ends)
        if ends and good >= 0.5 * len(ends):
            return encoding
        if not ends and data and data[zero::2].count(0) >= 0.9 * (len(data) // 2):
            return encoding
    return None


def _is_utf8(data):
    """Return True if at least half of the lines beyond ASCII are UTF-8; the others are then
    damaged."""
    good = bad = 0
    for line in re.split(rb"[\r\n]+", data):
        if not line.isascii():
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad += 1
    return good >= bad


def _legacy(data):
    """Return the likeliest encoding, or None."""
    for name in JAPANESE:  # whose syllables chardet takes for anything else
        if _kana(data, name) >= 0.5:
            return name
    found = chardet.detect_all(data, ignore_threshold=True, include_encodings=LEGACY)
    candidates = []
    for place, candidate in enumerate(found):
        name = candidate["encoding"]
        if candidate["confidence"] < NEARLY * found[0]["confidence"] or not name:
            break
        try:
            text = data.decode(name)
        except (UnicodeError, LookupError):
            continue
        if not text.isprintable() and _controls(text) * 20 > len(text):
            continue
        candidates.append((_oddities(text), name != USUAL, place, name))
    return min(candidates)[-1] if candidates else None


def _kana(data, encoding):
    """Return the share of Japanese syllables in what is beyond ASCII, 0 if it cannot be decoded."""
    try:
        foreign = [char for char in data.decode(encoding) if ord(char) > 127]
    except UnicodeError:
        return 0
    return sum("\u3041" <= char <= "\u30ff" for char in foreign) / max(1, len(foreign))


def _controls(text):
    """Return the number of control characters besides white space."""
    return sum(unicodedata.category(char) == "Cc" and not char.isspace() for char in text)


def _oddities(text):
    """Count oddities beyond ASCII that names do not have, but text in a wrong encoding does: a
    sign, a capital after a small letter, a Chinese character beside a Korean one."""
    pairs = zip(" " + text, text, strict=False)
    return sum(
        unicodedata.category(char)[0] not in "LM"
        or (char.isupper() and before.islower())
        or {_script(before), _script(char)} == {"HANGUL", "CJK"}
        for before, char in pairs
        if ord(char) > 127
    )


def _script(char):
    """Return the first word of a character's Unicode name; for a letter this is the script."""
    return unicodedata.name(char, "").split(" ")[0]


def _refuse_code(text):
    """Raise ToolError for a web page, or for JSON."""
    start = text.lstrip()[:1000].lower()
    if re.match(r"<(!doctype|html|head|body|table|\?xml|svg)\b", start):
        raise ToolError("The file is a web page or XML, not a list: save the names alone, as text.")
    if start[:1] in ("[", "{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return
        raise ToolError("The file is JSON, not a list: write each name on a line, without quotes.")
