"""Choose the letters of a list with the library's code, and keep the names with these letters."""

import io
from array import array
from dataclasses import dataclass

from esp32gpt import alphabet, listing
from esp32gpt.lines import LONGEST, Lines
from esp32gpt.survey import Survey
from esp32gpt.tokenizer import Tokenizer

ANY = 0x110000  # the number of characters in Unicode: no limit


@dataclass
class Kept:
    """The names that are kept, a list in the order of the lines and with repeats, their letters, a
    text in the order of code points, and the Survey of all lines."""

    names: list
    letters: str
    survey: Survey


def as_file(lines):
    """Return the library's Lines of a list of texts, without having read a block. Bytes that were
    no text become bytes again."""
    text = "".join(f"{line}\n" for line in lines)
    return Lines(io.BytesIO(text.encode("utf-8", "surrogateescape")), listing.BLOCK)


def choose(lines, most):
    """Return the Kept of a list of normalised lines. Its letters are the most frequent ones, at
    most `most`, without those that occur less than once in 1000 names. Its names have only these
    letters. Without any letter there are no names."""
    file = as_file(lines)
    letters, survey = alphabet.choose(file, False, most, ANY)
    return Kept(list(written(file, Tokenizer(letters))) if letters else [], letters, survey)


def written(file, tokenizer):
    """Yield the names in Lines that have only the tokenizer's letters, as texts in the form that is
    learned. Reads all blocks of the Lines."""
    tokens = array("i", [0] * (LONGEST + 2))
    for block in range(file.blocks):
        file.read(block)
        for i in range(file.count):
            T = tokenizer.encode(file.buffer, file.starts[i], file.ends[i], tokens)
            if T:
                yield tokenizer.decode(tokens[1:T])
