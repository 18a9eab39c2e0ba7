"""Print invented names, and figures on their quality. This module is in memory only meanwhile."""

from . import compat
from .checkpoint import BEST, exists

TEMPERATURES = (0.5, 0.8, 1.1)
JUDGED = 20  # names that are judged at each temperature


def show(gpt, n, options):
    """Print n names that `gpt`, a GPT, invents, how many of them are new, and which are not.
    `options` is a dict of keyword arguments for gpt.sample."""
    names = _invent(gpt, n, options)
    _say_new(names, gpt.known(names))


def judge(gpt, n):
    """Print n names that `gpt`, a GPT, invents, and the quality of names at several
    temperatures."""
    names = _invent(gpt, n, {})
    texts = []
    for temperature in TEMPERATURES:
        text = ""
        for _ in range(JUDGED):
            text += gpt.sampler.sample("", temperature) + "\n"
        texts.append(text)
    judged = [_separate(text) for text in texts]
    listed = gpt.known(names + sum(judged, []))  # only one search, because the list may be long
    _say_new(names, listed)
    print(quality(judged, listed, gpt.model.config.block_size))


def say_held_out(gpt, loss, count):
    """Print the mean `loss` of `count` held-out names, if there are any, and whether an earlier
    model of `gpt`, a GPT, is saved whose loss was lower."""
    if count:
        print(f"held-out: loss {loss:.4f} ({count} names that training never saw)")
    if exists(gpt.path + BEST):
        print(f"an earlier model had a lower held-out loss: GPT.load('{gpt.path}{BEST}')")


def quality(judged, listed, block_size):
    """Return a line, as text, about `judged`: lists of JUDGED names, one list for each of
    TEMPERATURES.

    It has, in percent for each temperature, the share of names that are new (not empty, and not in
    the set `listed`), that repeat another one of their list, and that are shorter than block_size.
    """
    new = [sum(name != "" and name not in listed for name in names) for names in judged]
    repeated = [len(names) - len(set(names)) for names in judged]
    ended = [sum(len(name) < block_size for name in names) for names in judged]
    temperatures = " / ".join(str(temperature) for temperature in TEMPERATURES)
    shares = [
        f"{word} " + " / ".join(str(100 * n // JUDGED) for n in counts) + " %"
        for word, counts in (("new", new), ("repeated", repeated), ("ended", ended))
    ]
    return f"at temperature {temperatures}: " + ", ".join(shares)


def _invent(gpt, n, options):
    """Invent n names, print them meanwhile, and return them."""
    print(f"{n} names it has invented:")
    text = ""
    for i in range(n):
        (name,) = gpt.sample(1, **options)
        print(f"{i + 1:2} {name}")
        text += name + "\n"
    return _separate(text)


def _separate(text):
    # Names that are kept one by one would split a chip's free memory, because inventing leaves
    # garbage between them.
    compat.collect()
    return text.split("\n")[:-1]


def _say_new(names, listed):
    new = sum(name != "" and name not in listed for name in names)
    listed = sorted(name for name in listed if name in names)
    known = "; known: " + ", ".join(listed) if listed else ""
    print(f"{new} of {len(names)} are new{known}")
