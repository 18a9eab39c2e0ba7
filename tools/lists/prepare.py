"""Read a user's list, and write the names file and the listing for a board."""

import os
import random
from array import array
from binascii import crc32
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from esp32gpt import listing
from esp32gpt.config import Config
from esp32gpt.dataset import is_held_out
from esp32gpt.lines import LONGEST
from esp32gpt.tokenizer import Tokenizer

from tools.host.errors import ToolError
from tools.lists import decode, letters, report, split
from tools.lists.choices import Choices
from tools.lists.normalise import normalise

SEED = 42


@dataclass
class Source:
    """A user's list: its path, its Decoded, and its Kept. `raw` is the list of its lines as
    written. `lines` are the texts in these lines, or the cells of the chosen column, in the form
    that is learned, with those that cannot be used; `cased` are the same with their capitals."""

    path: Path
    decoded: decode.Decoded
    raw: list
    lines: list
    cased: list
    kept: letters.Kept


def read(path, choices):
    """Read a text file according to the Choices; return its Source. Raises ToolError if the file
    cannot be read or has no usable name."""
    path = Path(path)
    if path.is_dir():
        raise ToolError(f"{path} is a directory: give a text file with one name a line.")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ToolError(
            f"There is no file {path}: give a text file with one name a line."
        ) from error
    except OSError as error:
        raise ToolError(
            f"Cannot read {path} ({error.strerror or error}): give a text file that you may read."
        ) from error
    try:
        return look_through(path, data, choices)
    except ToolError as error:
        raise ToolError(f"{path}: {error}") from error


def look_through(path, data, choices):
    """Return the Source of these bytes, according to the Choices; `path`, a Path or a text, is only
    noted in it. Raises ToolError if they are no list, lack the chosen column, or have no usable
    name."""
    decoded = decode.decode(data, choices.encoding)
    raw = split.lines(decoded.text)
    column = choices.column
    chosen = split.names(raw) if column is None else split.column(raw, column)
    cased = [normalise(name, keep_case=True) for name in chosen]
    lines = cased if choices.keep_case else [normalise(name) for name in chosen]
    kept = letters.choose(lines, choices.letters)
    source = Source(path, decoded, raw, lines, cased, kept)
    if not kept.names:
        raise ToolError(why_nothing(source, choices))
    return source


def why_nothing(source, choices):
    """Return the message for a source of which no name can be used: empty, or all lines skipped."""
    if source.kept.survey.lines:
        return "No line can be used: " + report.skipped(source, choices, Config()) + "."
    return "It has no name: it needs one name on each line."


def list_of(source, choices, config):
    """Return the Listing for the names of a Source, with its remarks. Its numbers are exact.
    `config` is the Config of the model, for the memory in the remarks."""
    kept = source.kept
    found = kept.survey.listing(kept.letters, report.two_remarks(source, choices, config))
    # In a long list, a Survey only estimates these.
    different = set(kept.names)
    found.different = len(different)
    found.held_out = held_out(different, kept.letters)
    found.exact = True
    return found


def held_out(names, alphabet):
    """Return how many of these names would be held out from training. `names` are different texts
    with only letters of the alphabet, a text."""
    tokenizer = Tokenizer(alphabet)
    tokens = array("i", [0] * (LONGEST + 2))
    count = 0
    for name in names:
        utf8 = name.encode()
        count += is_held_out(tokens, tokenizer.encode(utf8, 0, len(utf8), tokens))
    return count


def prepare(source, dest, choices=None, config=None):
    """Write the usable names of a text file to `dest`, shuffled, and their listing beside it;
    return a list of the lines of a report.

    The names file depends only on the names, not on their order in the source. It replaces an
    earlier file; if `dest` already has this content, it is not written. `choices` are the Choices,
    and `config` is the Config of the model that will learn the names; both have defaults. Raises
    ToolError if the source has no usable name, would be overwritten, or if a file cannot be
    written.
    """
    choices = choices or Choices()
    config = config or Config()
    for written in (dest, listing.beside(str(dest))):
        with suppress(OSError):
            if os.path.samefile(source, written):
                raise ToolError(f"{source} would be overwritten: write to another file.")
    found = read(source, choices)
    return save(found, dest, choices, config)


def save(source, dest, choices, config):
    """Shuffle the names of a Source into the file `dest`, and write their listing beside it, over
    earlier files; return a list of the lines of a report. Raises ToolError if a file cannot be
    written, or `dest` has the name of a listing (.alphabet)."""
    dest = Path(dest)
    beside = Path(listing.beside(str(dest)))
    if beside == dest:
        raise ToolError(f"{dest} is where the alphabet belongs: name another file for the names.")
    # Sort first: then the order in the source does not matter, and preparing twice changes nothing.
    names = sorted(source.kept.names)
    random.Random(SEED).shuffle(names)
    data = "".join(f"{name}\n" for name in names).encode()
    found = list_of(source, choices, config)
    write(dest, data)
    write(beside, listing.render((len(data), crc32(data), listing.HOST), found))
    return report.report.lines(str(source.path), found, config, listing.BARE_BYTES)


def write(path, data):
    """Write the bytes to `path`, a Path: the whole file or nothing. Creates its folder, and leaves
    a file that already has this content alone. Raises ToolError if it cannot be written."""
    # Refuse directories, and also /dev/null, which root would replace with a list of names.
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
