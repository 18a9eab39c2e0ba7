"""The JSON reader of esp32gpt.json: strict, with the same result on any interpreter."""

from esp32gpt import strictjson
from raising import raises


def refusal(text):
    return raises(ValueError, strictjson.load, text if isinstance(text, bytes) else text.encode())


def load(text):
    return strictjson.load(text.encode())


def test_values_of_every_kind():
    found = load(' {"a": 1,\r\n\t"b":-0.5, "c" : true, "d":false,"e":null, "f":"x y"}\n')
    assert found == {"a": 1, "b": -0.5, "c": True, "d": False, "e": None, "f": "x y"}
    assert load("{}") == {} and load("{ }") == {}


def test_a_byte_order_mark_may_come_first():
    assert strictjson.load(b'\xef\xbb\xbf{"steps": 30}\r\n') == {"steps": 30}


def test_whole_numbers_are_ints_however_they_are_written():
    for text, value in (
        ("5e3", 5000),
        ("5E+3", 5000),
        ("2.50e1", 25),
        ("7.0", 7),
        ("700e-2", 7),
        ("0", 0),
        ("-0.0", 0),
        ("0e5", 0),
        ("-12", -12),
        ("1073741823", 1073741823),
        ("16777217.0", 16777217),  # float32 has no such number
    ):
        found = load('{"n": ' + text + "}")["n"]
        assert found == value and type(found) is int, text
    for text in ("0.5", "1e-3", "2.5", "-7.25e1", "123e-1"):
        found = load('{"n": ' + text + "}")["n"]
        assert type(found) is float and abs(found - float(text)) < 1e-6, text


def test_escapes():
    text = r'{"\u00e5\n\"\\\/": "\ud83d\ude00\t\b\f\r"}'
    assert load(text) == {'\u00e5\n"\\/': "\U0001f600\t\b\f\r"}
    for bad in (r"\x", r"\u12", r"\u12g4", r"\ud800", r"\ud800x", r"\udc00", r"\ud800\u0041", "\\"):
        assert "line 1" in refusal('{"a": "' + bad + '"}'), bad


def test_what_is_no_json_is_refused():
    for text in (
        "",
        "{",
        "}",
        "[1]",
        "3",
        "null",
        '"a"',
        "{'a': 1}",
        "{a: 1}",
        '{"a"}',
        '{"a" 1}',
        '{"a": }',
        '{"a": 1,}',
        '{,"a": 1}',
        '{"a": 1 "b": 2}',
        '{"a": 1}}',
        '{"a": 1} x',
        '{"a": 1} {"b": 2}',
        '{"a": 1} // as before',
        '// first\n{"a": 1}',
        '{"a": /* ten */ 10}',
        '# yaml\n{"a": 1}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": True}',
        '{"a": None}',
        '{"a": +1}',
        '{"a": .5}',
        '{"a": 5.}',
        '{"a": 05}',
        '{"a": -}',
        '{"a": 1e}',
        '{"a": 0x10}',
        '{"a": 1_000}',
        '{"a": 1e999}',
        '{"a": 1e-999}',
        '{"a": ' + "9" * 50 + "}",
        '{"a": "b}',
        '{"a": "b\nc"}',
        '{"a": "\t"}',
        '{"a": {}}',
        '{"a": [1]}',
        '{"a": truex}',
        "\u00a0{}",
        "{}\0",
    ):
        refusal(text)


def test_a_name_that_stands_twice_is_refused_with_its_line():
    assert refusal('{"a": 1,\n"b": 2,\n"a": 3}') == 'line 3: "a" is given twice'


def test_other_encodings_are_refused_with_the_remedy():
    refusal(b'{\0"\0a\0"\0:\x001\0}\0')
    refusal(b'{"a": "\xc1\xa1\xed\xa0\x80"}')
    assert "save it as UTF-8" in refusal(b"\xff\xfe{\0}\0")
    assert "save it as UTF-8" in refusal(b'{"names": "n\xe5mn.txt"}')
