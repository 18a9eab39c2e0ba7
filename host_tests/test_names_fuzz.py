"""Names files of every kind that can go wrong: refused in one sentence, or read as their lines say.

300 of them by default, 10,000 where the variable ESP32GPT_FULL is set.
"""

import os
import random
import signal
import subprocess
import unicodedata
from array import array
from collections import Counter

import pytest
from esp32gpt import alphabet
from esp32gpt.dataset import (
    LONGEST_LINE,
    SMALLEST_SPLIT,
    Dataset,
    DatasetError,
    is_held_out,
)
from esp32gpt.tokenizer import BOS, Tokenizer

from tools.host.paths import ROOT

CASES = 10_000 if os.environ.get("ESP32GPT_FULL") else 300
SECONDS = 20  # for a file of some kilobytes, which takes a hundredth of one
LATIN = "abcdefghijklmnopqrstuvwxyz"
SCRIPTS = [
    LATIN,
    LATIN.upper() + LATIN,
    "αβγδε άΣς",
    "абв-123",
    "東京都漢字",
    "😀🦊e\u0301 ",
    "a\t\0\r \x7f",
]
NOT_UTF8 = [b"\xff", b"\x80", b"\xce", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc1\xa1", b"\xed\xa0\x80"]
NOT_UTF8 += [b"\xe0\x8e\xb1", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xfe\xff"]
ENDS = [b"\n"] * 6 + [b"\r\n", b"\r", b"\n\n", b" \n", b""]


def lines(rng, ends=ENDS, count=None):
    """Lines of one script or two, mostly of a name's length."""
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
    """Good lines with bytes put in, changed or lost."""
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


def stored(rng, size):
    """What may lie beside a names file of that size."""
    letters = "".join(sorted(set(rng.choice(SCRIPTS))))
    whole = alphabet.render(size, letters)
    return rng.choice([whole, whole[: rng.randrange(len(whole))], damaged(rng), b""])


def make(seed, path):
    """Write the seed's names file, and in one case of four something beside it; (fold, most)."""
    rng = random.Random(seed)
    content = rng.choice(KINDS)(rng)
    path.write_bytes(content)
    if rng.random() < 0.25:
        path.with_suffix(".alphabet").write_bytes(stored(rng, len(content)))
    return rng.random() < 0.8, rng.choice([64, 64, 64, 3])


def alphabet_of(all_lines, fold, most):
    """The alphabet, written to be checked by eye."""
    counts = Counter()
    count = 0
    for line in all_lines[:-1] + [line for line in all_lines[-1:] if line]:
        try:
            counts.update((line.lower() if fold else line).decode())  # of bytes: ASCII's only
            count += 1
        except UnicodeDecodeError:
            pass
    common = [
        (-n, char)
        for char, n in counts.items()
        if n * 1000 >= count and unicodedata.category(char) != "Cc" and char not in "\ufeff\ufffd"
    ]
    return "".join(sorted(char for _, char in sorted(common)[:most]))


def read_as(line, letters, room):
    """The tokens that a line stands for, () if it cannot be used; written to be checked by eye."""
    text = line.rstrip(b"\r ").decode("utf-8", "surrogateescape")[:room]
    if not any("A" <= char <= "Z" for char in letters):
        text = "".join(char.lower() if char.isascii() else char for char in text)
    if not text or not set(text) <= set(letters):
        return ()
    ids = [letters.index(char) + 1 for char in text]
    return tuple((ids + [BOS])[:room])


def epoch_of(documents, tokens, most):
    """The documents of one epoch, of which there must be at most so many."""
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
        documents.advance()


def check(path, fold, most, seed):
    """Read the file as a training run does and hold it against its lines."""
    content = path.read_bytes()
    beside = path.with_suffix(".alphabet")
    given = beside.read_bytes() if beside.exists() else None
    try:
        letters = alphabet.load(str(path), fold, most)
    except DatasetError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)
        return "no alphabet"
    size, kept, end = beside.read_bytes().decode().split("\n")
    assert (int(size), kept, end) == (len(content), letters, "")
    assert list(letters) == sorted(set(letters)) and all(map(alphabet.is_letter, letters))
    all_lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if beside.read_bytes() != given and max(map(len, all_lines)) <= alphabet.BLOCK:
        assert letters == alphabet_of(all_lines, fold, most)
    tokenizer = Tokenizer(letters)
    tokens = array("i", [0] * random.Random(seed).choice([2, 17, 65]))
    room = len(tokens) - 1
    expected = Counter(
        read_as(line, letters, room) for line in all_lines if len(line) <= LONGEST_LINE
    )
    del expected[()]
    # Of a longer line a part is read, of which spaces may be the end.
    long_lines = {
        read_as(part, letters, room)
        for line in all_lines
        for part in (line, line[:LONGEST_LINE])
        if len(line) > LONGEST_LINE
    }
    options = {"seed": seed, "block_bytes": random.Random(seed).choice([16, 512, 512])}
    try:
        training = Dataset(str(path), tokenizer, **options)
    except DatasetError as error:
        # It has judged them by their first 64 characters, and may have none to train on.
        assert "no usable name" in str(error)
        short = [line for line in all_lines if len(line) <= LONGEST_LINE]
        usable = [name for name in (read_as(line, letters, 64) for line in short) if name]
        assert all(is_held_out((BOS, *name), len(name)) for name in usable)
        assert len(content) >= SMALLEST_SPLIT or not usable
        return "no name"
    training.block = training.line = 0  # it has looked for the first name
    held_out = Dataset(str(path), tokenizer, held_out=True, **options)
    for _ in range(3):
        sides = [Counter(epoch_of(side, tokens, len(all_lines))) for side in (training, held_out)]
        found = sides[0] + sides[1]
        assert all(0 <= token < tokenizer.vocab_size for name in found for token in name)
        assert not sides[0] & sides[1], "names are on both sides"
        assert not expected - found, "lines were left out"
        assert set(found - expected) <= long_lines, "what is not a line was read"
    training.close()
    held_out.close()
    return "names"


@pytest.fixture
def in_time():
    """A function that makes what follows an error after SECONDS."""

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
        fold, most = make(seed, path)
        in_time()
        try:
            outcomes[check(path, fold, most, seed)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {path.read_bytes()[:200]!r}") from error
    # The files must be neither all good nor all bad.
    assert min(outcomes[kind] for kind in ("no alphabet", "no name", "names")) >= CASES // 50


# Prints what each file is read as; COUNT stands before it.
READ = """
import binascii
from array import array
from esp32gpt import alphabet
from esp32gpt.dataset import Dataset, DatasetError
from esp32gpt.tokenizer import Tokenizer

tokens = array("i", [0] * 17)
for i in range(COUNT):
    try:
        letters = alphabet.load(f"{i}.txt", i % 2 == 0)
        documents = Dataset(f"{i}.txt", Tokenizer(letters))
        read = 0
        for _ in range(20):
            read = binascii.crc32(bytes(tokens[: documents.peek(tokens) + 1]), read)
            documents.advance()
        documents.close()
        print(i, binascii.hexlify(letters.encode()).decode(), read)
    except DatasetError as error:
        print(i, str(error)[:20])  # what follows shows letters, each interpreter in its own way
"""


def test_both_interpreters_read_the_same(micropython, tmp_path, monkeypatch, capsys):
    count = CASES // 5
    script = tmp_path / "read.py"
    script.write_text(f"COUNT = {count}\n{READ}")
    said = []
    for command in ([micropython, "-X", "heapsize=4M"], None):
        for seed in range(count):
            (tmp_path / f"{seed}.alphabet").unlink(missing_ok=True)
            make(seed, tmp_path / f"{seed}.txt")
        if command:
            done = subprocess.run(
                [*command, script],
                cwd=tmp_path,
                env={"MICROPYPATH": str(ROOT / "firmware")},
                capture_output=True,
                text=True,
                timeout=600,
            )
            assert done.returncode == 0, done.stdout[-200:] + done.stderr
            said.append(done.stdout)
        else:
            monkeypatch.chdir(tmp_path)
            exec(script.read_text(), {})
            said.append(capsys.readouterr().out)
    assert said[0].splitlines() == said[1].splitlines()
    assert said[0].count("\n") == count
