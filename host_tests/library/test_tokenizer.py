"""The tokenizer, with alphabets in any script and with any bytes."""

from array import array

from esp32gpt.tokenizer import BOS, Tokenizer
from raising import raises

GREEK = "άαβγδεθν"
MIXED = " -3aßΩж\u0301ひ京東한😀🦊"  # one to four bytes each, a combining one among them

REVERSED = "".join(reversed(MIXED))
EDGES = "\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"  # of two, three and four bytes


def encoded(tokenizer, utf8, first=0, last=None, room=64):
    """Return the tokens after the first BOS; [] if there are none."""
    tokens = array("i", [-1] * (room + 1))
    n = tokenizer.encode(utf8, first, len(utf8) if last is None else last, tokens)
    assert tokens[0] == BOS and all(t == -1 for t in tokens[n + 1 :] if n)
    return list(tokens[1 : n + 1])


def test_a_name_becomes_its_letters_between_two_bos():
    tokens = array("i", [-1] * 17)
    assert Tokenizer().encode(b"abz", 0, 3, tokens) == 4
    assert list(tokens[:5]) == [BOS, 1, 2, 26, BOS]
    assert Tokenizer().decode([1, 2, 26, BOS]) == "abz\n"


def test_alphabets_without_letters_or_with_one_twice_are_refused():
    for alphabet in ("", "aba"):
        raises(ValueError, Tokenizer, alphabet)


def test_every_character_of_any_alphabet_has_its_token():
    for alphabet in (GREEK, MIXED, REVERSED, EDGES):
        tokenizer = Tokenizer(alphabet)
        for i, char in enumerate(alphabet):
            between = "a" + char + "a" if char == " " else char
            ids = [alphabet.find("a") + 1] * (char == " ")
            assert encoded(tokenizer, between.encode()) == ids + [i + 1] + ids + [BOS], char
        name = alphabet.strip()
        ids = encoded(tokenizer, name.encode())
        assert ids == [alphabet.find(char) + 1 for char in name] + [BOS]
        assert tokenizer.decode(ids) == name + "\n"


def test_an_alphabet_of_hundreds_of_characters():
    alphabet = "abc" + "".join(chr(0x4E00 + 3 * i) for i in range(400))
    tokenizer = Tokenizer(alphabet)
    for i, char in enumerate(alphabet):
        assert encoded(tokenizer, char.encode()) == [i + 1, BOS]
    for code in (0x4DFF, 0x4E01, 0x4E02, 0x4E00 + 3 * 400):
        assert encoded(tokenizer, chr(code).encode()) == []


def test_names_of_other_alphabets_are_none():
    for name in ("α1", "ά", "a", "\u03b1\u0301", "京", "😀"):
        assert encoded(Tokenizer("αβγ"), name.encode()) == [], name


def test_ascii_capitals_are_folded_unless_the_alphabet_has_one():
    assert encoded(Tokenizer("abz"), b"ABZa") == [1, 2, 3, 1, BOS]
    assert encoded(Tokenizer("Bab"), b"AB") == []
    assert encoded(Tokenizer("Bab"), b"Bb") == [1, 3, BOS]
    # Capitals beyond ASCII are separate letters; those of ASCII are folded all the same.
    assert encoded(Tokenizer("aÉé"), "AÉé".encode()) == [1, 2, 3, BOS]
    assert encoded(Tokenizer("aé"), "É".encode()) == []


def test_only_whole_characters_within_the_line_are_read():
    tokenizer = Tokenizer(MIXED)
    for char in "ßひ😀":
        utf8 = char.encode()
        for n in range(1, len(utf8)):
            # The next bytes would complete the character, but belong to another line.
            assert encoded(tokenizer, b"a" + utf8, 0, 1 + n) == [], (char, n)
            assert encoded(tokenizer, b"a" + utf8[:n] + b"a") == []
            assert encoded(tokenizer, utf8[n:] + b"a") == []
        assert encoded(tokenizer, b"?" + utf8 + b"?", 1, 1 + len(utf8)) == [
            MIXED.index(char) + 1,
            BOS,
        ]


