"""tools/names.py, and the list of names that comes with the project."""

import hashlib
import random
import re
import subprocess
import sys
import unicodedata
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import names
from tools.host.errors import ToolError
from tools.names import alphabet

OURS = Path(__file__).resolve().parent.parent / "data" / "names.txt"
LATIN = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def source(tmp_path):
    """A function that makes a list of these bytes and returns its path."""

    def write(data):
        path = tmp_path / "source.txt"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "out" / "prepared.txt"


@pytest.fixture
def pinned(source, monkeypatch):
    """A function that makes a list, pins it as the one to fetch, and returns its URL."""

    def pin(data):
        monkeypatch.setattr(names, "SHA256", hashlib.sha256(data).hexdigest())
        return source(data).as_uri()

    return pin


def kept(source, data, **options):
    return names.read_names(source(data), **options)[0]


def counted(report):
    """The counts of a report that are not 0."""
    fields = ("kept", "folded", "blank", "other", "long")
    return {name: getattr(report, name) for name in fields if getattr(report, name)}


def beside(path):
    """(size, alphabet) of the file beside a prepared list, which must be well-formed."""
    size, letters, end = path.with_suffix(".alphabet").read_bytes().decode().split("\n")
    assert end == "" and list(letters) == sorted(set(letters))
    return int(size), letters


def run(*args):
    command = [sys.executable, "-m", "tools", "names", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True)


# What is kept of a list


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_is_understood_with_and_without_one_at_the_end(source, end, last):
    found, report = names.read_names(source(b"ana" + end + b"bo" + end * last))
    assert found == ["ana", "bo"]
    assert counted(report) == {"kept": 2}


def test_mixed_line_ends_leave_only_the_lines_that_are_blank(source):
    found, report = names.read_names(source(b"ana\r\n\r\nbo\reve\n\r\n"))
    assert found == ["ana", "bo", "eve"]
    assert report.blank == 2


def test_a_byte_order_mark_is_no_part_of_the_first_name(source):
    assert kept(source, b"\xef\xbb\xbfana\nbo\n") == ["ana", "bo"]


def test_surrounding_white_space_is_trimmed_and_a_line_of_it_is_blank(source):
    found, report = names.read_names(source("  ana\t\n \t \n\u00a0bo \n".encode()))
    assert found == ["ana", "bo"]
    assert counted(report) == {"kept": 2, "blank": 1}


def test_capitals_are_folded_and_counted_once_a_name(source):
    found, report = names.read_names(source(b"Ana\nBO\neve\n"))
    assert found == ["ana", "bo", "eve"]
    assert counted(report) == {"kept": 3, "folded": 2}


def test_capitals_of_every_script_are_folded_and_counted(source):
    found, report = names.read_names(source("\u0393\u0399\u03a9\u03a3\n\u042f\n\u00c9a\n".encode()))
    assert found == ["\u03b3\u03b9\u03c9\u03c2", "\u044f", "\u00e9a"]
    assert counted(report) == {"kept": 3, "folded": 3}


def test_capitals_are_kept_on_request(source):
    found, report = names.read_names(source(b"Ana\nBO\neve\n"), keep_case=True)
    assert found == ["Ana", "BO", "eve"]
    assert counted(report) == {"kept": 3}
    assert report.letters == "ABOaenv"


def test_inner_white_space_becomes_one_space(source):
    lines = " New \t York\nRio\u00a0de\u3000Janeiro\na\x0bb\nc\u2028d\n"
    found = kept(source, lines.encode(), keep_case=True)
    assert found == ["New York", "Rio de Janeiro", "a b", "c d"]


def test_letters_that_look_the_same_are_the_same(source):
    # e with an accent of its own, the Kelvin sign; not a full-width or a Cyrillic a.
    found = kept(source, "Jose\u0301\njos\u00e9\n\u212aim\n\uff41\n\u0430\n".encode())
    assert found == ["jos\u00e9", "jos\u00e9", "kim", "\uff41", "\u0430"]


def test_a_name_is_normalised_only_once():
    """Every character there is, as it is and between others."""
    for code in [*range(0xD800), *range(0xE000, 0x110000)]:
        for keep_case in (False, True):
            once = names.normalise(f"{chr(code)}a{chr(code)}\u0301", keep_case)
            assert names.normalise(once, keep_case) == once, hex(code)


