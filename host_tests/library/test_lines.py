"""The places of names in a file, with any line ends."""

from io import BytesIO

from esp32gpt.lines import LONGEST, Lines


def names(content, block_bytes=16):
    """Return the names of a file with these bytes; None stands for a name that is too long."""
    lines = Lines(BytesIO(content), block_bytes)
    found = []
    for block in range(lines.blocks):
        lines.read(block)
        for i in range(lines.count):
            found.append(bytes(lines.buffer[lines.starts[i] : lines.ends[i]]) or None)
    return found


NAMES = [b"zoe", b"al", b"maximilian", b"bo", b"x", b"abcdefghijklmnopqrstuvwxyz", b"eve"] * 5


def test_every_line_end_is_one_with_and_without_one_at_the_end():
    for end in (b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n"):
        for last in (b"", end):
            for block_bytes in (8, 16, 17, 100, 1024):
                assert names(end.join(NAMES) + last, block_bytes) == NAMES, (end, block_bytes)


def test_mixed_line_ends():
    assert names(b"ana\r\nbo\neve\rida\n\r\n\rkim") == [b"ana", b"bo", b"eve", b"ida", b"kim"]


def test_a_tab_ends_a_name_and_does_not_begin_one():
    for block_bytes in (8, 16, 100):
        content = b"ana\t1\tx y\n \t bo\t\n\t\nCCO\tMOL1\r\n\tkim"
        assert names(content, block_bytes) == [b"ana", b"bo", b"CCO", b"kim"], block_bytes
    assert names(b"ana\t" + b"x" * 5000 + b"\nbo\n") == [b"ana", b"bo"]


def test_lines_of_spaces_and_tabs_are_no_names():
    assert names(b"  \n\t\t\n \r\n\nana\n \t ") == [b"ana"]
    assert names(b"") == names(b"\n") == names(b"   ") == []


def test_other_control_characters_stay_where_they_are():
    assert names(b"a\0b\n\x1b[31m\n\x0c\n") == [b"a\0b", b"\x1b[31m", b"\x0c"]


def test_the_longest_name_is_whole_and_a_longer_one_is_empty():
    for block_bytes in (16, 384, 1024):
        for before in (b"", b"bo\n", b"x" * 14 + b"\n", b"x" * 400 + b"\n"):
            for n, name in ((LONGEST, b"y" * LONGEST), (LONGEST + 1, None), (3000, None)):
                for end in (b"", b"\n", b"\r\n", b"\ttab\n"):
                    content = before + b"y" * n + end
                    assert names(content, block_bytes)[-1] == name, (block_bytes, before, n, end)
                    assert names(content + b"\neve", block_bytes)[-1] == b"eve"


def test_a_line_counts_from_its_beginning():
    assert names(b" " * (LONGEST - 3) + b"ana\n") == [b"ana"]
    assert names(b" " * (LONGEST - 2) + b"ana\nbo\n") == [None, b"bo"]


def test_as_many_lines_as_there_can_be():
    for block_bytes in (8, 9, 384):
        assert names(b"a\n" * 1000, block_bytes) == [b"a"] * 1000
        assert names(b"\n" + b"a\r" * 1000, block_bytes) == [b"a"] * 1000
