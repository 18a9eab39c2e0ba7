"""Random settings: strictjson accepts only valid JSON, reads it as Python does, and gives the same
verdict on both interpreters."""

import json

from esp32gpt import strictjson
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-6e4, max_value=6e4, width=16),
    st.text(max_size=6),
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
PIECES = st.sampled_from(
    [*'{}[]:,"', '"a"', '"a": 1', "5e3", "NaN", "0", "07", "-", ".", "\\u00e5", "\\", " ", "\n"]
    + ["\ufeff", "//", "/* */", "true", "nul", "\0", "å", "1E400", "e"]
)
TEXTS = st.one_of(
    OBJECTS.map(json.dumps),
    OBJECTS.map(lambda found: json.dumps(found, ensure_ascii=False, indent=1)),
    st.lists(PIECES, max_size=8).map(lambda pieces: "{" + "".join(pieces)),
    st.tuples(OBJECTS.map(json.dumps), st.integers(0, 60), PIECES).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    ),
)


def only_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("twice")
    return found


def refuse(constant):
    raise ValueError(constant)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(OBJECTS)
def test_what_python_writes_is_read_back(written):
    data = json.dumps(written).encode()
    try:
        assert strictjson.load(data) == written
    except ValueError as error:
        # Half a character, or a number with too many digits for a setting.
        assert "after a backslash" in str(error) or "number" in str(error), error


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(TEXTS)
def test_nothing_is_taken_that_is_no_json(text):
    try:
        found = strictjson.load(text.encode(errors="surrogatepass"))
    except ValueError:
        return
    text = text.removeprefix("\ufeff")
    assert found == json.loads(text, object_pairs_hook=only_once, parse_constant=refuse)


READ = """
import binascii
import struct
from esp32gpt import strictjson

for line in open("texts"):
    try:
        found = strictjson.load(binascii.unhexlify(line.strip()))
        said = []
        for key, value in found.items():
            if isinstance(value, str):
                value = binascii.hexlify(value.encode())
            elif isinstance(value, float):  # the last bit and the last digit of a double may differ
                value = binascii.hexlify(struct.pack("f", value))
            said.append((binascii.hexlify(key.encode()), value))
        print(sorted(said))
    except ValueError as error:
        print(binascii.hexlify(str(error).encode()))
"""


def test_both_interpreters_give_the_same_verdict(
    said_by_micropython, tmp_path, monkeypatch, capsys
):
    texts = [b"\xef\xbb\xbf{}", b'{"a": 5e3}', b'{"a": NaN}', b'{"a": 1} x', b"\xff\xfe{\0"]

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(TEXTS)
    def collect(text):
        texts.append(text.encode(errors="surrogatepass"))

    collect()
    (tmp_path / "texts").write_text("".join(text.hex() + "\n" for text in texts))
    said = said_by_micropython(READ)
    monkeypatch.chdir(tmp_path)
    exec(READ, {})
    here = capsys.readouterr().out.splitlines()
    assert said == here and len(here) == len(texts)
    assert 100 < sum(line.startswith("[") for line in here) < len(here) - 100
