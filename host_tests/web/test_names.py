"""A reader's list: the page and the command line make the same names of it."""

import base64
import json
import subprocess

import pytest

from tools.host.paths import ROOT
from tools.lists import letters
from tools.lists.choices import Choices
from tools.lists.prepare import look_through

LISTS = {
    "capitals": "Anna\nBo\nÉva\nÅsa\nISTANBUL\nΣΙΣΥΦΟΣ\n".encode(),
    "dotted": "İstanbul\nIğdır\nŞanlıurfa\nDİYARBAKIR\n".encode(),
    "accents": "E\u0301va\nA\u030asa\nO\u0308rjan\n".encode(),
    "ligatures": "ﬁona\nﬂora\nﻋﻠﻲ\n".encode(),
    "carriage_returns": b"anna\rbertil\rcecilia\r",
    "mixed_ends": b"anna\r\nbo\neve\r\n\r\nida",
    "tabs": b"emma\tF\t20355\nolivia\tF\t19553\n",
    "spaces": "New York\nRio\u00a0de  Janeiro\n \u3000東京\n".encode(),
    "mark": "\ufeffAnna\nBo\n".encode(),
    "utf_16": "\ufeffAnna\nBjörn\n".encode("utf-16-le"),
    "utf_16_big": "\ufeffAnna\nBjörn\n".encode("utf-16-be"),
    "windows": "Åsa\nÖrjan\nAnna\nBjörn\nJürgen\n".encode("cp1252"),
    "damaged": "Åsa\nÖrjan\nBjörn\n".encode() + b"J\xfcrgen\nAnna\n",
    "right_to_left": "\u200fمُحمّد\u200f\nعلي\u200f\n".encode(),
    "too_long": b"a" * 300 + b"\nbo\n",
}

SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ prepare }} from "{ROOT}/tools/web/src/learn/names.js";
const lists = JSON.parse(readFileSync(0));
for (const [name, text] of Object.entries(lists)) {{
  lists[name] = Buffer.from(prepare(Buffer.from(text, "base64")).bytes).toString("base64");
}}
console.log(JSON.stringify(lists));
"""


@pytest.fixture(scope="module")
def prepared(node):
    """Return {list: the lines that the page makes of it}."""
    lists = {name: base64.b64encode(data).decode() for name, data in LISTS.items()}
    done = subprocess.run(
        [node, "--input-type=module", "--eval", SCRIPT],
        input=json.dumps(lists).encode(),
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    return {name: base64.b64decode(data).decode().split("\n") for name, data in found.items()}


@pytest.mark.parametrize("name", LISTS)
def test_the_page_learns_the_names_that_the_tools_find(prepared, name):
    choices = Choices()
    there = letters.choose(prepared[name], choices.letters)
    here = look_through(name, LISTS[name], choices).kept
    assert sorted(there.names) == sorted(here.names)
    assert there.letters == here.letters