def test_duplicates_are_kept(source, dest):
    path = source(b"ana\nbo\nana\nAna\n")
    assert names.read_names(path)[0] == ["ana", "bo", "ana", "ana"]
    names.prepare(path, dest)
    assert sorted(dest.read_text().split()) == ["ana", "ana", "ana", "bo"]


@pytest.mark.parametrize(
    "line",
    [
        b"jos\xe9",  # Latin-1
        b"an\x00na",
        b"an\x7fna",
        "an\u0080na".encode(),
        "an\ufeffna".encode(),
        "an\ufffdna".encode(),
        "\ud800".encode(errors="surrogatepass"),
    ],
)
def test_a_line_with_what_is_no_letter_is_skipped_and_counted(source, line):
    found, report = names.read_names(source(b"bo\n" + line + b"\neve\n"))
    assert found == ["bo", "eve"]
    assert (report.kept, report.other, len(report.examples)) == (2, 1, 1)
    assert report.letters == "beov" and not report.rarer


def test_64_characters_are_a_name_and_65_are_not(source):
    longest = "\U0001f600" * 64
    found, report = names.read_names(source(f"{longest}\n{'b' * 65}\n".encode()))
    assert found == [longest]
    assert counted(report) == {"kept": 1, "long": 1}


def test_a_line_of_a_megabyte_is_skipped_without_showing_all_of_it(source):
    _, report = names.read_names(source(b"ana\n" + b"b" * 1_000_000 + b"\n" + b"-" * 1_000_000))
    assert (report.kept, report.long) == (1, 2)
    assert len(str(report)) < 200


# The alphabet


def test_the_alphabet_is_what_occurs_in_the_order_of_code_points(source):
    data = "S\u00e3o Paulo\n3-\u03b1\n\u540d\n\U0001f600\n".encode()
    assert names.read_names(source(data))[1].letters == " -3alopsu\u00e3\u03b1\u540d\U0001f600"


def test_what_occurs_less_than_once_in_a_thousand_lines_is_left_out(source):
    stray = "jos\u00e9\n"
    found, report = names.read_names(source(("ana\n" * 999 + stray).encode()))
    assert len(found) == 1000 and report.letters == "ajnos\u00e9" and not report.rarer
    found, report = names.read_names(source(("ana\n" * 1000 + stray).encode()))
    assert set(found) == {"ana"} and report.letters == "an"
    assert counted(report) == {"kept": 1000, "other": 1} and report.examples == ["jos\u00e9"]
    assert report.rarer == {"j": 1, "o": 1, "s": 1, "\u00e9": 1}


def test_no_more_characters_than_asked_for(source):
    data = b"ab\n" * 3 + b"ac\n" * 2 + b"ad\n"
    found, report = names.read_names(source(data), letters=3)
    assert set(found) == {"ab", "ac"} and report.letters == "abc"
    assert report.rarer == {"d": 1}
    # Of those equally frequent, the first code points.
    assert names.read_names(source(b"a\nb\nc\nd\n"), letters=2)[1].letters == "ab"


def test_what_only_skipped_lines_have_is_not_in_the_alphabet(source):
    """q is frequent enough, but stands beside a stray character each time."""
    data = "ana\n" * 3000 + "".join(f"q{chr(0x4E00 + i)}\n" for i in range(10))
    found, report = names.read_names(source(data.encode()))
    assert set(found) == {"ana"} and report.letters == "an"
    assert report.rarer["q"] == 10 and len(report.rarer) == 11


def test_what_has_become_rare_takes_its_lines_with_it(source):
    """r is frequent enough only as long as it counts where it stands beside stray characters."""
    data = "ana\n" * 3000 + "rana\n" * 3 + "r\u4e00\nr\u4e01\n"
    found, report = names.read_names(source(data.encode()))
    assert set(found) == {"ana"} and report.letters == "an"
    assert counted(report) == {"kept": 3000, "other": 5} and report.rarer["r"] == 5


