"""Lists of names for training: `prepare` makes any text file into one that the board can read
from beginning to end, `fetch` downloads the list that makemore and microgpt are trained on.

A prepared file holds one name a line, of the letters in the .alphabet file beside it, each line
ended by one newline. It is shuffled, because training reads it in order, and a list sorted by
letter or by popularity would teach one kind of name after another.
"""

import argparse
import hashlib
import http.client
import io
import os
import random
import unicodedata
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from esp32gpt import alphabet

from tools.host.errors import ToolError
from tools.host.paths import DATA

MAKEMORE = (
    "https://raw.githubusercontent.com/karpathy/makemore/"
    "988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt"
)
SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
LARGEST = 1 << 20  # bytes read from the network; the list has a quarter of that

SEED = 42
LONGEST = 64  # characters; a longer line is no name, more likely a file without line ends
EXAMPLES = 3
MOST_LETTERS = 1000  # whose model of the default shape already needs more than an ESP32 has
RARER = 8  # characters shown of those left out
EXAMPLE_LENGTH = 24


@dataclass
class Report:
    """What was kept of a list, and what was not; as a string, a line for each of these."""

    kept: int = 0
    folded: int = 0  # of those kept: had capitals
    blank: int = 0
    other: int = 0  # lines with a character outside the alphabet
    long: int = 0
    examples: list = field(default_factory=list)  # the first of the `other` lines
    letters: str = ""
    rarer: dict = field(default_factory=dict)  # what is not in the alphabet: how often it occurs

    def __str__(self):
        lines = [f"names: {self.kept:,} kept"]
        if self.folded:
            lines[0] += f", {self.folded:,} folded to lower case"
        lines.append(f"alphabet: {characters(len(self.letters))}, {self.letters!r}")
        if self.skipped():
            lines.append(f"skipped: {self.skipped()}")
        if self.rarer:
            shown = sorted(self.rarer.items(), key=lambda item: (-item[1], item[0]))[:RARER]
            listed = ", ".join(f"{char!r} {n:,}" for char, n in shown)
            more = ", ..." if len(self.rarer) > RARER else ""
            lines.append(f"left out as rarer: {characters(len(self.rarer))} ({listed}{more})")
        return "\n".join(lines)

    def skip(self, names):
        """Count names with a character outside the alphabet."""
        self.other += len(names)
        room = EXAMPLES - len(self.examples)
        self.examples += [name[:EXAMPLE_LENGTH] for name in names[:room]]

    def skipped(self):
        """The lines that were left out, in words; empty if there were none."""
        parts = []
        if self.blank:
            parts.append(f"{self.blank:,} blank")
        if self.other:
            # As repr: what a terminal might take for a command is escaped.
            shown = [repr(example) for example in self.examples]
            if self.other > len(shown):
                shown.append("...")
            parts.append(f"{self.other:,} with other characters ({', '.join(shown)})")
        if self.long:
            parts.append(f"{self.long:,} longer than {LONGEST} characters")
        return ", ".join(parts)


def characters(n):
    return f"{n:,} character{'s' * (n != 1)}"


def normalise(line, keep_case=False):
    """A line as it is learned: composed (NFC), trimmed, one space for any white space, and in
    small letters unless the case is kept."""
    name = unicodedata.normalize("NFC", " ".join(line.split()))
    return name if keep_case else unicodedata.normalize("NFC", name.lower())


def read_names(source, keep_case=False, letters=alphabet.LETTERS):
    """The usable names of a text file, in its order and with its duplicates, and the Report.

    `letters` is how many characters the alphabet has at most. Raises ToolError if the file
    cannot be read or has no usable name.
    """
    source = Path(source)
    if not 1 <= letters <= MOST_LETTERS:
        raise ToolError(
            f"An alphabet cannot have {letters} characters: choose from 1 to {MOST_LETTERS}."
        )
    if source.is_dir():
        raise ToolError(f"{source} is a directory: give a text file with one name a line.")
    try:
        with open(source, "rb") as file:
            names, report = _sift(file, keep_case, letters)
    except FileNotFoundError as error:
        raise ToolError(
            f"There is no file {source}: give a text file with one name a line."
        ) from error
    except OSError as error:
        raise ToolError(
            f"Cannot read {source} ({error.strerror or error}): give a text file that you may read."
        ) from error
    if not names:
        found = f"only lines to skip: {report.skipped()}" if report.skipped() else "nothing in it"
        remedy = "put one name a line, and save it as UTF-8"
        if report.rarer:
            remedy = f"allow more than {characters(letters)}, with --letters (make: LETTERS=n)"
        raise ToolError(f"{source} has no usable name ({found}): {remedy}.")
    return names, report


