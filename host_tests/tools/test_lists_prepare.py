"""Preparing a list: the names that are kept, the files that are written, and the report."""

import random
import re
import unicodedata

import pytest
from esp32gpt import listing, tables
from esp32gpt.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.host.errors import ToolError
from tools.host.paths import DATA
from tools.lists import prepare, report
from tools.lists.choices import Choices

OURS = DATA / "names.txt"


def read(source, data, **options):
    """Return the names that are kept of these bytes, and their Survey."""
    found = prepare.read(source(data), Choices(**options)).kept
    return found.names, found.survey


def kept(source, data, **options):
    return read(source, data, **options)[0]


def letters(source, data, **options):
    return prepare.read(source(data), Choices(**options)).kept.letters


def beside(path):
    """Return (size, alphabet) of the listing beside a prepared list; a board must accept it."""
    with open(path, "rb") as file:
        found = listing.read(listing.beside(str(path)), listing.identify(file, "fold"))
    names = path.read_text().split()
    assert found.different == len(set(path.read_text().splitlines())) and names
    return path.stat().st_size, found.letters


def said(source, data, *, shape=None, **options):
    """Return the report on these bytes."""
    return prepare.prepare(
        source(data),
        source(data).parent / "said" / "said.txt",
        Choices(**options),
        Config(**shape or {}),
    )


# What is kept of a list


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_is_understood_with_and_without_one_at_the_end(source, end, last):
    found, survey = read(source, b"ana" + end + b"bo" + end * last)
    assert found == ["ana", "bo"]
    assert (survey.lines, survey.names, survey.skipped) == (2, 2, {})


def test_mixed_line_ends_leave_only_the_lines_that_are_not_blank(source):
    found, survey = read(source, b"ana\r\n\r\nbo\reve\n\r\n")
    assert found == ["ana", "bo", "eve"] and survey.lines == 3


def test_a_byte_order_mark_is_no_part_of_the_first_name(source):
    assert kept(source, b"\xef\xbb\xbfana\nbo\n") == ["ana", "bo"]


def test_surrounding_white_space_is_trimmed_and_a_line_of_it_is_blank(source):
    found, survey = read(source, "  ana\t\n \t \n\u00a0bo \n".encode())
    assert found == ["ana", "bo"] and survey.lines == 2


def test_capitals_are_kept_on_request(source):
    assert kept(source, b"Ana\nBO\neve\n") == ["ana", "bo", "eve"]
    assert kept(source, b"Ana\nBO\neve\n", keep_case=True) == ["Ana", "BO", "eve"]
    assert letters(source, b"Ana\nBO\neve\n", keep_case=True) == "ABOaenv"


def test_inner_white_space_becomes_one_space_and_a_tab_ends_a_name(source):
    lines = " New   York\nRio\u00a0de\u3000Janeiro\nc\u2028d\nLima\tPeru\n"
    found = kept(source, lines.encode(), keep_case=True)
    assert found == ["New York", "Rio de Janeiro", "c d", "Lima"]


def test_duplicates_are_kept(source, dest):
    path = source(b"ana\nbo\nana\nAna\n")
    assert prepare.read(path, Choices()).kept.names == ["ana", "bo", "ana", "ana"]
    prepare.prepare(path, dest)
    assert sorted(dest.read_text().split()) == ["ana", "ana", "ana", "bo"]


@pytest.mark.parametrize(
    "line",
    [
        b"jos\xe9",  # Latin-1
        b"an\x00na",
        b"an\x7fna",
        "an\u0080na".encode(),
        "an\ufffdna".encode(),
        "\ud800".encode(errors="surrogatepass"),
    ],
)
def test_a_line_with_what_is_no_letter_is_skipped_and_counted(source, line):
    found, survey = read(source, b"bo\n\xc3\xa9ve\n" + line + b"\nida\n")
    assert found == ["bo", "\u00e9ve", "ida"]
    assert survey.lines == 4 and sum(survey.skipped.values()) == 1


def test_256_bytes_are_a_name_and_more_are_not(source):
    longest = "\U0001f600" * 64
    found, survey = read(source, f"{longest}\n{'b' * 257}\n".encode())
    assert found == [longest] and survey.skipped == {"long": 1}


def test_a_line_of_a_megabyte_is_skipped_without_showing_all_of_it(source):
    lines = said(source, b"ana\n" + b"b" * 1_000_000 + b"\n" + b"-" * 1_000_000)
    assert (
        lines[2].startswith("skipped 2 of 3 lines: 2 longer than 256 bytes") and len(lines[2]) < 200
    )


# The alphabet


def test_the_alphabet_is_what_occurs_in_the_order_of_code_points(source):
    data = "S\u00e3o Paulo\n3-\u03b1\n\u540d\n\U0001f600\n".encode()
    assert letters(source, data) == " -3alopsu\u00e3\u03b1\u540d\U0001f600"


