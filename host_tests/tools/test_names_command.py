"""`python -m tools names`: prepare, report and download lists; and the list data/names.txt."""

import hashlib
import http.client
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tools.host.errors import ToolError
from tools.host.paths import DATA, ROOT
from tools.lists import makemore, prepare

OURS = DATA / "names.txt"


@pytest.fixture
def pinned(source, monkeypatch):
    """Return a function that writes a list, pins it as the list to fetch, and returns its URL."""

    def pin(data):
        monkeypatch.setattr(makemore, "SHA256", hashlib.sha256(data).hexdigest())
        return source(data).as_uri()

    return pin


def run(*args):
    return subprocess.run(
        [sys.executable, "-m", "tools", "names", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


# fetch


def test_fetch_prepares_the_list_that_was_pinned(pinned, source, dest, tmp_path):
    data = b"emma\nolivia\nava\nnoah"
    assert "4 lines, 4 names" in makemore.fetch(dest, pinned(data))[0]
    prepare.prepare(source(data), tmp_path / "prepared.txt")
    assert dest.read_bytes() == (tmp_path / "prepared.txt").read_bytes()


def test_fetch_refuses_any_other_bytes_and_keeps_what_was_there(source, dest):
    prepare.prepare(source(b"ana\n"), dest)
    with pytest.raises(ToolError, match="is not the makemore list .*: try again"):
        makemore.fetch(dest, source(b"emma\n").as_uri())
    assert dest.read_bytes() == b"ana\n"
    assert sorted(dest.parent.iterdir()) == [dest.with_suffix(".alphabet"), dest]


def test_fetch_without_network_says_how_to_do_without(dest, monkeypatch):
    def unreachable(*_, **__):
        raise urllib.error.URLError(OSError("Name or service not known"))

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(ToolError, match="Name or service not known.*--url file:///"):
        makemore.fetch(dest)
    assert not dest.parent.exists()


def test_a_download_that_breaks_off_leaves_nothing(dest, monkeypatch):
    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, _):
            raise http.client.IncompleteRead(b"emma")

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Broken())
    with pytest.raises(ToolError, match="Cannot download"):
        makemore.fetch(dest)
    assert not dest.parent.exists()


@pytest.mark.parametrize("url", ["names.txt", "", "nonsense://names", "file:///no/such/file"])
def test_a_url_that_leads_nowhere_is_refused(dest, url):
    with pytest.raises(ToolError, match="Cannot download"):
        makemore.fetch(dest, url)


# The command line


def test_the_command_prints_the_report_and_succeeds(source, dest):
    done = run("prepare", source(b"Ana\nbo\n"), dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert "source.txt: 2 lines, 2 names" in done.stdout and "letters: 4, 'abno'\n" in done.stdout
    assert sorted(dest.read_text().split()) == ["ana", "bo"]


def test_the_command_passes_its_options_on(source, dest):
    done = run("prepare", source(b"Ana\nAna\nBo\n"), dest, "--keep-case", "--letters", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(dest.read_text().split()) == ["Ana", "Ana"]
    assert dest.with_suffix(".alphabet").read_text().split("\n")[1] == "Aan"


def test_a_terminal_without_the_letters_shows_their_codes(source, dest, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("prepare", source("\u03b1\n".encode()), dest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("letters: 1, '\\u03b1'\n")


def test_the_command_reports_without_writing(source):
    path = source(b"Ana\nAna\nBo\n")
    done = run("report", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "source.txt: 3 lines, 3 names, 2 different" in done.stdout
    assert "most often: ana 2" in done.stdout
    assert list(path.parent.iterdir()) == [path]


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
    said = prepare.prepare(OURS, dest)
    n = len(OURS.read_text().split())
    assert said[0].startswith(f"names.txt: {n} lines, {n} names, all different") and len(said) == 2
    assert dest.read_bytes() == OURS.read_bytes()
    assert dest.with_suffix(".alphabet").read_bytes() == OURS.with_suffix(".alphabet").read_bytes()


@pytest.mark.parametrize(("name", "block_size"), [("dishes.txt", 32), ("sayings.txt", 49)])
def test_the_short_texts_are_ready_to_train_on(name, block_size, tmp_path):
    lines = (DATA / name).read_text(encoding="ascii").splitlines()
    assert lines == sorted(set(lines)) and len(lines) > 250
    assert all(re.fullmatch("[a-z' ]+", line) and "  " not in line for line in lines)
    assert max(map(len, lines)) + 1 == block_size
    said = prepare.prepare(DATA / name, tmp_path / "list.txt")
    assert f"{len(lines)} lines, {len(lines)} names, all different" in said[0]
    assert "skipped" not in " ".join(said)
