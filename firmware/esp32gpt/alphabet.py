"""The alphabet of a names file: its characters, but for those too rare to be learned.

Beside NAME.txt may lie NAME.alphabet, UTF-8 text of two lines: the size in bytes of the names
file that it was made for, and the alphabet, every character once, in the order of the token
ids, which is that of the code points. Preparing a list writes it, or else the board.
"""

from .dataset import DatasetError

LETTERS = 64  # each is a token, which costs the chip memory
LARGEST = 4096  # bytes of a stored alphabet; a larger one is none
RARE = 1000  # a character that occurs less than once in so many lines is left out
DIFFERENT = 512  # characters that a board has the memory to count
BLOCK = 1024  # bytes read at once; a line of three is no name
NOT_UTF8 = b"\xff"

# What MicroPython also reads as UTF-8, from one sequence of bytes up to another: overlong forms,
# surrogates, and more than Unicode has.
MISREAD = (
    (b"\xc0", b"\xc2"),
    (b"\xe0", b"\xe0\xa0"),
    (b"\xed\xa0", b"\xee"),
    (b"\xf0", b"\xf0\x90"),
    (b"\xf4\x90", b"\xff"),
)


def load(path, fold=True, most=LETTERS):
    """The alphabet of the names file at path, as a string.

    That of the file beside it, if it was made for this one; else `fold` reads ASCII capitals
    as small letters, `most` is its length at most, and it is stored there, where that works.
    Raises DatasetError if the file is missing or has no character to learn.
    """
    stored = beside(path)
    counts = {}
    letters = ""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            letters = _read(stored, size)
            if not letters:
                file.seek(0)
                counts = count(file, fold, DIFFERENT)
    except OSError:
        size = -1
    if size < 0:
        raise DatasetError(f"no names file at {path}: `make deploy` puts one there")
    if not size:
        raise DatasetError(f"{path} is empty: it needs one name a line")
    if len(counts) > DIFFERENT:
        raise DatasetError(
            f"{path} has more than {DIFFERENT} different characters: `make deploy NAMES=...` "
            "chooses among them"
        )
    if not letters:
        letters = choose(counts, most)
        if not letters:
            raise DatasetError(f"{path} has no usable name: it needs one name a line, in UTF-8")
        try:
            if stored != path:
                with open(stored, "wb") as file:
                    file.write(render(size, letters))
        except OSError:  # read-only or full: it is found again the next time
            pass
    return letters


def beside(path):
    """The path of the alphabet that belongs to a names file."""
    dot = path.rfind(".")
    return (path[:dot] if dot > path.rfind("/") + 1 else path) + ".alphabet"


def render(size, letters):
    """What is stored. Its last newline says that nothing is missing."""
    return f"{size}\n{letters}\n".encode()


def _read(path, size):
    """The alphabet stored at path for a names file of that size; "" if there is none."""
    try:
        with open(path, "rb") as file:
            length = file.seek(0, 2)
            file.seek(0)
            data = file.read(length) if length < LARGEST else b""
    except OSError:
        return ""
    lines = str(data, "utf-8").split("\n") if _characters(data) else ()
    if len(lines) != 3 or lines[0] != str(size) or lines[2]:
        return ""
    previous = ""
    for char in lines[1]:
        if char <= previous or not is_letter(char):
            return ""
        previous = char
    return lines[1]


def choose(counts, most):
    """The alphabet that follows from `count`: the most frequent characters, at most so many."""
    lines = counts.get(b"\n", 0)
    common = [
        (-n, char)
        for char, n in counts.items()
        if n * RARE >= lines and is_letter(str(char, "utf-8"))
    ]
    return str(b"".join(sorted(char for _, char in sorted(common)[:most])), "utf-8")


def is_letter(char):
    """Whether it can be a letter of an alphabet, as control characters, the byte order mark and
    the sign for what was no character cannot."""
    code = ord(char)
    return code >= 32 and not 127 <= code < 160 and code not in (0xFEFF, 0xFFFD)


def count(file, fold, limit=0x110000):
    """{character, as bytes: how often it occurs} in an open binary file; b"\\n" counts its lines.

    Lines that are not UTF-8 are left out, and those of three blocks or more. Ends early at more
    than `limit` different characters.
    """
    counts = {}
    rest = b""  # the beginning of a line
    while len(counts) <= limit:
        data = file.read(BLOCK)
        if not data:
            if rest:
                _add(counts, rest + b"\n")
            break
        if fold:
            data = data.lower()
        end = data.rfind(b"\n") + 1
        if end:
            _add(counts, rest + data[:end])
            rest = data[end:]
        else:
            rest = rest + data if len(rest) < BLOCK else NOT_UTF8
    return counts


def _add(counts, lines):
    """Add the characters of whole lines."""
    found = _characters(lines)
    if found is not None:
        for char, n in found:
            counts[char] = counts.get(char, 0) + n
    elif lines.count(b"\n") > 1:
        for line in lines.split(b"\n")[:-1]:
            _add(counts, line + b"\n")


def _characters(utf8):
    """[(character, how often it occurs)], as bytes; None if these bytes are not UTF-8.

    As strings, MicroPython would keep every character in its memory for good.
    """
    try:
        str(utf8, "utf-8")
    except UnicodeError:
        return None
    found = []
    while utf8:
        first = utf8[0]
        char = utf8[: 1 if first < 128 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4]
        if first >= 128 and any(low <= char < high for low, high in MISREAD):
            return None
        # This is a loop in C: one in bytecode over all bytes takes far longer.
        others = utf8.replace(char, b"")
        found.append((char, (len(utf8) - len(others)) // len(char)))
        utf8 = others
    return found
