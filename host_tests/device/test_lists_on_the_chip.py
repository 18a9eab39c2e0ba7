"""Lists copied to a board by hand: it decides and says the same as the library does here."""

import ast

from host_tests.device.test_device import run
from tools.deploy import copy

NAMES = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in "lnrst"]
LISTS = {
    "one_name": b"red\n" * 300,
    "four_words": b"north\nsouth\r\neast\nwest\n" * 100,
    "different": "\n".join(NAMES).encode(),
    "carriage_returns": b"anna\rbertil\rcecilia\r" * 30,
    "mixed_ends": b"anna\r\nbo\neve\r\n\r\nida\r" * 20,
    "tabs": b"C#N\tMOL1\nCC(=O)O\tMOL2\tacid\n" * 40,
    "legacy": "Åsa\nÖrjan\nAnna\nBjörn\n".encode("cp1252") * 40,
    "utf_16": "\ufeffAnna\nBo\n".encode("utf-16-le"),
    "many_letters": "".join(chr(0xAC00 + 28 * i) + "\n" for i in range(300)).encode(),
    "too_many_letters": "".join(chr(0x4E00 + i) + "\n" for i in range(600)).encode(),
    "long_lines": b"acgt" * 12 + b"\n" + b"ac" * 9 + b"\n" + b"a" * 300 + b"\nacgt\n",
    "right_to_left": "\u200fمُحمّد\u200f\nعلي\u200f\n".encode() * 20,
    "turkish": "İstanbul\nIğdır\nŞanlıurfa\n".encode() * 20,
    "nothing": b"\r\n \n\t\n",
    "spaces": "New York\nRio\u00a0de  Janeiro\n \u3000東京\n".encode() * 9,
}

LOOK = """
import os
from esp32gpt import alphabet, defaults, listing, report  # once, not for each list
from esp32gpt.config import Config
from esp32gpt.dataset import DatasetError
said = {}
for name in NAMES:
    try:
        letters, holds_out, lines = listing.load(name + ".txt", True, Config())
        said[name] = [letters, holds_out] + list(lines)
    except DatasetError as error:
        said[name] = str(error)
print({name: [part.encode() if isinstance(part, str) else part for part in parts]
    if isinstance(parts, list) else parts.encode() for name, parts in said.items()})
"""


def listed(text):
    """Return the output of LOOK, without the parts that depend on free memory."""
    found = ast.literal_eval(text)
    for parts in found.values():
        if isinstance(parts, list):
            parts[-1] = parts[-1].split(b", more than the ")[0]
    return found


def test_a_board_alone_decides_and_reports_as_the_library_does_here(
    chip, tmp_path, monkeypatch, capsys
):
    chip.exec("import os\nif 'lists' not in os.listdir(): os.mkdir('lists')")
    try:
        for name, content in LISTS.items():
            copy(chip, content, f"/lists/{name}.txt")
        script = f"NAMES = {list(LISTS)}\n{LOOK}"
        there = listed(run(chip, "os.chdir('/lists')\n" + script))
        stored = ["four_words", "tabs"]  # are read again from what the board has stored
        again = listed(run(chip, f"NAMES = {stored}\n{LOOK}"))
    finally:
        chip.exec("os.chdir('/')\nfor n in os.listdir('lists'): os.remove('lists/' + n)")
        chip.exec("os.rmdir('lists')")
    monkeypatch.chdir(tmp_path)
    for name, content in LISTS.items():
        (tmp_path / f"{name}.txt").write_bytes(content)
    capsys.readouterr()  # what copying has shown
    exec(script, {})
    here = listed(capsys.readouterr().out)
    for name in LISTS:
        assert there[name] == here[name], name
    assert again == {name: here[name] for name in stored}


CHANGED = """
import os
from esp32gpt.gpt import GPT
def put(text):
    with open("list.txt", "w") as file:
        file.write(text)
def forget():
    for name in os.listdir():
        if name.startswith("list."): os.remove(name)
shape = {"n_embd": 8, "n_head": 2, "names": "list.txt", "steps": 3}
put("josef\\n" * 12)
gpt = GPT(**shape)
print(gpt.tokenizer.alphabet)
put("jozef\\n" * 12)
gpt = GPT(**shape)
print(gpt.tokenizer.alphabet)
gpt.path = "list.ckpt"
gpt.train()
print(gpt.evaluate(), gpt.sample(2, "jo")[0][:2])
put("\u03b1\u03b8\u03ae\u03bd\u03b1\\n")
del gpt
try:
    GPT.load("list.ckpt", names="list.txt")
except Exception as error:
    print(type(error).__name__, error)
forget()
"""


def test_a_changed_list_is_looked_through_again_and_another_script_is_refused(chip):
    lines = run(chip, CHANGED).splitlines()
    assert lines[:2] == ["efjos", "efjoz"]
    assert "list.txt: 12 lines, 12 names, 1 different" in lines[2]
    assert "nothing is held out" in lines[2]
    assert "None jo" in lines
    assert lines[-1].startswith("DatasetError the saved model knows the letters 'efjoz'")
    assert "'αήθν'" in lines[-1] or "'ήαθν'" in lines[-1]