def test_what_occurs_less_than_once_in_a_thousand_names_is_left_out(source):
    data = ("ana\n" * 999 + "jos\u00e9\n").encode()
    assert letters(source, data) == "ajnos\u00e9"
    found, survey = read(source, b"ana\n" + data)
    assert set(found) == {"ana"} and survey.skipped == {"letters": 1}
    assert survey.examples["letters"] == "jos\u00e9".encode()


def test_no_more_letters_than_asked_for(source):
    data = b"ab\n" * 3 + b"ac\n" * 2 + b"ad\n"
    assert set(kept(source, data, letters=3)) == {"ab", "ac"}
    # Equally frequent letters are chosen by their code points.
    assert letters(source, b"a\nb\nc\nd\n", letters=2) == "ab"


def test_the_board_finds_the_same_alphabet_in_a_prepared_list(source, dest):
    listed = [
        "Z\u00fcrich",
        "New York",
        "\u0391\u03b8\u03ae\u03bd\u03b1",
        "\u6771\u4eac",
        "3-pentanol",
    ]
    for keep_case in (False, True):
        prepare.prepare(source("\n".join(listed * 400).encode()), dest, Choices(keep_case))
        size, stored = beside(dest)
        dest.with_suffix(".alphabet").unlink()
        assert listing.load(str(dest), not keep_case, Config())[0] == stored
        assert dest.with_suffix(".alphabet").read_text().split("\n")[1] == stored


TEXT = st.text(
    alphabet="aabbAB \t\r\n\u00e9\u0301\u03a3\u03c2\u4e00\U0001f600\0\u200f\u0130", max_size=60
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=TEXT, keep_case=st.booleans(), most=st.integers(1, 6))
def test_preparing_again_changes_nothing_whatever_the_options(
    tmp_path_factory, text, keep_case, most
):
    folder = tmp_path_factory.mktemp("text")
    source, dest, again = folder / "source", folder / "dest.txt", folder / "again.txt"
    source.write_bytes(text.encode())
    try:
        prepare.prepare(source, dest, Choices(keep_case, most))
    except ToolError:
        return
    prepare.prepare(dest, again, Choices(keep_case, most))
    assert again.read_bytes() == dest.read_bytes() and beside(again) == beside(dest)
    assert set(dest.read_text()) - {"\n"} == set(beside(dest)[1])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    data=st.binary(max_size=200)
    | st.lists(st.sampled_from([b"ana", b"Bo", b"\r", b"\n", b"\xff", b" ", b"\0"])).map(b"".join)
)
def test_any_bytes_give_a_well_formed_file_or_a_sentence(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    source, dest = folder / "source", folder / "dest"
    source.write_bytes(data)
    try:
        prepare.prepare(source, dest)
    except ToolError as error:
        assert not dest.exists() and "\n" not in str(error)
        return
    *written, end = dest.read_bytes().decode().split("\n")
    size, letters = beside(dest)
    assert end == "" and len(written) >= 1
    for name in written:
        assert 1 <= len(name.encode()) <= 256 and name == name.strip()
        assert set(name) <= set(letters)
        assert not any(unicodedata.category(char) == "Cc" for char in name)


# The report


def test_the_report_of_a_clean_list_has_two_lines(source):
    assert said(source, b"ana\nbo\n") == [
        "source.txt: 2 lines, 2 names, all different, the longest of 3 letters; "
        "nothing is held out, because too few names are different (fewer than 8 would be)",
        "letters: 4, 'abno'",
    ]


def test_the_report_names_all_that_was_changed_or_skipped(source):
    data = "\u00c5sa\nAna\nZo\u00e9\n" * 400 + "x\0y\n\u200fjos\u00e9\n" + "a" * 300 + "\n"
    lines = said(source, data.encode())
    assert lines[2] == (
        "skipped 3 of 1203 lines: 1 with control characters ('x\\x00y'), 1 with other letters "
        "('jos\u00e9'), 1 longer than 256 bytes; take these out, or save the list as plain text"
    )
    assert lines[3] == (
        "capitals folded in 1200 lines (CASE=keep keeps them); 1 invisible character left out"
    )


def test_the_report_says_that_a_list_was_read_in_a_legacy_encoding(source):
    data = "\u00c5sa\n\u00d6rjan\nBj\u00f6rn\nM\u00e4rta\nanna\n".encode("cp1252") * 80
    lines = said(source, data)
    assert lines[0].startswith("source.txt: 400 lines, 400 names, 5 different")
    assert "read as Windows-1252: if letters look wrong, name another ENCODING" in lines[2]
    assert kept(source, data)[:2] == ["\u00e5sa", "\u00f6rjan"]
    assert kept(source, data, encoding="cp1251")[1] != "\u00f6rjan"


def test_the_report_says_which_letters_would_keep_how_many_lines_in_what_memory(source):
    syllables = [chr(0xAC00 + 28 * i) for i in range(200)]
    data = "".join(f"{a}{b}\n" for a, b in zip(syllables * 3, syllables[7:] * 3, strict=False))
    lines = said(source, data.encode())
    assert lines[1].startswith("letters: 6")
    fits, every = re.findall(r"LETTERS=(\d+) keeps (\d+) and takes (\d+) KB", lines[2])
    assert every[:2] == ("200", str(data.count("\n")))
    for n, names, kilobytes in (fits, every):
        config = Config(vocab_size=int(n) + 1)
        assert int(kilobytes) == -(
            -(tables.model_bytes(config) + tables.training_bytes(config)) // 1024
        )
        assert len(kept(source, data.encode(), letters=int(n))) == int(names)
    config = Config(vocab_size=int(fits[0]) + 1)
    assert tables.model_bytes(config) + tables.training_bytes(config) <= listing.BARE_BYTES
    config.vocab_size += 1
    assert tables.model_bytes(config) + tables.training_bytes(config) > listing.BARE_BYTES


def test_the_report_says_how_many_names_are_cut(source):
    lines = said(source, b"acgtacgtacgtacgtacgt\nacgt\n" * 9)
    assert lines[2].startswith("9 of 18 names too long for block_size 16 and cut: block_size=21")
    assert len(said(source, b"acgtacgtacgtacgtacgt\nacgt\n" * 9, shape={"block_size": 32})) == 2
    assert "more than the" in said(source, b"acgt" * 50 + b"\n" + b"acgt\n" * 9)[2]


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ("1\tBulbasaur\n2\tIvysaur\n3\tVenusaur\n", "have tabs.*COLUMN=2"),
        ("anna;f\nbo;m\n", "contain ; as 'anna;f': COLUMN=1"),
        ("Name,Year\nanna,1\nbo,2\n", "contain , as 'Name,Year': COLUMN=1"),
        ('"anna"\n"bo"\n', "in quotes.*COLUMN=1 takes them off"),
        ("1. anna\n2. bo\n3) eve\n", "begin with a number or a dash, as '1. anna'"),
        ("- anna\n- bo\n", "begin with a number or a dash"),
        ("<li>anna</li>\n<b>bo</b>\n", "are code, as '<li>anna</li>'"),
        ("name=anna\nname=bo\n", "every line begins with 'name='"),
        ("anna, bo, eve\n", "all names stand on one line"),
        (">seq1\nacgt\n>seq2\nacgg\n", "titles of sequences"),
        ("smiles id\nCCO Z1\nCCN Z2\n", "looks like a title"),
        ("Name\nanna\nbo\n", "the first line, 'Name', looks like a title"),
    ],
)
def test_the_report_points_out_what_is_no_plain_list(source, data, hint):
    lines = said(source, data.encode())
    assert re.search(hint, lines[2]) and len(lines) == 3, lines