def prepare(source, dest, keep_case=False, letters=alphabet.LETTERS):
    """Write the usable names of a text file to `dest`, shuffled, and their alphabet beside it;
    returns the Report.

    The result depends on nothing but the names: their order in the source does not matter. A
    `dest` that already is that result is left untouched. Raises ToolError.
    """
    names, report = read_names(source, keep_case, letters)
    for written in (dest, alphabet.beside(str(dest))):
        with suppress(OSError):
            if os.path.samefile(source, written):
                raise ToolError(f"{source} would be overwritten: write to another file.")
    _save(names, report.letters, dest)
    return report


def fetch(dest, url=MAKEMORE):
    """Download the makemore list and prepare it into `dest`; returns the Report.

    Only the very bytes that were pinned are accepted, wherever they come from. Raises ToolError.
    """
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            data = response.read(LARGEST)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no URL
        raise ToolError(
            f"Cannot download {url} ({getattr(error, 'reason', error)}): check the network, or get "
            "the file another way and give it with --url file:///path/of/names.txt."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ToolError(
            f"What {url} has is not the makemore list (sha256 {found[:16]}...): try again, "
            "or another mirror with --url."
        )
    names, report = _sift(io.BytesIO(data))
    _save(names, report.letters, dest)
    return report


def _sift(file, keep_case=False, letters=alphabet.LETTERS):
    """The names of a binary file's lines, and the Report. Lines end in LF, CRLF or CR."""
    lines = []  # (name, whether it was folded)
    report = Report()
    # A byte that is not UTF-8 becomes U+FFFD, which is never a letter: its line is skipped.
    for line in io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace"):
        name = normalise(line, keep_case)
        if not name:
            report.blank += 1
        elif len(name) > LONGEST:
            report.long += 1
        elif not all(map(alphabet.is_letter, name)):
            report.skip([name])
        else:
            lines.append((name, name != normalise(line, keep_case=True)))
    counts = _count(name for name, _ in lines)
    report.letters = alphabet.choose(counts, letters)
    # Without the lines that this skips, other characters may have become rare.
    while skipped := [name for name, _ in lines if not set(name) <= set(report.letters)]:
        report.skip(skipped)
        lines = [line for line in lines if set(line[0]) <= set(report.letters)]
        report.letters = alphabet.choose(_count(name for name, _ in lines), letters)
    report.kept = len(lines)
    report.folded = sum(folded for _, folded in lines)
    decoded = {char.decode(): n for char, n in counts.items() if char != b"\n"}
    report.rarer = {char: n for char, n in decoded.items() if char not in report.letters}
    return [name for name, _ in lines], report


def _count(names):
    """As alphabet.count, of a file of these names."""
    return alphabet.count(io.BytesIO(_text(names)), fold=False)


def _text(names):
    return "".join(f"{name}\n" for name in names).encode()


def _save(names, letters, dest):
    """Shuffle the names into `dest`, and write their alphabet beside it."""
    dest = Path(dest)
    beside = Path(alphabet.beside(str(dest)))
    if beside == dest:
        raise ToolError(f"{dest} is where the alphabet belongs: name another file for the names.")
    # Sorted first, so that preparing a prepared file changes nothing.
    names = sorted(names)
    random.Random(SEED).shuffle(names)
    data = _text(names)
    _write(dest, data)
    _write(beside, alphabet.render(len(data), letters))


def _write(path, data):
    """Write all of it or nothing."""
    # A directory, but also /dev/null, which root would replace with a list of names.
    if path.exists() and not path.is_file():
        raise ToolError(f"{path} is not an ordinary file: name another to write to.")
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if path.exists() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise ToolError(
            f"Cannot write {path} ({error.strerror or error}): choose a file that you may write, "
            "on a disk with room."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def add_options(parser):
    """Give a command line the options of `prepare`."""
    parser.add_argument("--keep-case", action="store_true", help="do not fold to lower case")
    parser.add_argument(
        "--letters",
        type=int,
        default=alphabet.LETTERS,
        help="how many characters the alphabet has at most, %(default)s by default",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("prepare", help="clean and shuffle a list of names")
    command.add_argument("source", help="a text file, one name a line")
    command.add_argument("dest", help="the file to write; the alphabet goes beside it")
    add_options(command)
    command = commands.add_parser("fetch", help="download the makemore list and prepare it")
    command.add_argument("dest", nargs="?", default=DATA / "makemore.txt")
    command.add_argument("--url", default=MAKEMORE, help="where it is; a mirror or a file:// URL")
    options = parser.parse_args()
    if options.command == "prepare":
        print(prepare(options.source, options.dest, options.keep_case, options.letters))
    else:
        print(fetch(options.dest, options.url))
