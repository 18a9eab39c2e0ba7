"""A board without a host keeps the same names as the host, for UTF-8 in NFC with any line ends. It
cannot change capitals beyond ASCII and ligatures, which need Unicode's tables."""

import random
import re
import unicodedata
from array import array
from binascii import crc32

import pytest
from esp32gpt import listing
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset, DatasetError
from esp32gpt.lines import LONGEST
from esp32gpt.tokenizer import Tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.host.errors import ToolError
from tools.lists import prepare
from tools.lists.choices import Choices
from tools.lists.normalise import FORMAT

SCRIPTS = (
    "abcdeABCDE",
    "a-' .2",
    "éßñøı",
    "αβγς",
    "жяё",
    "東京都ひらがカナ",
    "가나다",
    "ไทยก้",
    "عليُّ",
    "שלום",
    "नमस्ते",
    "😀🦊\u200d♀\ufe0f",
    "\u00a0\u3000\u2009",
    "\u200f\u202a\u00ad\ufeff",
    "\x01\x1b\x7f\x85",
    "\t",
)
ENDS = ("\n", "\r\n", "\r", "\n\n", " \n", "\t\n", "\tx\r\n")
LINE = st.one_of(
    st.text(st.sampled_from("".join(SCRIPTS)), max_size=6),
    st.sampled_from(SCRIPTS).flatmap(lambda letters: st.text(st.sampled_from(letters), max_size=8)),
    st.sampled_from(["x" * LONGEST, "x" * (LONGEST + 1), " " * 300 + "x", "é" * 129, ""]),
)
FILES = st.lists(st.tuples(LINE, st.sampled_from(ENDS)), min_size=1, max_size=12).map(
    lambda lines: "".join(line + end for line, end in lines)
)


def is_nfc(text):
    """Return True if the text is NFC, with and without the characters that the host leaves out."""
    text = text.translate(FORMAT)
    return unicodedata.normalize("NFC", text) == text


def host(path, choices):
    """Return the names that the host keeps, sorted; None if it refuses the list."""
    try:
        return sorted(prepare.read(path, choices).kept.names)
    except ToolError:
        return None


def board(path, fold):
    """Return the names on which a board trains that has only the file, sorted."""
    try:
        letters = listing.load(str(path), fold, Config())[0]
    except DatasetError:
        return None
    tokenizer = Tokenizer(letters)
    documents = Dataset(str(path), tokenizer)
    documents.block = documents.line = 0
    tokens = array("i", [0] * (LONGEST + 2))
    names = []
    T = documents.peek(tokens)
    epoch = documents.epoch
    while documents.epoch == epoch:
        names.append(tokenizer.decode(tokens[1:T]))
        documents.line += 1
        T = documents.peek(tokens)
    documents.close()
    return sorted(names)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=FILES, keep_case=st.booleans(), repeat=st.sampled_from([1, 1, 40]))
def test_host_and_board_keep_the_same_names(tmp_path_factory, text, keep_case, repeat):
    if not is_nfc(text * repeat):
        return
    path = tmp_path_factory.mktemp("list") / "names.txt"
    path.write_bytes((text * repeat).encode())
    assert board(path, not keep_case) == host(path, Choices(keep_case))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rare_letters_take_the_same_lines_with_them(tmp_path, end):
    path = tmp_path / "names.txt"
    for seed in range(5):
        rng = random.Random(seed)
        letters = "aeinr" * 40 + "".join(chr(0x4E00 + i) for i in range(120)) + "qxyz"
        names = ["".join(rng.choices(letters, k=rng.randrange(1, 7))) for _ in range(2500)]
        path.write_bytes(end.join(names).encode())
        path.with_suffix(".alphabet").unlink(missing_ok=True)
        kept = host(path, Choices())
        assert board(path, True) == kept and 500 < len(kept) < 2500


# Prints, for each file, the checksum of the names that a board without a host keeps.
BOARD = """
from array import array
from binascii import crc32
from esp32gpt import listing
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset, DatasetError
from esp32gpt.tokenizer import Tokenizer

tokens = array("i", [0] * 258)
for i in range(COUNT):
    path = str(i) + ".txt"
    names = []
    try:
        letters = listing.load(path, True, Config())[0]
        tokenizer = Tokenizer(letters)
        documents = Dataset(path, tokenizer)
        documents.block = documents.line = 0
        T = documents.peek(tokens)
        epoch = documents.epoch
        while documents.epoch == epoch:
            names.append(tokenizer.decode(tokens[1:T]).encode())
            documents.line += 1
            T = documents.peek(tokens)
        documents.close()
    except DatasetError as error:
        pass
    print(len(names), sum(crc32(name) for name in names))
"""


def test_micropython_keeps_them_too(said_by_micropython, tmp_path):
    texts = []

    @settings(max_examples=120, deadline=None, derandomize=True, database=None)
    @given(text=FILES)
    def collect(text):
        if is_nfc(text):
            texts.append(text)

    collect()
    kept = []
    for i, text in enumerate(texts):
        path = tmp_path / f"{i}.txt"
        path.write_bytes(text.encode())
        names = host(path, Choices()) or []
        kept.append(f"{len(names)} {sum(crc32(name.encode()) for name in names)}")
    assert said_by_micropython(f"COUNT = {len(texts)}\n{BOARD}") == kept
    assert sum(not re.match("0 ", line) for line in kept) > 40
