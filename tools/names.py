"""Lists of names for training: `prepare` makes any text file into one that the board can read
from beginning to end, `fetch` downloads the list that makemore and microgpt are trained on.

A prepared file holds one name a line, a to z, each line ended by one newline. It is shuffled,
because training reads it in order, and a list sorted by letter or by popularity would teach
one kind of name after another.
"""

import argparse
import hashlib
import http.client
import io
import os
import random
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime import ROOT, ToolError, run_tool

MAKEMORE = (
    "https://raw.githubusercontent.com/karpathy/makemore/"
    "988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt"
)
SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
LARGEST = 1 << 20  # bytes read from the network; the list has a quarter of that

SEED = 42
LONGEST = 64  # letters; a longer line is no name, more likely a file without line ends
EXAMPLES = 3
EXAMPLE_LENGTH = 24


@dataclass
class Report:
    """What was kept of a list, and what was not; as a string, one line in ASCII."""

    kept: int = 0
    folded: int = 0  # of those kept: had capitals
    blank: int = 0
    other: int = 0  # lines with a character that is no letter from a to z
    long: int = 0
    examples: list = field(default_factory=list)  # the first of the `other` lines

    def __str__(self):
        line = f"names: {self.kept:,} kept"
        if self.folded:
            line += f", {self.folded:,} folded to lower case"
        skipped = self.skipped()
        return f"{line}; skipped {skipped}" if skipped else line

    def skipped(self):
        """The lines that were left out, in words; empty if there were none."""
        parts = []
        if self.blank:
            parts.append(f"{self.blank:,} blank")
        if self.other:
            # Escaped: it may be another encoding's bytes, and goes to any terminal.
            shown = [ascii(example) for example in self.examples]
            if self.other > len(shown):
                shown.append("...")
            parts.append(f"{self.other:,} with other characters ({', '.join(shown)})")
        if self.long:
            parts.append(f"{self.long:,} longer than {LONGEST} letters")
        return ", ".join(parts)


def read_names(source):
    """The usable names of a text file, in its order and with its duplicates, and the Report.

    Raises ToolError if the file cannot be read or has no usable name.
    """
    source = Path(source)
    if source.is_dir():
        raise ToolError(f"{source} is a directory: give a text file with one name a line.")
    try:
        with open(source, "rb") as file:
            names, report = _sift(file)
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
        raise ToolError(
            f"{source} has no usable name ({found}): put one name a line, of the letters a to z, "
            "and save it as UTF-8."
        )
    return names, report


def prepare(source, dest):
    """Write the usable names of a text file to `dest`, shuffled; returns the Report.

    The result depends on nothing but the names: their order in the source does not matter. A
    `dest` that already is that result is left untouched. Raises ToolError.
    """
    names, report = read_names(source)
    with suppress(OSError):
        if os.path.samefile(source, dest):
            raise ToolError(f"{source} would overwrite itself: write to another file.")
    _save(names, dest)
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
    _save(names, dest)
    return report


def _sift(file):
    """The names of a binary file's lines, and the Report. Lines end in LF, CRLF or CR."""
    names = []
    report = Report()
    # A byte that is not UTF-8 becomes U+FFFD, which is no letter: its line is skipped.
    for line in io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace"):
        name = line.strip()
        if not name:
            report.blank += 1
        # ASCII is asked first: elsewhere in Unicode lower() can produce an a-z letter.
        elif not (name.isascii() and name.isalpha()):
            report.other += 1
            if len(report.examples) < EXAMPLES:
                report.examples.append(name[:EXAMPLE_LENGTH])
        elif len(name) > LONGEST:
            report.long += 1
        else:
            names.append(name.lower())
            report.folded += name != names[-1]
    report.kept = len(names)
    return names, report


def _save(names, dest):
    """Shuffle the names into `dest`, all of it or nothing."""
    dest = Path(dest)
    # A directory, but also /dev/null, which root would replace with a list of names.
    if dest.exists() and not dest.is_file():
        raise ToolError(f"{dest} is not an ordinary file: name another to write to.")
    # Sorted first, so that preparing a prepared file changes nothing.
    names = sorted(names)
    random.Random(SEED).shuffle(names)
    data = "".join(f"{name}\n" for name in names).encode()
    partial = dest.with_name(f"{dest.name}.{os.getpid()}.part")
    try:
        if dest.exists() and dest.read_bytes() == data:
            return
        dest.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, dest)
    except OSError as error:
        raise ToolError(
            f"Cannot write {dest} ({error.strerror or error}): choose a file that you may write, "
            "on a disk with room."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("prepare", help="clean and shuffle a list of names")
    command.add_argument("source", help="a text file, one name a line")
    command.add_argument("dest", help="the file to write")
    command = commands.add_parser("fetch", help="download the makemore list and prepare it")
    command.add_argument("dest", nargs="?", default=ROOT / "data" / "makemore.txt")
    command.add_argument("--url", default=MAKEMORE, help="where it is; a mirror or a file:// URL")
    options = parser.parse_args()
    if options.command == "prepare":
        print(prepare(options.source, options.dest))
    else:
        print(fetch(options.dest, options.url))


if __name__ == "__main__":
    run_tool(main)