def test_the_board_finds_the_same_alphabet_in_a_prepared_list(source, dest):
    listed = [
        "Z\u00fcrich",
        "New York",
        "\u0391\u03b8\u03ae\u03bd\u03b1",
        "\u6771\u4eac",
        "3-pentanol",
    ]
    for keep_case in (False, True):
        for letters in (64, 20):
            names.prepare(source("\n".join(listed * 400).encode()), dest, keep_case, letters)
            size, stored = beside(dest)
            assert size == dest.stat().st_size
            assert alphabet.load(str(dest), not keep_case) == stored
            dest.with_suffix(".alphabet").unlink()
            assert alphabet.load(str(dest), not keep_case, letters) == stored
            assert beside(dest) == (size, stored)


TEXT = st.text(alphabet="aabbAB \t\r\n\u00e9\u0301\u03a3\u03c2\u4e00\U0001f600\0", max_size=60)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=TEXT, keep_case=st.booleans(), letters=st.integers(1, 6))
def test_preparing_again_changes_nothing_whatever_the_options(
    tmp_path_factory, text, keep_case, letters
):
    folder = tmp_path_factory.mktemp("text")
    source, dest, again = folder / "source", folder / "dest.txt", folder / "again.txt"
    source.write_bytes(text.encode())
    try:
        names.prepare(source, dest, keep_case, letters)
    except ToolError:
        return
    report = names.prepare(dest, again, keep_case, letters)
    assert again.read_bytes() == dest.read_bytes() and beside(again) == beside(dest)
    assert set(counted(report)) == {"kept"} and not report.rarer
    letters_used = set(dest.read_text()) - {"\n"}
    assert letters_used == set(beside(dest)[1])


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
        report = names.prepare(source, dest)
    except ToolError:
        assert not dest.exists()
        return
    *written, end = dest.read_bytes().decode().split("\n")
    assert end == "" and report.kept == len(written) >= 1
    for name in written:
        assert 1 <= len(name) <= 64 and name == name.strip()
        assert set(name) <= set(report.letters)
        assert not any(unicodedata.category(char) == "Cc" for char in name)


# The report


def test_the_report_of_a_clean_list_is_its_size_and_its_alphabet():
    report = names.Report(kept=32_033, letters="ab")
    assert str(report) == "names: 32,033 kept\nalphabet: 2 characters, 'ab'"


def test_the_report_names_all_that_was_changed_or_skipped(source):
    data = (
        b"Ana\nbo\n\n\n" + "jos\u00e9\n".encode() + b"x\0y\n" + b"a" * 65 + b"\n" + b"ana\n" * 999
    )
    assert str(names.read_names(source(data))[1]).split("\n") == [
        "names: 1,000 kept, 1 folded to lower case",
        "alphabet: 2 characters, 'an'",
        "skipped: 2 blank, 3 with other characters ('x\\x00y', 'bo', 'jos\u00e9'), "
        "1 longer than 64 characters",
        "left out as rarer: 5 characters ('o' 2, 'b' 1, 'j' 1, 's' 1, '\u00e9' 1)",
    ]


def test_the_report_shows_three_examples_at_most_and_says_that_there_are_more(source):
    report = str(names.read_names(source(b"ana\n1\0\n2\0\n3\0\n4\0\n"))[1])
    assert report.endswith(r"skipped: 4 with other characters ('1\x00', '2\x00', '3\x00', ...)")


def test_the_report_shows_eight_rarer_characters_at_most(source):
    data = b"ana\n" * 20_000 + b"1234567890\n1\n"
    report = str(names.read_names(source(data))[1]).split("\n")[-1]
    assert report.startswith("left out as rarer: 10 characters ('1' 2, '0' 1, '2' 1, ")
    assert report.endswith("'7' 1, ...)")


@pytest.mark.parametrize("line", ["\x1b[2Jred", "\u202egnorts", "a\x00b", "\udcff"])
def test_the_report_is_printable_and_a_line_for_each_matter(source, line):
    report = str(names.read_names(source(b"ana\n" + line.encode(errors="surrogatepass")))[1])
    assert 2 <= report.count("\n") + 1 <= 3
    assert all(part.isprintable() for part in report.split("\n"))


# What is written


