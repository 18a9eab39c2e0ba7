"""The alphabet of a names file, found in the file or beside it: the same on any interpreter."""

import os
from io import BytesIO

from esp32gpt import alphabet
from esp32gpt.dataset import DatasetError

FILE = "test_alphabet.tmp.txt"
STORED = "test_alphabet.tmp.alphabet"


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def get(path):
    with open(path, "rb") as file:
        return file.read()


def remove(*paths):
    for path in paths:
        if path in os.listdir():
            os.remove(path)


def reads_only(files):
    """An `open` for a read-only file system of these, as {path: bytes}."""

    def open_file(path, mode):
        if mode != "rb" or path not in files:
            raise OSError(2)
        return BytesIO(files[path])

    return open_file


def found(content, stored=None, **options):
    """The alphabet of a file with these bytes, and with those beside it.

    In memory: hundreds of files written to flash would take an emulated chip many minutes.
    """
    files = {FILE: content}
    if stored is not None:
        files[STORED] = stored
    alphabet.open = reads_only(files)
    try:
        return alphabet.load(FILE, **options)
    finally:
        del alphabet.open


def refusal(content, **options):
    try:
        found(content, **options)
    except DatasetError as error:
        return str(error)
    raise AssertionError("DatasetError was not raised")


def test_every_character_once_in_the_order_of_code_points():
    assert found(b"ana\nbo\n") == "abno"
    text = "3-αθη\nNew York\n東京\n😀\ne\u0301\n"
    assert found(text.encode()) == " -3eknorwy\u0301αηθ京東😀"


def test_ascii_capitals_are_folded_and_no_others():
    assert found("AbÉΑа\n".encode()) == "abÉΑа"
    assert found("AbÉΑа\n".encode(), fold=False) == "AbÉΑа"


def test_line_ends_the_mark_and_control_characters_are_no_letters():
    for content in (b"ab\nc", b"ab\r\nc\r\n", b"ab\rc", b"\xef\xbb\xbfab\nc\n\n", b"a\0b\tc\x7f"):
        assert found(content) == "abc", content
    assert found("a\u0080\u009fb\ufeff\ufffdc\n".encode()) == "abc"


def test_lines_that_are_not_utf8_count_for_nothing():
    bad = (
        b"\xff",
        b"\x80",
        b"\xce",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc1\xa1",  # a in two bytes
        b"\xe0\x8e\xb1",  # an alpha in three
        b"\xf0\x82\x82\xac",
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond Unicode
        b"\xf8\x88\x80\x80\x80",
    )
    for sequence in bad:
        assert found(b"ab\nx" + sequence + b"y\nc\n") == "abc", sequence
        assert found(b"ab\nc\nx" + sequence) == "abc", sequence
    content = "ναι\n".encode() + b"".join(sequence + b"z\n" for sequence in bad) + b"ok"
    assert found(content) == "koαιν"


def test_characters_cut_by_the_end_of_a_block_are_whole():
    for shift in range(8):
        content = "x" * shift + "\n" + "αβ漢😀\n" * 300
        assert found(content.encode()) == ("xαβ漢😀" if shift else "αβ漢😀"), shift
        counts = alphabet.count(BytesIO(content.encode()), True)
        assert [counts[char.encode()] for char in "αβ漢😀\n"] == [300] * 4 + [301]


def test_a_line_too_long_for_a_name_counts_for_nothing():
    for n in (3 * alphabet.BLOCK - 2, 3 * alphabet.BLOCK, 4 * alphabet.BLOCK, 5000):
        for end in (b"", b"\n", b"y\n", b"\nb\n", b"y\nb\n"):
            expected = "ab" if b"b" in end else "a"
            assert found(b"a\n" + b"x" * n + end) == expected, (n, end)


def test_the_most_frequent_characters_are_taken():
    content = b"ab\n" * 3 + b"ac\n" * 2 + b"ad\n"
    assert [found(content, most=n) for n in (1, 2, 3, 9)] == ["a", "ab", "abc", "abcd"]
    assert found("δγβα\n".encode(), most=2) == "αβ"  # equally frequent: by code point
    # Folded before they are counted.
    assert found(b"b\nb\nb\nA\nA\na\na\n", most=1) == "a"


