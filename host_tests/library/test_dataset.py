"""The names file on the board: each line once in an epoch, and clear messages for bad files."""

import os
from array import array

from esp32gpt.dataset import (
    ALL,
    HELD_OUT,
    TRAINED,
    Dataset,
    DatasetError,
    Order,
)
from esp32gpt.namelist import NameList
from esp32gpt.novelty import known
from esp32gpt.tokenizer import Tokenizer
from raising import raises

FILE = "test_dataset_names.tmp"


def dataset(content, **options):
    """Return a Dataset of a temporary file with these bytes, by default with small blocks."""
    with open(FILE, "wb") as file:
        file.write(content)
    options.setdefault("block_bytes", 16)
    try:
        return Dataset(FILE, Tokenizer(), **options)
    finally:
        os.remove(FILE)


def epoch_of(documents):
    """Return the names of the epoch that begins now."""
    tokens = array("i", [0] * 65)
    names = []
    n = documents.peek(tokens)
    epoch = documents.epoch
    while documents.epoch == epoch:
        names.append(documents.tokenizer.decode(tokens[1 : n + 1])[:-1])
        documents.line += 1
        n = documents.peek(tokens)
    return names


def message(content):
    return raises(DatasetError, dataset, content)


NAMES = ["zoe", "al", "maximilian", "bo", "x", "abcdefghijklmnopqrstuvwxyz", "eve"] * 5


def test_first_epoch_reads_the_file_in_order():
    for end in (b"\n", b""):
        for block_bytes in (8, 16, 100, 1024):
            documents = dataset("\n".join(NAMES).encode() + end, block_bytes=block_bytes)
            assert epoch_of(documents) == NAMES
            documents.close()


def known_of(content, names, tokenizer=None):
    with open(FILE, "wb") as file:
        file.write(content)
    try:
        return known(FILE, names, tokenizer or Tokenizer())
    finally:
        os.remove(FILE)


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    documents = dataset(b"\xef\xbb\xbfada\nbo\n")
    assert epoch_of(documents) == ["ada", "bo"]
    documents.close()
    assert known_of(b"\xef\xbb\xbfada\nbo\n", ["ada", "bo", "eve"]) == {"ada", "bo"}


def test_known_names_are_whole_lines_however_they_end():
    content = b"Anna-Lena\rJo\r\n bo \nmaria\tx\njosefine"
    found = known_of(content, ["anna", "lena", "jo", "bo", "maria", "josef", "x", ""])
    assert found == {"jo", "bo", "maria"}
    assert known_of(b"Bo\nbo\nAL\n", ["Bo", "AL", "al"], Tokenizer("ABLlo")) == {"Bo", "AL"}


def test_later_epochs_have_every_line_once_in_another_order():
    for block_bytes in (8, 16, 100, 1024):
        documents = dataset("\n".join(NAMES).encode(), block_bytes=block_bytes)
        orders = [epoch_of(documents) for _ in range(4)]
        for order in orders:
            assert sorted(order) == sorted(NAMES)
        assert len({tuple(order) for order in orders}) == 4
        documents.close()


def test_the_order_follows_from_the_seed():
    content = "\n".join(NAMES).encode()
    orders = []
    for seed in (1, 1, 2):
        documents = dataset(content, seed=seed)
        epoch_of(documents)
        orders.append(epoch_of(documents))
    assert orders[0] == orders[1] != orders[2]


def test_a_sorted_file_is_read_in_another_order_and_says_so():
    names = sorted(set(NAMES)) + ["zz" + c for c in "abcdefgh"]
    documents = dataset("\n".join(names).encode(), block_bytes=100)
    assert documents.sorted
    order = epoch_of(documents)
    assert order != names and sorted(order) == names
    assert not dataset("\n".join(NAMES).encode(), block_bytes=100).sorted
    assert not dataset(b"red\n" * 100, block_bytes=100).sorted  # nor is one name in any order


def test_lines_as_people_write_them():
    documents = dataset(
        b"Zoe\r\n\r\nAL \n\njos\xc3\xa9\nx y\n\xff\xfe\nbob\rmia\t1\n\xf0\x9f\x98\x80"
    )
    assert epoch_of(documents) == ["zoe", "al", "bob", "mia"]


def test_the_sides_of_a_list_share_no_name_and_are_all_of_it():
    names = [chr(97 + i % 26) + chr(97 + i // 26) + "n" for i in range(200)] * 2
    content = "\n".join(names).encode()
    sides = {}
    for side in (ALL, TRAINED, HELD_OUT):
        documents = dataset(content, side=side)
        sides[side] = epoch_of(documents)
        documents.close()
    assert sides[ALL] == names
    assert not set(sides[TRAINED]) & set(sides[HELD_OUT])
    assert sorted(sides[TRAINED] + sides[HELD_OUT]) == sorted(names)
    assert 10 <= len(sides[HELD_OUT]) <= 50  # one of 16


def test_files_with_nothing_in_them_are_refused_with_the_remedy():
    assert "empty" in message(b"")
    assert "no name in the letters 'abc" in message(b"\n\n\r\n")
    assert "no name in the letters 'abc" in message(b"123\n\xff\n")
    assert "make deploy" in raises(DatasetError, Dataset, "no_such_file.txt", Tokenizer())


def test_a_line_without_end_is_passed_over():
    documents = dataset(b"ann\n" + b"a" * 5000 + b"\nbob\n")
    assert epoch_of(documents) == ["ann", "bob"]


def test_orders_are_permutations():
    for n in (1, 2, 7, 100):
        for epoch in range(3):
            order = Order()
            order.shuffle(n, 42, epoch)
            assert sorted(order.at(i) for i in range(n)) == list(range(n))


def test_a_list_of_names_goes_round_and_refuses_bad_names():
    documents = NameList(["ab", "c"], Tokenizer())
    tokens = array("i", [0] * 9)
    seen = []
    for _ in range(5):
        n = documents.peek(tokens)
        assert documents.peek(tokens) == n
        seen.append(list(tokens[1:n]))
        documents.line += 1
    assert seen == [[1, 2], [3], [1, 2], [3], [1, 2]]
    raises(DatasetError, NameList, ["ok", "not ok"], Tokenizer())