def test_a_column_of_a_table_is_a_list(source):
    table = 'Nr;Name\n1;Anna\n2;"Bo"\n'.encode("cp1252")
    assert kept(source, table, column="name") == kept(source, table, column="2") == ["anna", "bo"]
    assert not any("COLUMN" in line for line in said(source, table, column="2"))
    with pytest.raises(ToolError, match=r"source.txt: There is no column 3: .*2 \(Name\)"):
        kept(source, table, column="3")


def test_the_report_has_four_lines_at_most_and_is_printable(source):
    for line in ("\x1b[2Jred", "\u202egnorts", "a\x00b", "\udcff"):
        data = ("Ana;" * 9 + "\n") * 2000 + "\u4e00\n" + line + "\n"
        lines = said(source, data.encode(errors="surrogatepass"))
        assert len(lines) == 4 and all(part.isprintable() for part in lines), lines


def test_the_whole_report_shows_lengths_letters_and_what_is_left_out(source):
    data = "Ana\nAna\nBoas\n" * 400 + "jos\u00e9\nx\0\n"
    found = prepare.read(source(data.encode()), Choices())
    about = prepare.list_of(found, Choices(), Config())
    text = "\n".join(report.full(found, about, Config()))
    assert re.search(r"^ +3 +800 #{40}$", text, re.MULTILINE)
    assert re.search(r"^ +4 +400 #{20}$", text, re.MULTILINE)
    assert re.search(r"^ +a +2000 #{40}$", text, re.MULTILINE)
    assert "left out: 4 letters\n" in text and "\u00e9 1" in text and "U+0000 1" in text
    assert "most often: ana 800, boas 400" in text


# What is written


