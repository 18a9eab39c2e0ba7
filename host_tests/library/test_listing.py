"""The listing of a names file, stored beside it while it is true."""

import os
from io import BytesIO

from esp32gpt import listing, tables
from esp32gpt.config import Config
from esp32gpt.dataset import DatasetError
from esp32gpt.listing import Listing
from raising import raises

FILE = "test_listing.tmp.txt"
STORED = "test_listing.tmp.alphabet"


def put(path, content):
    with open(path, "wb") as file:
        file.write(content)


def get(path):
    with open(path, "rb") as file:
        return file.read()


def clean():
    for path in (FILE, STORED):
        if path in os.listdir():
            os.remove(path)


def letters(content, fold=True, given=None):
    """Return the alphabet for a file with these bytes and the listing stored beside it."""
    put(FILE, content)
    return listing.load(FILE, fold, Config(), given)[0]


def report(content, stored=None, given=None, **shape):
    """Return the report on a temporary file with these bytes and its listing."""
    put(FILE, content)
    if stored:
        put(STORED, stored)
    try:
        return listing.load(FILE, True, Config(**shape), given)[2]
    finally:
        clean()


def key(content, maker="host"):
    return listing.identify(BytesIO(content), maker)


def stored(content, alphabet="an", maker="host", remarks=()):
    known = Listing(alphabet, 9, 8, 7, 1, 1, {3: 6, 5: 2}, remarks)
    return listing.render(key(content, maker), known)


def test_what_was_found_is_stored_and_used_the_next_time():
    clean()
    assert letters("Ana\nbé\n".encode()) == "abné"
    first = get(STORED)
    lines = first.decode().split("\n")
    assert lines[0].startswith("8 ") and lines[0].endswith(" fold")
    assert lines[1:4] == ["abné", "2 2 2 0 1", "2:1 3:1"] and len(lines) == 7
    put(STORED, first.replace("abné".encode(), "xyzé".encode()))
    assert letters("Ana\nbé\n".encode()) == "xyzé"
    clean()


def test_a_changed_list_of_the_same_length_is_looked_through_again():
    clean()
    long = b"bo\n" * 1000
    for end in (b"\n", b""):
        for before, after in ((b"josef", b"jozef"), (b"ana", b"ane"), (b"a\nb", b"a b")):
            assert letters(before + end) == "".join(sorted(set(before.decode()) - {"\n"}))
            assert letters(after + end) == "".join(sorted(set(after.decode())))
    assert letters(long + b"aaaaa\n" * 3 + long) == "abo"
    assert letters(long + b"azaza\n" * 3 + long) == "aboz"
    clean()


def test_what_the_host_stored_serves_any_board_and_what_a_board_did_one_that_folds_alike():
    content = b"Ana\nbo\n"
    clean()
    for maker in ("host", "fold", "keep"):
        for fold in (True, False):
            put(STORED, stored(content, "xyz", maker))
            mine = maker == "host" or (maker == "fold") == fold
            own = "abno" if fold else "Aabno"
            assert letters(content, fold) == ("xyz" if mine else own), (maker, fold)
    clean()


def test_anything_else_beside_the_list_is_passed_over():
    content = b"ana\nbo\n"
    whole = stored(content, "an\u03b1", remarks=["one remark", "another"])
    known = listing.read(STORED, key(content))
    assert known is None
    put(STORED, whole)
    known = listing.read(STORED, key(content))
    assert (known.letters, known.lines, known.names) == ("an\u03b1", 9, 8)
    assert (known.different, known.held_out, known.lengths) == (7, 1, {3: 6, 5: 2})
    assert known.remarks == ["one remark", "another"]
    bad = [whole[:n] for n in range(0, len(whole), 5)] + [whole + b"\n", whole + b"x"]
    bad += [b"7\nan\n", b"\0" * 40, b"", b"\n" * 7, whole.replace(b"\n", b"\r\n")]
    bad += [
        whole.replace(b"9 8 7 1 1", counts) for counts in (b"9 8 7", b"9 8 7 1 1 1", b"a b c d e")
    ]
    bad += [whole.replace(b"3:6", lengths) for lengths in (b"3", b"3:6:9", b"x:y")]
    bad += [
        whole.replace(b"an\xce", wrong) for wrong in (b"na\xce", b"aan\xce", b"a\tn\xce", b"an\xc1")
    ]
    bad += [stored(content, "".join(chr(0x4E00 + i) for i in range(3000))), stored(content, "")]
    bad += [stored(b"ana\nbu\n", "an"), stored(b"ana\nbo\n\n", "an")]
    for wrong in bad:
        put(STORED, wrong)
        assert listing.read(STORED, key(content)) is None, wrong
    put(STORED, bad[7])
    assert letters(content) == "abno"
    clean()


def test_a_listing_that_cannot_be_stored_is_found_all_the_same():
    clean()
    os.mkdir(STORED)
    try:
        assert letters(b"ana\n") == "an"
    finally:
        os.rmdir(STORED)
        clean()