def test_what_occurs_less_than_once_in_a_thousand_lines_is_left_out():
    assert found(b"a\n" * 999 + b"b\n") == "ab"
    assert found(b"a\n" * 1000 + b"b\n") == "a"
    assert found(b"a\n" * 1999 + b"bb\n") == "ab"
    assert found(b"a\n" * 999 + b"b") == "ab"  # a line without its end is one


def test_a_stored_alphabet_of_this_file_is_used():
    names = b"ana\nbo\n"
    for letters in ("an", " A", "xyz", "αβ😀"):
        assert found(names, f"7\n{letters}\n".encode()) == letters


def test_any_other_stored_alphabet_is_not():
    names = b"ana\nbo\n"
    whole = "7\nan\u03b1\n".encode()
    assert found(names, whole) == "an\u03b1"
    for n in range(len(whole)):
        assert found(names, whole[:n]) == "abno", n
    for stored in (
        b"8\nan\n",
        b"07\nan\n",
        b"7\r\nan\r\n",
        b"7\nan\n\n",
        b"7\nan\nx",
        b"7\n\n",
        b"7\nna\n",
        b"7\naan\n",
        b"7\na\tn\n",
        b"7\nan\xff\n",
        b"7\nan\xc1\xaf\n",
        b"\0" * 40,
        b"7\n" + "".join(chr(0x4E00 + i) for i in range(1400)).encode() + b"\n",
    ):
        assert found(names, stored) == "abno", stored[:20]


def test_what_was_found_is_stored_and_used_the_next_time():
    remove(STORED)
    put(FILE, "Ana\nbé\n".encode())
    assert alphabet.load(FILE) == "abné"
    assert get(STORED) == "8\nabné\n".encode()
    put(FILE, b"8 bytes!")
    assert alphabet.load(FILE) == "abné"
    put(FILE, b"9 bytes!!")
    assert alphabet.load(FILE) == " !9besty"
    assert get(STORED) == b"9\n !9besty\n"
    remove(FILE, STORED)


def test_an_alphabet_that_cannot_be_stored_is_found_all_the_same():
    remove(STORED)
    put(FILE, b"ana\n")
    os.mkdir(STORED)
    try:
        assert alphabet.load(FILE) == "an"
    finally:
        os.rmdir(STORED)
        remove(FILE)


def test_a_names_file_is_never_overwritten():
    put(STORED, b"ana\n")
    assert alphabet.load(STORED) == "an"
    assert get(STORED) == b"ana\n"
    remove(STORED)


def test_the_alphabet_lies_beside_the_names():
    for path, expected in (
        ("names.txt", "names.alphabet"),
        ("names", "names.alphabet"),
        ("/a.b/names", "/a.b/names.alphabet"),
        ("/a.b/names.v2.csv", "/a.b/names.v2.alphabet"),
        (".hidden", ".hidden.alphabet"),
        ("a/.hidden", "a/.hidden.alphabet"),
    ):
        assert alphabet.beside(path) == expected


def test_files_with_no_letter_are_refused_with_the_remedy():
    assert "is empty" in refusal(b"")
    for content in (b"\n", b"\r", b"\0\n", b"\xff\n", b"\xef\xbb\xbf\n", b"x" * 5000):
        assert "one name a line, in UTF-8" in refusal(content), content[:9]
    for path in ("no_such_file.txt", "no_such_directory/names.txt"):
        try:
            alphabet.load(path)
            raise AssertionError("DatasetError was not raised")
        except DatasetError as error:
            assert "make deploy" in str(error)


def test_more_characters_than_memory_can_count_are_refused():
    text = "".join(chr(0x4E00 + i) + "\n" for i in range(alphabet.DIFFERENT))
    assert "make deploy NAMES" in refusal(text.encode())
    assert len(found(text.encode()[4:], most=1000)) == alphabet.DIFFERENT - 1
    counts = alphabet.count(BytesIO(text.encode()), False, 9)
    assert 9 < len(counts) < alphabet.BLOCK // 4 + 2  # it has read no further than it needed to
