"""Held-out names: each is kept once, as the tokens of the file."""

import os
from array import array

from esp32gpt.dataset import HELD_OUT, Dataset
from esp32gpt.heldout import BYTES, MEASURED, HeldOut
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer

FILE = "test_heldout.tmp"


def listed(letters, lengths):
    """Return 700 words in those letters, with 100 of them twice."""
    rng = Rng(7)
    words = []
    for i in range(600):
        length = lengths[i % len(lengths)]
        words.append("".join(letters[rng.below(len(letters))] for _ in range(length)))
    return words + words[:100]


def check(words, block_size, reads):
    """Read names with HeldOut, and compare them with the names of the Dataset."""
    tokenizer = Tokenizer("".join(sorted(set("".join(words)))))
    with open(FILE, "wb") as file:
        file.write("\n".join(words).encode())
    documents = Dataset(FILE, tokenizer, side=HELD_OUT)
    tokens = array("i", [0] * (block_size + 1))
    expected = []
    epoch = documents.epoch
    while documents.epoch == epoch:
        T = documents.peek(tokens)
        if documents.epoch == epoch and list(tokens[: T + 1]) not in expected:
            expected.append(list(tokens[: T + 1]))
        documents.line += 1
    documents.close()
    held_out = HeldOut(400)
    for most in reads:  # each time in a new Dataset, from where the last one stopped
        documents = Dataset(FILE, tokenizer, side=HELD_OUT)
        held_out.read(documents, most, tokens)
        documents.close()
        assert held_out.count == min(most, len(expected))
    os.remove(FILE)
    offset = 0
    for i in range(held_out.count):
        T, offset = held_out.write(offset, tokens)
        assert list(tokens[: T + 1]) == expected[i], i
    return held_out, expected


def test_names_are_kept_once_and_as_they_are():
    held_out, expected = check(listed("abcdefgh", (3, 4, 9, 12)), 8, (1, 5, 6, 400))
    assert not held_out.wants(400) and len(expected) > 20


def test_alphabets_of_hundreds_of_letters():
    letters = "".join(chr(0xAC00 + i) for i in range(400))
    check(listed(letters, (1, 2, 3)), 8, (10, 400))


def test_what_does_not_fit_is_left_out():
    room = BYTES * MEASURED
    held_out = HeldOut()
    documents = Numbers()
    tokens = array("i", [0] * 17)
    held_out.read(documents, room, tokens)
    assert held_out.count == (room - 1) // 16 and not held_out.wants(room)


class Numbers:
    """Different documents of 15 letters."""

    epoch = block = line = 0

    def peek(self, tokens):
        for i in range(15):
            tokens[i + 1] = 1 + (self.line >> i & 1)
        tokens[16] = 0
        return 16