def test_prepare_writes_every_name_on_its_own_line_in_another_order(source, dest):
    listed = [f"{a}{b}" for a in "abcde" for b in "aeiou"]
    report = names.prepare(source("\n".join(listed).encode()), dest)
    written = dest.read_text().split("\n")
    assert written.pop() == ""
    assert sorted(written) == listed != written
    assert counted(report) == {"kept": 25}
    assert beside(dest) == (dest.stat().st_size, "abcdeiou")


def test_the_shuffle_is_the_same_on_every_machine(source, dest):
    names.prepare(source(b"ana\nbo\neve\nida\nkim\nlea\n"), dest)
    assert dest.read_bytes() == b"ida\nbo\neve\nkim\nana\nlea\n"


def test_the_order_of_the_source_makes_no_difference(source, dest):
    listed = OURS.read_text().split()
    names.prepare(source("\n".join(sorted(listed)).encode()), dest)
    first = dest.read_bytes()
    random.Random(1).shuffle(listed)
    names.prepare(source("\n".join(listed).encode()), dest)
    assert dest.read_bytes() == first


def test_preparing_a_prepared_file_changes_nothing(source, dest, tmp_path):
    names.prepare(source(b"Ana\nbo\nana\neve\n"), dest)
    names.prepare(dest, tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == dest.read_bytes()


def test_a_file_that_is_up_to_date_is_left_untouched(source, dest):
    path = source(b"ana\nbo\n")
    files = [dest, dest.with_suffix(".alphabet")]
    names.prepare(path, dest)
    before = [file.stat() for file in files]
    names.prepare(path, dest)
    after = [file.stat() for file in files]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


def test_a_file_that_is_out_of_date_is_replaced(source, dest):
    names.prepare(source(b"ana\n"), dest)
    names.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"bo\n" and beside(dest) == (3, "bo")
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


def test_a_write_that_fails_leaves_the_old_file_and_no_partial_one(source, dest, monkeypatch):
    names.prepare(source(b"ana\n"), dest)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(names.os, "replace", full)
    with pytest.raises(ToolError, match="Cannot write .*No space left"):
        names.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"ana\n"
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


# What is refused


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "nothing in it"),
        (b"\n \r\n", "2 blank"),
        (b"1\0\n22\0\n", r"2 with other characters \('1\\x00', '22\\x00'\)"),
        (b"a" * 65, "1 longer than 64 characters"),
        ("ana\nbo\n".encode("utf-16"), "save it as UTF-8"),
    ],
)
def test_a_file_without_a_usable_name_is_refused_with_the_reason(source, dest, data, why):
    with pytest.raises(ToolError, match=why):
        names.prepare(source(data), dest)
    assert not dest.exists()


def test_a_missing_file_is_refused(tmp_path, dest):
    with pytest.raises(ToolError, match="There is no file .*nowhere.txt: give"):
        names.prepare(tmp_path / "nowhere.txt", dest)


def test_a_directory_is_refused_as_source_and_as_destination(source, tmp_path, dest):
    with pytest.raises(ToolError, match="is a directory: give"):
        names.prepare(tmp_path, dest)
    with pytest.raises(ToolError, match="not an ordinary file: name another"):
        names.prepare(source(b"ana\n"), tmp_path)


