"""The alphabet that is chosen for a names file: the same on any interpreter."""

from io import BytesIO

from esp32gpt import alphabet
from esp32gpt.dataset import DatasetError
from esp32gpt.lines import Lines
from raising import raises
from test_utf8 import BAD


def lines(content):
    return Lines(BytesIO(content), 384)


def found(content, fold=True, most=64):
    return alphabet.choose(lines(content), fold, most)[0]


def refusal(content):
    return raises(DatasetError, alphabet.look_through, "list.txt", BytesIO(content), True)


def test_every_character_once_in_the_order_of_code_points():
    assert found(b"ana\nbo\n") == "abno"
    text = "3-αθη\nNew York\n東京\n😀\ne\u0301\n"
    assert found(text.encode()) == " -3eknorwy\u0301αηθ京東😀"


def test_ascii_capitals_are_folded_and_no_others():
    assert found("AbÉΑа\n".encode()) == "abÉΑа"
    assert found("AbÉΑа\n".encode(), fold=False) == "AbÉΑа"
    assert found("AZaz\n".encode()) == "az"


def test_line_ends_marks_and_spaces_at_the_ends_are_no_letters():
    for content in (
        b"ab\nc",
        b"ab\r\nc\r\n",
        b"ab\rc",
        b"\xef\xbb\xbfab\nc\n\n",
        b" ab \n\tc\tx\n",
    ):
        assert found(content) == "abc", content
    assert found("\u200fab\u200e\u00a0\nc\n".encode()) == "abc"
    assert found("a\u00a0\u00a0b\n".encode()) == " ab"


def test_lines_that_are_no_names_count_for_nothing():
    for bad in BAD + (b"\0", b"\x7f", b"\xc2\x80", b"\xef\xbf\xbd"):
        assert found(b"ab\nx" + bad + b"y\nc\n") == "abc", bad
        assert found(b"ab\nc\nx" + bad) == "abc", bad
    content = "ναι\n".encode() + b"".join(bad + b"z\n" for bad in BAD) + b"ok"
    assert found(content) == "koαιν"
    assert found(b"ab\n" + b"x" * 300 + b"\n") == "ab"


def test_characters_cut_by_the_end_of_a_block_are_whole():
    for shift in range(8):
        content = "x" * shift + "\n" + "αβ漢😀\n" * 60
        letters, survey = alphabet.choose(lines(content.encode()), True, 64)
        assert letters == ("xαβ漢😀" if shift else "αβ漢😀"), shift
        assert survey.names == 60 + (shift > 0)


def test_the_most_frequent_characters_are_taken():
    content = b"ab\n" * 3 + b"ac\n" * 2 + b"ad\n"
    assert [found(content, most=n) for n in (2, 3, 9)] == ["ab", "abc", "abcd"]
    assert found(content, most=1) == ""  # and no line is of a alone
    assert found("δ\nγ\nβ\nα\n".encode(), most=2) == "αβ"  # equally frequent: by code point
    # Folded before they are counted.
    assert found(b"b\nb\nb\nA\nA\na\na\n", most=1) == "a"


def test_what_occurs_less_than_once_in_a_thousand_names_is_left_out():
    assert found(b"a\n" * 999 + b"b\n") == "ab"
    assert found(b"a\n" * 1000 + b"b\n") == "a"
    assert found(b"a\n" * 1999 + b"bb\n") == "ab"
    assert found(b"a\n" * 999 + b"b") == "ab"  # a line without its end is one
    assert found(b"a\r\n\r\n" * 999 + b"b") == "ab"  # blank lines are none


def test_what_only_skipped_lines_have_is_left_out():
    # q is frequent enough, but stands beside a stray character each time.
    content = b"a\n" * 3000 + "".join("q" + chr(0x4E00 + i) + "\n" for i in range(10)).encode()
    assert found(content) == "a"
    # r is frequent enough only as long as it counts where it stands beside stray characters.
    assert found(b"a\n" * 3000 + b"ra\n" * 2 + "r\u4e00\nr\u4e01\n".encode()) == "a"


def test_files_without_a_name_are_refused_with_the_remedy():
    for content in (b"\n", b"\r", b"\xef\xbb\xbf\n", "\u200f\n\u00a0".encode()):
        assert "list.txt has no name: it needs one name on each line, in UTF-8" in refusal(content)
    assert "1 with control characters ('\\x00')" in refusal(b"\0\n")
    assert "1 that are not UTF-8 ('\\xff')" in refusal(b"\xff\n")
    assert "1 longer than 256 bytes" in refusal(b"x" * 5000)
    for content in (b"\0\n", b"\xff\n"):
        assert "or have it converted by `make deploy NAMES=list.txt`" in refusal(content)


def test_more_characters_than_memory_can_count_are_refused():
    text = "".join(chr(0x4E00 + i) + "\n" for i in range(alphabet.COUNTED))
    assert "make deploy NAMES=file LETTERS=n" in refusal(text.encode())


def test_as_many_characters_as_memory_can_count_are_letters():
    text = "".join(chr(0x4E00 + i) + "\n" for i in range(alphabet.COUNTED - 1))
    assert len(found(text.encode(), most=1000)) == alphabet.COUNTED - 1


def test_the_letters_of_a_model_are_not_chosen_anew():
    listing = alphabet.look_through("list.txt", BytesIO(b"anna\nbo\nbert\n"), True, "abnort")
    assert listing.letters == "abnort" and (listing.lines, listing.names) == (3, 2)
    assert "does not know" in listing.remarks[0] and "FRESH=1" in listing.remarks[0]
    said = raises(
        DatasetError, alphabet.look_through, "list.txt", BytesIO("αθήνα\n".encode()), True, "abc"
    )
    assert "knows the letters 'abc', and list.txt is written in 'ήαθν'" in said
    assert "FRESH=1" in said and "the list that it learned from" in said
