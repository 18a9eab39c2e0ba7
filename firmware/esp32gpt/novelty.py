"""Find out which names are new. This module is in memory only meanwhile."""

from array import array

from .dataset import open_list
from .lines import LONGEST, Lines


def known(path, names, tokenizer):
    """Return the set of those names that are in the file at `path`. `names` are texts in the form
    that Tokenizer.decode returns. Raises DatasetError if the file is missing or empty."""
    wanted = {name for name in names if name}
    utf8 = [name.encode() for name in wanted]
    fold = not any("A" <= letter <= "Z" for letter in tokenizer.alphabet)
    lines = Lines(open_list(path), 512)
    tokens = array("i", [0] * (LONGEST + 2))
    found = set()
    for block in range(lines.blocks):
        lines.read(block)
        text = bytes(lines.buffer)
        text = text.lower() if fold else text
        if any(name in text for name in utf8):  # a fast test, mostly false
            for i in range(lines.count):
                T = tokenizer.encode(lines.buffer, lines.starts[i], lines.ends[i], tokens)
                name = tokenizer.decode(memoryview(tokens)[1:T])
                if name in wanted:
                    found.add(name)
    lines.close()
    return found