def test_a_names_file_is_never_overwritten():
    put(STORED, b"ana\n")
    assert listing.load(STORED, True, Config())[0] == "an"
    assert get(STORED) == b"ana\n"
    clean()


def test_the_listing_lies_beside_the_names():
    for path, expected in (
        ("names.txt", "names.alphabet"),
        ("names", "names.alphabet"),
        ("/a.b/names", "/a.b/names.alphabet"),
        ("/a.b/names.v2.csv", "/a.b/names.v2.alphabet"),
        (".hidden", ".hidden.alphabet"),
        ("a/.hidden", "a/.hidden.alphabet"),
    ):
        assert listing.beside(path) == expected


def test_missing_and_empty_files_are_refused_with_the_remedy():
    for path in ("no_such_file.txt", "no_such_directory/names.txt"):
        assert "make deploy" in raises(DatasetError, listing.load, path, True, Config())
    assert "is empty" in raises(DatasetError, letters, b"")
    clean()


def test_the_report_counts_lines_names_different_ones_and_letters():
    names = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in "lnrst"]
    said = report(("\n".join(names) + "\n").encode())
    assert said == [
        f"{FILE}: 300 lines, 300 names, all different, 16 held out, the longest of 3 letters",
        "letters: 17, 'abdefgiklmnoprstu'",
    ]
    said = report(("\r\n".join(names + names) + "\nRENÉ\n?\n").encode())
    assert said[0].startswith(f"{FILE}: 602 lines, 602 names, 302 different, ")


def test_the_report_says_that_too_few_names_differ_to_hold_any_out():
    said = report(b"red\n" * 300)
    assert said[0] == (
        f"{FILE}: 300 lines, 300 names, 1 different, the longest of 3 letters; "
        "nothing is held out, because too few names are different (fewer than 8 would be)"
    )


def test_the_report_gives_skipped_lines_by_reason_with_an_example_and_the_remedy():
    content = b"anna\n" * 1200 + b"\xc5sa\n" * 40 + "zoë\n".encode() + b"a\0b\n" + b"a" * 300
    said = report(content)
    assert said[2] == (
        "skipped 43 of 1243 lines: 40 that are not UTF-8 ('\\xc5sa'), 1 with control characters "
        "('a\\x00b'), 1 with other letters ('zoë'), 1 longer than 256 bytes; save the list as "
        f"UTF-8, or have it converted by `make deploy NAMES={FILE}`"
    ), said[2]
    assert "does not know" in report(b"anna\nbo\n", given="anx")[2]


def test_the_report_says_which_letters_option_takes_all():
    text = "".join(chr(0x4E00 + i) + "\n" for i in range(100))
    said = report(text.encode())
    assert said[1].startswith("letters: 64, ") and "LETTERS=100 takes all letters" in said[2]
    many = "".join("a\n" * 20 + chr(0x4E00 + i) + "\n" for i in range(100))
    assert "less than once in 1000 names" in report(many.encode())[2]


def test_the_report_says_how_many_names_are_cut_and_what_holds_them():
    content = b"a" * 15 + b"\n" + b"b" * 16 + b"\n" + b"c" * 40 + b"\n"
    said = report(content)
    needed = Config(vocab_size=4, block_size=41)
    kb = (tables.model_bytes(needed) + tables.training_bytes(needed) + 1023) // 1024
    assert said[2].startswith(
        "2 of 3 names too long for block_size 16 and cut: "
        f"block_size=41 holds all and takes {kb} KB"
    )
    assert len(report(content, block_size=41)) == 2
    assert "1 of 3 names too long for block_size 17" in report(content, block_size=17)[2]


def test_the_report_points_out_a_table_a_title_and_what_needs_the_host():
    assert "most lines contain ; ('anna;f;3')" in report(b"anna;f;3\nbo;m;4\n")[2]
    assert "most lines have tabs" in report(b"1\tanna\n2\tbo\n")[2]
    assert "looks like a title" in report(b"Name\nanna\nbo\n")[2]
    for text in ("Émile\n", "e\u0301mile\n", "Ольга\n", "\ufb01ona\n", "İzmir\n"):
        assert f"only `make deploy NAMES={FILE}`" in report(text.encode())[2], text
    for text in ("émile\n", "ольга\n", "straße\n", "東京\n", "한국\n", "ไทย\n", "دينا\n"):
        assert len(report(text.encode())) == 2, text


def test_the_remarks_of_the_host_are_passed_on():
    said = report(b"ana\n", stored(b"ana\n", "an", remarks=["skipped 3 of 9 lines", "read as X"]))
    assert said[0] == (
        f"{FILE}: 9 lines, 8 names, 7 different, the longest of 5 letters; "
        "nothing is held out, because too few names are different (fewer than 8 would be)"
    )
    assert said[2:] == ["skipped 3 of 9 lines", "read as X"]


def test_the_report_has_four_lines_at_most():
    content = b"a" * 40 + b";\n" + b"\xff\n" + "É;\n".encode()
    assert len(report(content)) == 4