def test_bytes_that_are_not_utf8_are_no_character():
    tokenizer = Tokenizer("\0a\u007f\u0080αࠀ€\U00010000\U0010ffff")
    for bad in (
        b"\xc1\xa1",  # a in two bytes
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x82\x80",
        b"\xe0\x8e\xb1",  # an alpha in three
        b"\xf0\x82\x82\xac",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x8e\xb1",
        b"\xce\x31",
        b"\xe0\x0e\xb1",
        b"\xce\xf1",
        b"\xff\xff\xff\xff",
        b"\xfe\xb1",
    ):
        assert encoded(tokenizer, bad) == [], bad


def test_no_two_bytes_or_three_are_taken_for_another_character():
    """This holds for any first byte and any second and third byte."""
    tokenizer = Tokenizer("αࠀ")
    two = "α".encode()
    for first in range(128, 256):
        for second in (0, 0x31, 0x80, 0xA0, 0xB1, 0xBF, 0xF1, 0xFF):
            pair = bytes((first, second))
            assert (encoded(tokenizer, pair) != []) == (pair == two), pair
            triple = bytes((first, second, 0x80))
            assert (encoded(tokenizer, triple) != []) == (triple == "ࠀ".encode()), triple


def test_long_names_are_cut_where_the_room_ends():
    tokenizer = Tokenizer(GREEK)
    name = "αβγ".encode()
    assert encoded(tokenizer, name, room=2) == [2, 3]
    assert encoded(tokenizer, name, room=3) == [2, 3, 4]
    assert encoded(tokenizer, name, room=4) == [2, 3, 4, BOS]
    # Characters that do not fit must be in the alphabet, too.
    assert encoded(tokenizer, name + name, room=3) == [2, 3, 4]
    assert encoded(tokenizer, name + b"\xff", room=3) == []
    assert encoded(tokenizer, b"") == []


def test_white_space_of_any_kind_is_one_space_and_none_at_the_ends():
    tokenizer = Tokenizer(" ab")
    for space in (" ", "   ", "\u00a0", "\u3000", "\u2009 ", " \u2028\u202f", "\u1680\u205f"):
        for text in ("a" + space + "b", space + "a" + space + "b" + space):
            assert encoded(tokenizer, text.encode()) == [2, 1, 3, BOS], text
        assert encoded(tokenizer, space.encode()) == []
        # If the alphabet has no space, a name must not contain one.
        assert encoded(Tokenizer("ab"), (space + "a" + space).encode()) == [1, BOS]
        assert encoded(Tokenizer("ab"), ("a" + space + "b").encode()) == []
    assert encoded(tokenizer, b"a b", room=2) == [2, 1]
    assert encoded(tokenizer, b"a b", room=1) == [2]


def test_format_characters_are_nothing():
    tokenizer = Tokenizer("ab")
    for (
        mark
    ) in "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u206f\ufeff":
        for text in (mark + "ab", "a" + mark + "b", "ab" + mark + mark):
            assert encoded(tokenizer, text.encode()) == [1, 2, BOS], hex(ord(mark))
        assert encoded(tokenizer, mark.encode()) == []
    for near in "\u00ae\u00ac\u061b\u2010\u2030\u202f\u2070\ufefe\ufdff`":
        assert encoded(tokenizer, ("a" + near + "b").encode()) == [], hex(ord(near))


def test_encoding_allocates_nothing():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return  # CPython
    tokenizer = Tokenizer(MIXED)
    utf8 = bytearray((MIXED + "A").encode())
    tokens = array("i", [0] * 65)
    last = len(utf8)
    heap_lock()
    try:
        n = tokenizer.encode(utf8, 0, last, tokens)
    finally:
        heap_unlock()
    assert n == len(MIXED) + 1  # without the space that it begins with
