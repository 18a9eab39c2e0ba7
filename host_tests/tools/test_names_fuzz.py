"""Random names files with all kinds of mistakes: each is refused in one sentence, or read
correctly.

There are 300 by default, and 10,000 with the environment variable ESP32GPT_FULL.
"""

import os
import random
import re
import signal
import unicodedata
from array import array
from binascii import crc32
from collections import Counter

import pytest
from esp32gpt import listing
from esp32gpt.config import Config
from esp32gpt.dataset import ALL, HELD_OUT, TRAINED, Dataset, DatasetError
from esp32gpt.lines import LONGEST
from esp32gpt.tokenizer import BOS, Tokenizer

from tools.lists.normalise import FORMAT

CASES = 10_000 if os.environ.get("ESP32GPT_FULL") else 300
SECONDS = 20  # for a file of some kilobytes, which normally takes a hundredth of a second
LATIN = "abcdefghijklmnopqrstuvwxyz"
SCRIPTS = [
    LATIN,
    LATIN.upper() + LATIN,
    "αβγδε άΣς",
    "абв-123",
    "東京都漢字",
    "😀🦊e\u0301 ",
    "a\t\0\r \x7f",
    "ab \u00a0\u3000\u200f\u200d\ufeff",
]
NOT_UTF8 = [b"\xff", b"\x80", b"\xce", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc1\xa1", b"\xed\xa0\x80"]
NOT_UTF8 += [b"\xe0\x8e\xb1", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xfe\xff"]
ENDS = [b"\n"] * 6 + [b"\r\n", b"\r", b"\n\n", b" \n", b""]


def lines(rng, ends=ENDS, count=None):
    """Return lines in one or two scripts, mostly as long as a name."""
    letters = rng.choice(SCRIPTS) + rng.choice(["", rng.choice(SCRIPTS)])
    content = b""
    for _ in range(rng.choice([1, 3, 30, 200]) if count is None else count):
        length = rng.choice([0, 1, 5, 5, 5, 15, 17, 63, 200])
        content += "".join(rng.choices(letters, k=length)).encode() + rng.choice(ends)
    return content


def any_unicode(rng):
    text = "".join(chr(int(rng.random() ** 4 * 0x10FFFF)) for _ in range(rng.randrange(1500)))
    return text.encode(errors="surrogatepass") + b"\n"


def damaged(rng):
    """Return good lines with bytes added, changed or lost."""
    content = bytearray(lines(rng, [b"\n"]))
    for _ in range(rng.choice([1, 5, 100])):
        i = rng.randrange(len(content) + 1)
        content[i : i + rng.choice([0, 1, 1, 2])] = rng.choice(
            [b"", rng.randbytes(1), rng.choice(NOT_UTF8)]
        )
    return bytes(content)


def cut_off(rng):
    content = lines(rng)
    return content[: rng.randrange(len(content) + 1)]


def huge_line(rng):
    unit = (
        rng.choice(["a", "ab", "α", "漢", "😀", " ", "a "]).encode()
        if rng.random() < 0.9
        else b"\xce"
    )
    return lines(rng, count=3) + unit * rng.randrange(5000) + rng.choice(ENDS) + lines(rng, count=3)


def one_byte(rng):
    return bytes([rng.choice([0, 10, 13, 32, 0x61, 0x80, 0xC3, 0xFF])]) * rng.randrange(2000)


KINDS = [
    lines,
    lambda rng: lines(rng, [b"\r"]),
    lambda rng: lines(rng, [b"\n"])[:-1],
    lambda rng: b"\xef\xbb\xbf" + lines(rng),
    lambda rng: rng.randbytes(rng.choice([0, 1, 10, 100, 2000])),
    any_unicode,
    damaged,
    cut_off,
    huge_line,
    one_byte,
    lambda rng: b"".join(rng.choice(KINDS[:-1])(rng) for _ in range(3)),
]


def stored(rng, content):
    """Return bytes that may be stored beside a names file with this content."""
    letters = "".join(sorted(set(rng.choice(SCRIPTS[:-1]))))
    known = listing.Listing(letters, 9, 9, 9, 0, 1, {3: 9}, [])
    whole = listing.render((len(content), crc32(content), "host"), known)
    return rng.choice([whole, whole[: rng.randrange(len(whole))], damaged(rng), b""])


def make(seed, path):
    """Write the names file of a seed, and for one seed in four a stored listing; return fold."""
    rng = random.Random(seed)
    content = rng.choice(KINDS)(rng)
    path.write_bytes(content)
    if rng.random() < 0.25:
        path.with_suffix(".alphabet").write_bytes(stored(rng, content))
    return rng.random() < 0.8


def texts_of(content, fold):
    """Return the names that some alphabet can write. This code is meant to be checked by eye."""
    found = []
    for line in re.split(rb"[\r\n]", content.removeprefix(b"\xef\xbb\xbf")):
        name = line.lstrip(b" \t").split(b"\t")[0]
        if not name or len(line) - len(line.lstrip(b" \t")) + len(name) > LONGEST:
            continue
        try:
            text = name.decode()
        except UnicodeDecodeError:
            continue
        if any(unicodedata.category(char) == "Cc" or char == "\ufffd" for char in text):
            continue
        text = "".join(char for char in text if ord(char) not in FORMAT)
        text = re.sub(
            "[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+", " ", text
        ).strip(" ")
        if text:
            found.append(text.encode().lower().decode() if fold else text)  # ASCII's only
    return found


def letters_of(texts):
    """Return the alphabet of names. This code is meant to be checked by eye."""
    kept = texts
    letters = None
    while True:
        counts = Counter("".join(kept))
        common = [(-n, char) for char, n in counts.items() if n * 1000 >= len(kept)]
        best = "".join(sorted(char for _, char in sorted(common)[:64]))
        if best == letters or not best:
            return best
        letters = best
        kept = [text for text in kept if set(text) <= set(letters)]


def tokens_of(text, letters, room):
    """Return the tokens of a name, or () if these letters cannot write it."""
    if not any("A" <= char <= "Z" for char in letters):
        text = text.encode().lower().decode()
    if not set(text) <= set(letters):
        return ()
    return tuple(([letters.index(char) + 1 for char in text] + [BOS])[:room])


def epoch_of(documents, tokens, most):
    """Return the documents of one epoch; there must be at most `most`."""
    found = []
    documents.peek(tokens)
    epoch = documents.epoch
    while True:
        T = documents.peek(tokens)
        if documents.epoch != epoch:
            return found
        assert tokens[0] == BOS and 1 <= T < len(tokens)
        found.append(tuple(tokens[1 : T + 1]))
        assert len(found) <= most, "more documents than lines"
        documents.line += 1


def check(path, fold, seed):
    """Read the file as a training run does, and compare the names with its lines."""
    content = path.read_bytes()
    beside = path.with_suffix(".alphabet")
    with open(path, "rb") as file:
        given = listing.read(str(beside), listing.identify(file, "fold" if fold else "keep"))
    config = Config(block_size=random.Random(seed).choice([1, 16, 64]))
    try:
        letters, holds_out, said = listing.load(str(path), fold, config)
    except DatasetError as error:
        assert str(error).startswith((str(path), "the list has more")) and "\n" not in str(error)
        assert "more" in str(error) or not letters_of(texts_of(content, fold))
        return "no name"
    assert 2 <= len(said) <= 4
    assert list(letters) == sorted(set(letters)) and all(map(listing.is_letter, letters))
    if not given:
        assert letters == letters_of(texts_of(content, fold))
    tokenizer = Tokenizer(letters)
    room = config.block_size
    tokens = array("i", [0] * (room + 1))
    expected = Counter(tokens_of(text, letters, room) for text in texts_of(content, False))
    del expected[()]
    options = {"seed": seed, "block_bytes": random.Random(seed).choice([16, 384, 384])}
    try:
        sides = [TRAINED, HELD_OUT] if holds_out and not given else [ALL]
        sides = [Dataset(str(path), tokenizer, side=side, **options) for side in sides]
    except DatasetError as error:
        assert "has no name in the letters" in str(error)
        assert given and not expected or room < 16  # names that are alike if they are cut
        return "no name"
    for side in sides:
        side.block = side.line = 0  # it has looked for the first name
    for _ in range(3):
        found = [Counter(epoch_of(side, tokens, len(content))) for side in sides]
        assert all(
            0 <= token < tokenizer.vocab_size for side in found for name in side for token in name
        )
        assert sum(found, Counter()) == expected
        assert not found[0] & found[-1] or len(found) == 1, "names are on both sides"
    for side in sides:
        side.close()
    return "names"


@pytest.fixture
def in_time():
    """Return a function that raises an error in the code after it, if SECONDS are over."""

    def hangs(*_):
        raise AssertionError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, hangs)
    yield lambda: signal.alarm(SECONDS)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_any_file_is_refused_or_read_as_its_lines_say(tmp_path, in_time):
    path = tmp_path / "names.txt"
    outcomes = Counter()
    for seed in range(CASES):
        path.with_suffix(".alphabet").unlink(missing_ok=True)
        fold = make(seed, path)
        in_time()
        try:
            outcomes[check(path, fold, seed)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {path.read_bytes()[:200]!r}") from error
    # Some files must be good, and some bad.
    assert min(outcomes[kind] for kind in ("no name", "names")) >= CASES // 50


# Prints the names read from each file. A line that sets COUNT comes before this script.
READ = """
import binascii
from array import array
from esp32gpt import listing
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset, DatasetError
from esp32gpt.tokenizer import Tokenizer

tokens = array("i", [0] * 17)
for i in range(COUNT):
    try:
        letters, _, said = listing.load(f"{i}.txt", i % 2 == 0, Config())
        documents = Dataset(f"{i}.txt", Tokenizer(letters))
        read = 0
        for _ in range(20):
            read = binascii.crc32(bytes(tokens[: documents.peek(tokens) + 1]), read)
            documents.line += 1
        documents.close()
        said[-1] = said[-1].split(", more than")[0]  # is free
        print(i, binascii.hexlify("".join(said).encode()).decode(), read)
    except DatasetError as error:
        print(i, str(error)[:20])  # what follows shows letters, each interpreter in its own way
"""


def test_both_interpreters_read_the_same(said_by_micropython, tmp_path, monkeypatch, capsys):
    count = CASES // 5
    program = f"COUNT = {count}\n{READ}"

    def put_files():
        for seed in range(count):
            (tmp_path / f"{seed}.alphabet").unlink(missing_ok=True)
            make(seed, tmp_path / f"{seed}.txt")

    put_files()
    said = said_by_micropython(program)
    put_files()  # without the listings that were stored
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert said == capsys.readouterr().out.splitlines()
    assert len(said) == count
