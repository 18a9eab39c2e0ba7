"""Lines of text, and columns of tables."""

import pytest

from tools.host.errors import ToolError
from tools.lists import split

TABLE = ["Nummer;Name;Typ", "1;Bisasam;Pflanze", '2;"Bisa; knosp";Pflanze', "3;Bisaflor;"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end):
    assert split.lines(end.join(["ana", "", "bo"])) == ["ana", "", "bo"]
    assert split.lines(end.join(["ana", "bo"]) + end) == ["ana", "bo"]
    assert split.lines("") == []


def test_a_column_is_taken_by_its_number_or_its_title_and_the_title_left_out():
    names = ["Bisasam", "Bisa; knosp", "Bisaflor"]
    assert split.column(TABLE, "2") == split.column(TABLE, "name") == names
    assert split.column(TABLE[1:], "2") == names
    assert split.column(TABLE, "3") == ["Pflanze", "Pflanze", ""]


@pytest.mark.parametrize("separator", ["\t", ";", ",", "|"])
def test_any_separator_is_found(separator):
    rows = [separator.join(row) for row in [("anna", "3"), ("bo", "4"), ("eve", "5")]]
    assert split.separator(rows) == separator
    assert split.column(rows, "1") == ["anna", "bo", "eve"]
    assert split.column(rows, "2") == ["3", "4", "5"]
    titled = [separator.join(("who", "age")), *rows]
    assert split.column(titled, "1") == ["anna", "bo", "eve"]


def test_spaces_divide_where_nothing_else_does():
    assert split.column(["smiles id", "CCO Z1", "CCN Z2"], "1") == ["CCO", "CCN"]


def test_quotes_are_taken_off():
    assert split.column(['"Anna"', '"O""Neill"'], "1") == ["Anna", 'O"Neill']


def test_a_title_alone_is_left_out_and_short_rows_are_blank():
    assert split.column(["Name", "Anna", "Bo"], "1") == ["Anna", "Bo"]
    assert split.column(["a,b", "c", "", "d,e"], "2") == ["b", "", "e"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ToolError, match=r"no column 4: choose among 1 \(Nummer\), 2 \(Name\), 3"):
        split.column(TABLE, "4")
    with pytest.raises(ToolError, match="no column 0"):
        split.column(TABLE, "0")
    with pytest.raises(ToolError, match="no column x: choose among none"):
        split.column([], "x")


def test_names_with_a_comma_here_and_there_are_no_table():
    assert split.separator(["Smith, John", "Anna", "Bo", "Eve"]) is None
    assert split.separator(["", " "]) is None
