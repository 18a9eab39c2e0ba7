"""Report on a list: two remarks, which the board gets too, or a full report."""

import os
import re
from collections import Counter

from esp32gpt import remarks, report
from esp32gpt.listing import BARE_BYTES
from esp32gpt.survey import CONTROL, ENCODING, LETTERS, TOO_LONG

from tools.lists import letters, split
from tools.lists.normalise import count_format

NUMBERED = re.compile(r"\s*(\d+\s*[.):\]-]|[-*\u2022])\s+\S")
BAR = 40  # characters of the longest bar in a histogram
ROWS = 30  # the most letters to show


def two_remarks(source, choices, config):
    """Return a list of two remarks about a Source, each a text: about skipped lines, and about
    everything else. A remark is "" if there is nothing to say."""
    return [skipped(source, choices, config), "; ".join(hints(source, choices))]


def skipped(source, choices, config):
    """Return a text with the number of skipped lines, and the remedy for the most frequent reason;
    "" if none were skipped."""
    remedies = {
        LETTERS: more_letters(source, choices, config),
        ENCODING: "save the list as UTF-8, or name its encoding with ENCODING=cp1252 or another",
        CONTROL: "take these out, or save the list as plain text",
        TOO_LONG: remarks.ONE_A_LINE,
    }
    return remarks.skipped(source.kept.survey, remedies)


def more_letters(source, choices, config):
    """Return a text with up to two larger values of LETTERS: the largest that fits into a bare
    ESP32, and the number of letters that are not rare. The text says how many names each would keep
    and the memory it takes. If all letters that are not rare are taken already, return
    remarks.TOO_RARE."""
    common = source.kept.survey.common
    if common <= choices.letters:
        return remarks.TOO_RARE
    fits = choices.letters
    while needed(config, fits + 1) <= BARE_BYTES:
        fits += 1
    options = sorted({n for n in (fits, common) if choices.letters < n <= common})
    said = []
    for n in options:
        kept = len(letters.choose(source.lines, n).names)
        said.append(f"LETTERS={n} keeps {kept} and takes {report.kilobytes(needed(config, n))}")
    return f"{', '.join(said)} (a bare ESP32 has {report.kilobytes(BARE_BYTES)})"


def needed(config, n):
    """Return the bytes that training needs with n letters and the other sizes of the Config."""
    return report.needed_bytes(config, n + 1, config.block_size)


def hints(source, choices):
    """Return a list of hints, texts, about unusual things in the list, the most important first."""
    said = []
    if source.decoded.guessed:
        said.append(
            f"read as {source.decoded.encoding}: if letters look wrong, name another ENCODING"
        )
    if choices.column is None:
        said += about_columns(source)
    folded = sum(line != cased for line, cased in zip(source.lines, source.cased, strict=True))
    if folded:
        said.append(f"capitals folded in {report.plural(folded, 'line')} (CASE=keep keeps them)")
    dropped = count_format(source.decoded.text)
    if dropped:
        said.append(f"{report.plural(dropped, 'invisible character')} left out")
    return said


def about_columns(source):
    """Return a list of one hint, a text, or an empty list. The hint tells that all names are on one
    line, that most lines have a separator, quotes, a number or code, that all begin in the same
    way, or that the first line is a title. The Source must have a line that is not blank."""
    raw = [line for line in source.raw if line.strip()]
    first = remarks.quote(raw[0])
    between = split.separator(raw)
    prefix = os.path.commonprefix(raw)

    def most(is_so):
        return split.share(raw, is_so) >= split.MOST

    if len(raw) == 1 and between:
        return ["all names stand on one line: put each on a line of its own"]
    if between == "\t":
        return [
            f"most lines have tabs, as {first}: COLUMN=2 takes the second column, not the first"
        ]
    if len(prefix) > 2 and not prefix.isalnum():
        return [f"every line begins with {remarks.quote(prefix)}: delete it in an editor"]
    if between:
        return [f"most lines contain {between} as {first}: COLUMN=1, or a title, takes one column"]
    if most(lambda line: line.strip()[:1] == line.strip()[-1:] == '"'):
        return [f"most lines are in quotes, as {first}: COLUMN=1 takes them off"]
    if most(NUMBERED.match):
        return [f"most lines begin with a number or a dash, as {first}: delete these in an editor"]
    if most(lambda line: "<" in line and ">" in line):
        return [f"most lines are code, as {first}: save the names alone, as text"]
    if raw[0].startswith(">"):
        return [f"lines such as {first} are titles of sequences (FASTA): delete them"]
    if split.is_title(raw[0].split()[0]):
        return [f"the first line, {first}, looks like a title: delete it if it is"]
    return []


def full(source, listing, config):
    """Return the full report as a list of lines: the up to four lines of a short report, histograms
    of lengths and letters, the letters that are left out, and repeated names."""
    kept = source.kept
    said = report.lines(str(source.path), listing, config, BARE_BYTES)
    said += ["", "letters  names"]
    said += bars([(f"{length:7}", listing.lengths[length]) for length in sorted(listing.lengths)])
    counts = Counter("".join(kept.names))
    said += ["", f"letter   times  ({len(counts)}, the {ROWS} most frequent)"]
    said += bars([(f"{show(letter):>6}", n) for letter, n in counts.most_common(ROWS)])
    others = Counter("".join(source.lines))
    others = [(letter, n) for letter, n in others.most_common() if letter not in counts]
    others = [(letter, n) for letter, n in others if not letter.isspace()]
    if others:
        said += ["", f"left out: {len(others)} letters"]
        said += [", ".join(f"{show(letter)} {n}" for letter, n in others[:ROWS])]
    repeated = [(name, n) for name, n in Counter(kept.names).most_common(10) if n > 1]
    if repeated:
        said += ["", "most often: " + ", ".join(f"{name} {n}" for name, n in repeated)]
    return said


def bars(rows):
    """Return a list of lines, one for each (label, number) in `rows`: the label, the number, and a
    bar of # signs. The largest number has a bar of BAR signs, the others in proportion, rounded up.
    `rows` must not be empty, and at least one number must be above 0."""
    most = max(n for _, n in rows)
    return [f"{label} {n:6} {'#' * -(-n * BAR // most)}" for label, n in rows]


def show(letter):
    """Return a character as it is, "space" for a space, or its code, such as U+200D, if it is
    invisible."""
    if letter == " ":
        return "space"
    return letter if letter.isprintable() else f"U+{ord(letter):04X}"