def test_a_file_that_may_not_be_read_is_refused(source, dest, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(names, "open", denied, raising=False)
    with pytest.raises(ToolError, match=r"Cannot read .*\(Permission denied\): give"):
        names.prepare(source(b"ana\n"), dest)


def test_a_destination_that_cannot_be_written_is_refused(source):
    path = source(b"ana\n")
    with pytest.raises(ToolError, match="Cannot write .*: choose"):
        names.prepare(path, path / "below-a-file.txt")


def test_a_list_is_never_overwritten_by_its_own_preparation(source):
    path = source(b"Ana\nBo\n")
    with pytest.raises(ToolError, match="would be overwritten"):
        names.prepare(path, path.parent / "." / path.name)
    named_so = path.rename(path.with_suffix(".alphabet"))
    with pytest.raises(ToolError, match="would be overwritten"):
        names.prepare(named_so, path)
    assert named_so.read_bytes() == b"Ana\nBo\n" and not path.exists()


def test_names_do_not_go_where_their_alphabet_belongs(source, tmp_path):
    with pytest.raises(ToolError, match="is where the alphabet belongs: name another"):
        names.prepare(source(b"ana\n"), tmp_path / "names.alphabet")
    assert not (tmp_path / "names.alphabet").exists()


def test_an_alphabet_too_small_for_any_name_says_what_to_allow(source, dest):
    with pytest.raises(ToolError, match=r"'ab'.*: allow more than 1 character, with --letters"):
        names.prepare(source(b"ab\nac\n"), dest, letters=1)
    for letters in (0, -1, 1001):
        with pytest.raises(ToolError, match=f"cannot have {letters} characters: choose from 1 to"):
            names.prepare(source(b"ab\n"), dest, letters=letters)


# fetch


def test_fetch_prepares_the_list_that_was_pinned(pinned, source, dest, tmp_path):
    data = b"emma\nolivia\nava\nnoah"
    assert counted(names.fetch(dest, pinned(data))) == {"kept": 4}
    names.prepare(source(data), tmp_path / "prepared.txt")
    assert dest.read_bytes() == (tmp_path / "prepared.txt").read_bytes()


def test_fetch_refuses_any_other_bytes_and_keeps_what_was_there(source, dest):
    names.prepare(source(b"ana\n"), dest)
    with pytest.raises(ToolError, match="is not the makemore list .*: try again"):
        names.fetch(dest, source(b"emma\n").as_uri())
    assert dest.read_bytes() == b"ana\n"
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


def test_fetch_without_network_says_how_to_do_without(dest, monkeypatch):
    def unreachable(*_, **__):
        raise urllib.error.URLError(OSError("Name or service not known"))

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(ToolError, match="Name or service not known.*--url file:///"):
        names.fetch(dest)
    assert not dest.parent.exists()


def test_a_download_that_breaks_off_leaves_nothing(dest, monkeypatch):
    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, _):
            raise names.http.client.IncompleteRead(b"emma")

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Broken())
    with pytest.raises(ToolError, match="Cannot download"):
        names.fetch(dest)
    assert not dest.parent.exists()


@pytest.mark.parametrize("url", ["names.txt", "", "nonsense://names", "file:///no/such/file"])
def test_a_url_that_leads_nowhere_is_refused(dest, url):
    with pytest.raises(ToolError, match="Cannot download"):
        names.fetch(dest, url)


# The command line


def test_the_command_prints_the_report_and_succeeds(source, dest):
    done = run("prepare", source(b"Ana\nbo\n"), dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "names: 2 kept, 1 folded to lower case\nalphabet: 4 characters, 'abno'\n"
    assert sorted(dest.read_text().split()) == ["ana", "bo"]


def test_the_command_passes_its_options_on(source, dest):
    done = run("prepare", source(b"Ana\nAna\nBo\n"), dest, "--keep-case", "--letters", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(dest.read_text().split()) == ["Ana", "Ana"] and beside(dest)[1] == "Aan"


def test_a_terminal_without_the_letters_shows_their_codes(source, dest, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("prepare", source("\u03b1\n".encode()), dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("alphabet: 1 character, '\\u03b1'\n")


@pytest.mark.parametrize(
    "args", [("prepare", "/no/such/list"), ("fetch", "--url", "file:///no/such/list")]
)
def test_the_command_fails_with_one_sentence_and_no_traceback(dest, args):
    done = run(*args, dest)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(".\n")


# data/names.txt


def test_our_list_has_at_least_4000_names_and_none_twice():
    listed = OURS.read_text().split("\n")[:-1]
    assert len(listed) >= 4000
    assert len(set(listed)) == len(listed)


def test_our_list_is_2_to_15_letters_a_line_and_ends_with_a_newline():
    assert re.fullmatch(rb"([a-z]{2,15}\n)+", OURS.read_bytes())


def test_our_list_is_shuffled():
    # In a sorted list each name follows its predecessor; in a shuffled one, half of them do.
    listed = OURS.read_text().split()
    ascending = sum(a < b for a, b in zip(listed, listed[1:], strict=False))
    assert 0.45 < ascending / len(listed) < 0.55


def test_our_list_needs_no_preparation_but_the_shuffle(dest):
    report = names.prepare(OURS, dest)
    assert counted(report) == {"kept": len(OURS.read_text().split())}
    assert beside(dest) == (OURS.stat().st_size, LATIN)
    assert dest.read_bytes() == OURS.read_bytes()
