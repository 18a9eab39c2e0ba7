"""tools/names.py, and the list of names that comes with the project."""

import hashlib
import random
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import names
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime import ToolError

OURS = Path(__file__).resolve().parent.parent / "data" / "names.txt"
A_PREPARED_LINE = re.compile(rb"[a-z]{1,64}\n")


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


def kept(source, data):
    return names.read_names(source(data))[0]


def run(*args):
    tool = Path(names.__file__)
    return subprocess.run(
        [sys.executable, str(tool), *map(str, args)], capture_output=True, text=True
    )


# What is kept of a list


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_is_understood_with_and_without_one_at_the_end(source, end, last):
    found, report = names.read_names(source(b"ana" + end + b"bo" + end * last))
    assert found == ["ana", "bo"]
    assert report == names.Report(kept=2)


def test_mixed_line_ends_leave_only_the_lines_that_are_blank(source):
    found, report = names.read_names(source(b"ana\r\n\r\nbo\reve\n\r\n"))
    assert found == ["ana", "bo", "eve"]
    assert report.blank == 2


def test_a_byte_order_mark_is_no_part_of_the_first_name(source):
    assert kept(source, b"\xef\xbb\xbfana\nbo\n") == ["ana", "bo"]


def test_surrounding_white_space_is_trimmed_and_a_line_of_it_is_blank(source):
    found, report = names.read_names(source("  ana\t\n \t \n\u00a0bo \n".encode()))
    assert found == ["ana", "bo"]
    assert report == names.Report(kept=2, blank=1)


def test_capitals_are_folded_and_counted_once_a_name(source):
    found, report = names.read_names(source(b"Ana\nBO\neve\n"))
    assert found == ["ana", "bo", "eve"]
    assert report == names.Report(kept=3, folded=2)


def test_duplicates_are_kept(source, dest):
    path = source(b"ana\nbo\nana\nAna\n")
    assert names.read_names(path)[0] == ["ana", "bo", "ana", "ana"]
    names.prepare(path, dest)
    assert sorted(dest.read_text().split()) == ["ana", "ana", "ana", "bo"]


@pytest.mark.parametrize(
    "line",
    [
        "jos\u00e9".encode(),
        b"jos\xe9",  # Latin-1
        b"mary ann",
        b"o'neil",
        b"anna1",
        b"an\x00na",
        b"an\x0bna",  # line ends to str.splitlines, but not in a text file
        b"an\x0cna",
        "an\u2028na".encode(),
        "an\u0085na".encode(),
        "\u212aim".encode(),  # the Kelvin sign, which lower() turns into k
        "\uff41na".encode(),  # a full-width a
        "\u0430na".encode(),  # a Cyrillic a
    ],
)
def test_a_line_with_any_other_character_is_skipped_and_counted(source, line):
    found, report = names.read_names(source(b"bo\n" + line + b"\neve\n"))
    assert found == ["bo", "eve"]
    assert (report.kept, report.other, len(report.examples)) == (2, 1, 1)


def test_64_letters_are_a_name_and_65_are_not(source):
    found, report = names.read_names(source(b"a" * 64 + b"\n" + b"b" * 65 + b"\n"))
    assert found == ["a" * 64]
    assert report == names.Report(kept=1, long=1)


def test_a_line_of_a_megabyte_is_skipped_without_showing_all_of_it(source):
    _, report = names.read_names(source(b"ana\n" + b"b" * 1_000_000 + b"\n" + b"-" * 1_000_000))
    assert (report.kept, report.long, report.other) == (1, 1, 1)
    assert len(str(report)) < 200


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
    written = dest.read_bytes().splitlines(keepends=True)
    assert all(A_PREPARED_LINE.fullmatch(line) for line in written)
    assert report.kept == len(written) >= 1


# The report


def test_the_report_of_a_clean_list_is_just_the_count():
    assert str(names.Report(kept=32_033)) == "names: 32,033 kept"


def test_the_report_names_all_that_was_changed_or_skipped(source):
    data = b"Ana\nbo\n\n\n" + "jos\u00e9\n".encode() + b"x y\n" + b"a" * 65 + b"\n"
    assert str(names.read_names(source(data))[1]) == (
        r"names: 2 kept, 1 folded to lower case; skipped 2 blank, "
        r"2 with other characters ('jos\xe9', 'x y'), 1 longer than 64 letters"
    )


def test_the_report_shows_three_examples_at_most_and_says_that_there_are_more(source):
    report = str(names.read_names(source(b"ana\n1\n2\n3\n4\n"))[1])
    assert report.endswith("skipped 4 with other characters ('1', '2', '3', ...)")


@pytest.mark.parametrize("line", ["\x1b[2Jred", "\u540d\u524d", "a\x00b", "\udcff"])
def test_the_report_is_printable_ascii_on_one_line(source, line):
    report = str(names.read_names(source(b"ana\n" + line.encode(errors="surrogatepass")))[1])
    assert report.isascii() and report.isprintable()


# What is written


def test_prepare_writes_every_name_on_its_own_line_in_another_order(source, dest):
    listed = [f"{a}{b}" for a in "abcde" for b in "aeiou"]
    report = names.prepare(source("\n".join(listed).encode()), dest)
    written = dest.read_text().split("\n")
    assert written.pop() == ""
    assert sorted(written) == listed != written
    assert report == names.Report(kept=25)


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
    names.prepare(path, dest)
    before = dest.stat()
    names.prepare(path, dest)
    after = dest.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_that_is_out_of_date_is_replaced(source, dest):
    names.prepare(source(b"ana\n"), dest)
    names.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"bo\n"
    assert list(dest.parent.iterdir()) == [dest]


def test_a_write_that_fails_leaves_the_old_file_and_no_partial_one(source, dest, monkeypatch):
    names.prepare(source(b"ana\n"), dest)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(names.os, "replace", full)
    with pytest.raises(ToolError, match="Cannot write .*No space left"):
        names.prepare(source(b"bo\n"), dest)
    assert dest.read_bytes() == b"ana\n"
    assert list(dest.parent.iterdir()) == [dest]


# What is refused


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "nothing in it"),
        (b"\n \r\n", "2 blank"),
        (b"1\n22\n", r"2 with other characters \('1', '22'\)"),
        (b"a" * 65, "1 longer than 64 letters"),
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
    with pytest.raises(ToolError, match="would overwrite itself"):
        names.prepare(path, path.parent / "." / path.name)
    assert path.read_bytes() == b"Ana\nBo\n"


# fetch


def test_fetch_prepares_the_list_that_was_pinned(pinned, source, dest, tmp_path):
    data = b"emma\nolivia\nava\nnoah"
    assert names.fetch(dest, pinned(data)) == names.Report(kept=4)
    names.prepare(source(data), tmp_path / "prepared.txt")
    assert dest.read_bytes() == (tmp_path / "prepared.txt").read_bytes()


def test_fetch_refuses_any_other_bytes_and_keeps_what_was_there(source, dest):
    names.prepare(source(b"ana\n"), dest)
    with pytest.raises(ToolError, match="is not the makemore list .*: try again"):
        names.fetch(dest, source(b"emma\n").as_uri())
    assert dest.read_bytes() == b"ana\n"
    assert list(dest.parent.iterdir()) == [dest]


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


def test_the_command_prints_one_line_and_succeeds(source, dest):
    done = run("prepare", source(b"Ana\nbo\n"), dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "names: 2 kept, 1 folded to lower case\n"
    assert sorted(dest.read_text().split()) == ["ana", "bo"]


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
    assert report == names.Report(kept=len(OURS.read_text().split()))
