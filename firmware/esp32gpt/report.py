"""The report on a list, printed before training, in at most four lines."""

from . import compat, tables
from .compat import const
from .listing import LEAST

_SHOWN = const(64)  # letters
_GREATEST_BLOCK = const(256)


def lines(path, listing, config, free=None):
    """Return the lines of the report, a list of two to four texts: the number of names, the
    letters, skipped lines, other remarks.

    `path` is that of the names file. `free` is the number of bytes for a model, by default the free
    bytes here.
    """
    name = path[path.rfind("/") + 1 :]
    letters = listing.letters
    shown = letters if len(letters) <= _SHOWN else letters[:_SHOWN] + "..."
    remarks = list(listing.remarks)
    remarks[-1] = "; ".join(part for part in (remarks[-1], cut(listing, config, free)) if part)
    said = [f"{name}: {counts(listing)}", f"letters: {len(letters)}, '{shown}'"]
    return said + [remark for remark in remarks if remark]


def counts(listing):
    """Return a text with the numbers of lines, names, different names and held-out names, and the
    number of letters of the longest name."""
    different = f"{number(listing.different, listing.exact)} different"
    if listing.exact and listing.different == listing.names:
        different = "all different"
    words = f"{plural(listing.lines, 'line')}, {plural(listing.names, 'name')}, {different}"
    if listing.holds_out():
        words += f", {number(listing.held_out, listing.exact)} held out"
    words += f", the longest of {plural(max(listing.lengths), 'letter')}"
    if not listing.holds_out():
        words += "; nothing is held out, because too few names are different "
        words += f"(fewer than {LEAST} would be)"
    return words


def plural(n, word):
    """Return the number n and the noun as text, such as "1 name" or "2 names"."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def number(n, exact):
    """Return a number as text. An estimate (`exact` is false) from 100 on is rounded to two digits,
    as in "about 1200"."""
    if exact or n < 100:
        return str(n)
    zeros = len(str(n)) - 2
    return f"about {(n + 5 * 10 ** (zeros - 1)) // 10**zeros * 10**zeros}"


def cut(listing, config, free):
    """Return a text that says how many names the context cuts, and which block_size holds more; or
    "" if it cuts none. `free` is as in `lines`."""
    T = config.block_size
    too_long = sum(n for length, n in listing.lengths.items() if length >= T)
    if not too_long:
        return ""
    free = free or compat.free_bytes()
    vocab_size = len(listing.letters) + 1
    wanted = min(max(listing.lengths) + 1, _GREATEST_BLOCK)  # the end is a token, too
    holds = "holds all" if wanted < _GREATEST_BLOCK else "holds most"
    needed = needed_bytes(config, vocab_size, wanted)
    words = f"{too_long} of {plural(listing.names, 'name')} too long for block_size {T} and cut: "
    words += f"block_size={wanted} {holds} and takes {kilobytes(needed)}"
    if needed > free:
        fits = T
        while needed_bytes(config, vocab_size, fits + 1) <= free:
            fits += 1
        words += f", more than the {free // 1024} KB that a model can have here"
        words += f"; {fits} fits" if fits > T else ""
    return words


def needed_bytes(config, vocab_size, block_size):
    """Return the bytes that a model and its training need with this vocab_size and block_size and
    the rest of the Config."""
    before = config.vocab_size, config.block_size
    config.vocab_size, config.block_size = vocab_size, block_size
    needed = tables.model_bytes(config) + tables.training_bytes(config)
    config.vocab_size, config.block_size = before
    return needed


def kilobytes(needed):
    """Return a number of bytes as text in KB of 1,024 bytes, rounded up, such as "12 KB"."""
    return f"{(needed + 1023) // 1024} KB"