def test_prepare_writes_every_name_on_its_own_line_in_another_order(source, dest):
    listed = [f"{a}{b}" for a in "abcde" for b in "aeiou"]
    prepare.prepare(source("\n".join(listed).encode()), dest)
    written = dest.read_text().split("\n")
    assert written.pop() == ""
    assert sorted(written) == listed != written
    assert beside(dest) == (dest.stat().st_size, "abcdeiou")


def test_the_shuffle_is_the_same_on_every_machine(source, dest):
    prepare.prepare(source(b"ana\nbo\neve\nida\nkim\nlea\n"), dest)
    assert dest.read_bytes() == b"ida\nbo\neve\nkim\nana\nlea\n"


def test_the_order_of_the_source_makes_no_difference(source, dest):
    listed = OURS.read_text().split()
    prepare.prepare(source("\n".join(sorted(listed)).encode()), dest)
    first = dest.read_bytes()
    random.Random(1).shuffle(listed)
    prepare.prepare(source("\n".join(listed).encode()), dest)
    assert dest.read_bytes() == first


def test_preparing_a_prepared_file_changes_nothing(source, dest, tmp_path):
    prepare.prepare(source(b"Ana\nbo\nana\neve\n"), dest)
    prepare.prepare(dest, tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == dest.read_bytes()


def test_a_file_that_is_up_to_date_is_left_untouched(source, dest):
    path = source(b"ana\nbo\n")
    files = [dest, dest.with_suffix(".alphabet")]
    prepare.prepare(path, dest)
    before = [file.stat() for file in files]
    prepare.prepare(path, dest)
    after = [file.stat() for file in files]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


def test_a_file_that_is_out_of_date_is_replaced(source, dest):
    prepare.prepare(source(b"ana\n"), dest)
    prepare.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"bo\n" and beside(dest) == (3, "bo")
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


def test_a_write_that_fails_leaves_the_old_file_and_no_partial_one(source, dest, monkeypatch):
    prepare.prepare(source(b"ana\n"), dest)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare.os, "replace", full)
    with pytest.raises(ToolError, match="Cannot write .*No space left"):
        prepare.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"ana\n"
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


# What is refused


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "it needs one name on each line"),
        (b"\n \r\n", "it needs one name on each line"),
        (b"1\0\n22\0\n", r"2 with control characters \('1\\x00'\); take these out, or save"),
        (b"a" * 257, "1 longer than 256 bytes; put one name"),
        (b"[1, 2]", "is JSON"),
    ],
)
def test_a_file_without_a_usable_name_is_refused_with_the_reason(source, dest, data, why):
    with pytest.raises(ToolError, match=why):
        prepare.prepare(source(data), dest)
    assert not dest.exists()


def test_a_missing_file_is_refused(tmp_path, dest):
    with pytest.raises(ToolError, match="There is no file .*nowhere.txt: give"):
        prepare.prepare(tmp_path / "nowhere.txt", dest)


def test_a_directory_is_refused_as_source_and_as_destination(source, tmp_path, dest):
    with pytest.raises(ToolError, match="is a directory: give"):
        prepare.prepare(tmp_path, dest)
    with pytest.raises(ToolError, match="not an ordinary file: name another"):
        prepare.prepare(source(b"ana\n"), tmp_path)


def test_a_file_that_may_not_be_read_is_refused(source, dest, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(prepare.Path, "read_bytes", denied)
    with pytest.raises(ToolError, match=r"Cannot read .*\(Permission denied\): give"):
        prepare.prepare(source(b"ana\n"), dest)


def test_a_destination_that_cannot_be_written_is_refused(source):
    path = source(b"ana\n")
    with pytest.raises(ToolError, match="Cannot write .*: choose"):
        prepare.prepare(path, path / "below-a-file.txt")


def test_a_list_is_never_overwritten_by_its_own_preparation(source):
    path = source(b"Ana\nBo\n")
    with pytest.raises(ToolError, match="would be overwritten"):
        prepare.prepare(path, path.parent / "." / path.name)
    named_so = path.rename(path.with_suffix(".alphabet"))
    with pytest.raises(ToolError, match="would be overwritten"):
        prepare.prepare(named_so, path)
    assert named_so.read_bytes() == b"Ana\nBo\n" and not path.exists()


def test_names_do_not_go_where_their_alphabet_belongs(source, tmp_path):
    with pytest.raises(ToolError, match="is where the alphabet belongs: name another"):
        prepare.prepare(source(b"ana\n"), tmp_path / "names.alphabet")
    assert not (tmp_path / "names.alphabet").exists()


def test_an_alphabet_too_small_for_any_name_says_what_to_allow(source, dest):
    with pytest.raises(ToolError, match=r"'ab'.*LETTERS=3 keeps 2 and takes"):
        prepare.prepare(source(b"ab\nac\n"), dest, Choices(letters=1))
    for letters in (0, -1, 1001):
        with pytest.raises(ToolError, match=f"cannot have {letters} letters: choose from 1 to"):
            Choices(letters=letters)
