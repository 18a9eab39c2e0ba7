"""The page of settings agrees with the table in the library."""

import json
import re

from esp32gpt.defaults import MODEL, SESSION

from tools.host.paths import FIRMWARE

ROW = re.compile(r"^\| `(\w+)` \| `?(.*?)`? \| (?:(\S+) … (\S+))? ?\|", re.MULTILINE)


def test_the_page_has_every_setting_with_its_default_and_range():
    text = (FIRMWARE / "SETTINGS.md").read_text(encoding="utf-8")
    table = re.search(r"^\| setting \|(.|\n)*?\n\n", text, re.MULTILINE)[0]
    found = {}
    for name, default, *limits in ROW.findall(table):
        found[name] = tuple(json.loads(value) for value in (default, *limits) if value)
    assert found == {**MODEL, **SESSION}
