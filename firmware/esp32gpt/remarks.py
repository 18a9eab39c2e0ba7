"""Write remarks about a list: the problems in it, and the remedies."""

from . import utf8
from .compat import const
from .lines import LONGEST
from .listing import MOST, is_letter
from .report import plural
from .survey import CONTROL, ENCODING, LETTERS, TOO_LONG

WORDS = {
    LETTERS: "with other letters",
    ENCODING: "that are not UTF-8",
    CONTROL: "with control characters",
    TOO_LONG: f"longer than {LONGEST} bytes",
}
TOO_RARE = "letters that occur less than once in 1000 names are not learned"
ONE_A_LINE = f"put one name of at most {LONGEST} bytes on each line"
_SHOWN = const(24)  # characters of an example or of an alphabet
_SEPARATORS = const(';,|"<{')  # a file with one of these in most of its lines is a table, or code
HEADERS = ("name", "names", "title", "word", "words", "smiles")

# Ranges of capitals with a small letter, of combining accents, and of ligatures. A board cannot
# change these. (first, last, 1 for all characters in the range or 2 for every second one).
TABLES = (
    (0xC0, 0xD6, 1),
    (0xD8, 0xDE, 1),
    (0x100, 0x136, 2),
    (0x139, 0x147, 2),
    (0x14A, 0x176, 2),
    (0x178, 0x179, 1),
    (0x17B, 0x17D, 2),
    (0x300, 0x36F, 1),
    (0x386, 0x386, 1),
    (0x388, 0x38F, 1),
    (0x391, 0x3AB, 1),
    (0x400, 0x42F, 1),
    (0x531, 0x556, 1),
    (0x1E00, 0x1EFE, 2),
    (0xFB00, 0xFDFF, 1),
    (0xFE70, 0xFEFC, 1),
)


def of_board(path, letters, found, first, given):
    """Return a list of two remarks about a list of names that a board has looked through: one about
    skipped lines, and one about names that the host would read better. Each is a text, or "".

    `letters` is the alphabet, `found` the Survey, and `first` the first line as bytes. `given` is
    true if the letters are those of a saved model.
    """
    deploy = f"`make deploy NAMES={path}`"
    if given:
        rare = "the saved model does not know these: `make deploy FRESH=1` begins a new one"
    elif found.common > MOST:
        rare = f"{deploy} with LETTERS={found.common} takes all letters that are not rare"
    else:
        rare = TOO_RARE
    skipped_lines = skipped(found, remedies(path, rare))
    hints = about_table(letters, found, first)
    if any(needs_tables(letter) for letter in letters) and not given:
        hints.append(f"only {deploy} folds capitals beyond A to Z and composes accents")
    return [skipped_lines, "; ".join(hints)]


def remedies(path, rare):
    """Return a dict {reason to skip a line: text with the remedy}; `rare` is the remedy for other
    letters."""
    converted = f"save the list as UTF-8, or have it converted by `make deploy NAMES={path}`"
    return {LETTERS: rare, ENCODING: converted, CONTROL: converted, TOO_LONG: ONE_A_LINE}


def skipped(found, remedies):
    """Return a remark with the number of skipped lines for each reason, and the remedy for the most
    frequent reason; or "" if no line was skipped. `found` is a Survey, and `remedies` the dict of
    the function `remedies`."""
    parts = sorted((-n, reason) for reason, n in found.skipped.items())
    if not parts:
        return ""
    said = [f"{-n} {WORDS[reason]}{example(found.examples[reason])}" for n, reason in parts]
    total = -sum(n for n, _ in parts)
    lines = plural(found.lines, "line")
    return f"skipped {total} of {lines}: {', '.join(said)}; {remedies[parts[0][1]]}"


def about_table(letters, found, first):
    """Return a list of hints as texts, often empty: most lines are no plain names, or the first
    line is a title. `letters` is the alphabet, `found` the Survey, and `first` the first line as
    bytes."""
    hints = []
    if found.tabs * 10 >= found.names * 9:
        hints.append("most lines have tabs: the text before the first tab is used as the name")
    for separator in _SEPARATORS:
        i = letters.find(separator)
        if i >= 0 and found.counts.get(i + 1, 0) * 10 >= found.names * 9:
            hints.append(
                f"most lines contain {separator}{example(first)}: if this is a table, "
                "`make deploy` with COLUMN=1 or a title takes one column"
            )
            break
    if not hints and first.lower() in [title.encode() for title in HEADERS]:
        hints.append(f"the first line{example(first)} looks like a title: delete it if it is")
    return hints


def needs_tables(letter):
    """Return True if only a host can change this one character: a capital beyond A to Z, a
    combining accent or a ligature. Return False for all others; a small letter with an accent needs
    no change."""
    code = ord(letter)
    return any(first <= code <= last and not (code - first) % step for first, last, step in TABLES)


def nothing(path, found):
    """Return the message for a names file of which no name can be used: it is empty, or all lines
    are skipped, with the remedy for the most frequent reason. `found` is its Survey."""
    if not found.lines:
        return f"{path} has no name: it needs one name on each line, in UTF-8"
    return f"{path} has no name that can be used: " + skipped(found, remedies(path, TOO_RARE))


def other_letters(path, given, own):
    """Return the message for a list in another script than the saved model's. `given` are the
    model's letters, `own` those of the list at `path`."""
    return (
        f"the saved model knows the letters {quote(given)}, and {path} is written in {quote(own)}: "
        "take the list that it learned from, or begin a new model with `make deploy FRESH=1` "
        "(by hand: rename esp32gpt.ckpt and esp32gpt.ckpt.old)"
    )


def too_many(most):
    """Return the message for a list with too many different characters to count."""
    return (
        f"the list has more than {most} different characters: "
        "`make deploy NAMES=file LETTERS=n` chooses n of them"
    )


def example(line):
    """Return a space and the line in quotes and parentheses, such as " ('emma')", or "" for an
    empty line. The line is given as bytes; if it is not UTF-8, bytes beyond ASCII are escaped. It
    is shortened as by `quote`."""
    if not line:
        return ""
    try:
        text = utf8.decode(line)
    except UnicodeError:
        text = "".join(chr(code) if code < 128 else f"\\x{code:02x}" for code in line)
    return f" ({quote(text)})"


def quote(text):
    """Return the text in single quotes. Of a text with more than 27 characters only the first 24
    and "..." are shown; control characters are escaped."""
    shown = text if len(text) <= _SHOWN + 3 else text[:_SHOWN] + "..."
    return "'" + "".join(c if is_letter(c) else f"\\x{ord(c):02x}" for c in shown) + "'"
