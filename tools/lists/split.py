"""Split text into lines, or take one column of a table."""

import csv
import re

from esp32gpt.remarks import HEADERS

from tools.host.errors import ToolError

SEPARATORS = "\t;,|"
MOST = 0.9  # "most lines" means this share of the lines


def lines(text):
    """Return a list of the lines of a text, without their ends: LF, CR, or both. An end after the
    last line does not begin another one."""
    found = re.split(r"\r\n|\r|\n", text)
    return found if found[-1] else found[:-1]


def names(found):
    """Return a list with the text of each line before its first tab. Spaces and tabs at the start
    of a line stay, and such a tab does not count."""
    return [re.match(r"[ \t]*[^\t]*", line)[0] for line in found]


def separator(found):
    """Return the one of SEPARATORS that is in most lines (MOST of them), which divides them into
    columns, or None. `found` is a list of lines; blank ones do not count."""
    written = [line for line in found if line.strip()]
    best = max(SEPARATORS, key=lambda char: sum(char in line for line in written))
    return best if written and share(written, lambda line: best in line) >= MOST else None


def share(found, is_so):
    """Return the share, from 0 to 1, of lines for which the function `is_so` returns True. `found`
    must not be empty."""
    return sum(map(bool, map(is_so, found))) / len(found)


def column(found, name):
    """Return the cells of a table's column as a list of texts, without spaces at their ends and
    without its title, if the first row has titles. Blank lines are left out; a row that is too
    short gives "". `found` are the lines, and `name` is the column's number, from 1, or its title
    in any case, as text. Raises ToolError if there is no such column or the table cannot be
    read."""
    between = separator(found) or ("," if any("," in line for line in found) else " ")
    try:
        rows = [row for row in csv.reader(found, delimiter=between) if row]
    except csv.Error as error:
        raise ToolError(f"The table cannot be read ({error}): save it as CSV in UTF-8.") from error
    rows = [[cell.strip() for cell in row] for row in rows]
    titles = rows[0] if rows else []
    if name.isdecimal() and 1 <= int(name) <= max(map(len, rows), default=0):
        i = int(name) - 1
        has_titles = _has_titles(rows, i)
    elif name.casefold() in [title.casefold() for title in titles]:
        i = [title.casefold() for title in titles].index(name.casefold())
        has_titles = True
    else:
        shown = ", ".join(f"{i} ({title[:20]})" for i, title in enumerate(titles[:8], 1))
        raise ToolError(f"There is no column {name}: choose among {shown or 'none, it is empty'}.")
    return [row[i] if i < len(row) else "" for row in rows[has_titles:]]


def _has_titles(rows, i):
    """Return True if the first row has titles: a word such as "name", or a word above numbers."""
    if len(rows) < 2:
        return False
    if rows[0][i : i + 1] and is_title(rows[0][i]):
        return True
    width = min(len(row) for row in rows)
    return any(
        not _is_number(rows[0][k]) and all(_is_number(row[k]) for row in rows[1:])
        for k in range(width)
    )


def is_title(text):
    """Return True if the text, in any case and with or without spaces at its ends, is one of
    HEADERS, such as "name" or "title": it is a column's title and not a name."""
    return text.strip().lower() in HEADERS


def _is_number(cell):
    return bool(re.fullmatch(r"[-+]?[\d.,]*\d%?", cell))
