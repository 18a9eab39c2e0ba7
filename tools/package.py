"""`make package`: writes firmware/package.json, the list of the library's files by which
`mpremote mip install` puts them on a board, at the same place as `make deploy`."""

import json
import re

from tools.host.paths import FIRMWARE, ROOT

PACKAGE = FIRMWARE / "package.json"


def package():
    """The text that belongs into package.json. Paths on the board are relative to its /lib, those
    of the files to package.json itself."""
    modules = sorted(FIRMWARE.glob("esp32gpt/**/*.py"))
    paths = [module.relative_to(PACKAGE.parent).as_posix() for module in modules]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1]
    urls = ",\n".join(f"    {json.dumps([path, path])}" for path in paths)
    return f'{{\n  "urls": [\n{urls}\n  ],\n  "version": "{version}"\n}}\n'


def main():
    PACKAGE.write_text(package(), encoding="utf-8")
    print(f"Written: {PACKAGE.relative_to(ROOT)}")
