"""The user's choices for reading a list, and the command-line options for them."""

from dataclasses import dataclass

from esp32gpt.listing import MOST

from tools.host.errors import ToolError

MOST_LETTERS = 1000  # with so many, the default shape needs more memory than an ESP32 has


@dataclass(frozen=True)
class Choices:
    """How to read a list. `keep_case` keeps capitals, and `letters` is the most letters that the
    alphabet may have. `encoding` is a name of Python's, or None to recognise it. `column` is the
    number (from 1) or the title of a table's column, as text, or None if the list is no table.

    Raises ToolError for an impossible number of letters.
    """

    keep_case: bool = False
    letters: int = MOST  # the most letters in the alphabet
    encoding: str | None = None  # None: recognise it
    column: str | None = None  # the number or title of a table's column; None: no table

    def __post_init__(self):
        if not 1 <= self.letters <= MOST_LETTERS:
            raise ToolError(
                f"An alphabet cannot have {self.letters} letters: choose from 1 to {MOST_LETTERS}."
            )


def add_options(parser):
    """Add the options that `of` reads to an ArgumentParser."""
    parser.add_argument("--keep-case", action="store_true", help="do not fold to small letters")
    parser.add_argument(
        "--letters",
        type=int,
        default=MOST,
        help="how many letters the alphabet has at most, %(default)s by default",
    )
    parser.add_argument("--encoding", help="of the list, such as cp1252; otherwise recognised")
    parser.add_argument("--column", help="the number or title of a table's column of names")


def of(options):
    """Return the Choices of a parsed command line, with the options of `add_options`. Raises
    ToolError as Choices does."""
    return Choices(options.keep_case, options.letters, options.encoding, options.column)
