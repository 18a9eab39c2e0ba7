"""`make package`: build the fpu engine's machine code into firmware/, and write
firmware/package.json, the list of the library's files that `mpremote mip install` copies to a
board, to the same folder as `make deploy`."""

import json
import re

from tools.host.paths import FIRMWARE, ROOT
from tools.staging import stage

PACKAGE = FIRMWARE / "package.json"
KERNELS = FIRMWARE / "esp32gpt" / "kernels"


def package():
    """Return the text for package.json, from the .py and .mpy files that are in firmware/ now. Its
    targets are relative to /lib on the board, its sources to package.json."""
    modules = sorted(
        path for end in ("py", "mpy") for path in FIRMWARE.glob(f"esp32gpt/**/*.{end}")
    )
    paths = [module.relative_to(PACKAGE.parent).as_posix() for module in modules]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1]
    urls = ",\n".join(f"    {json.dumps([path, path])}" for path in paths)
    return f'{{\n  "urls": [\n{urls}\n  ],\n  "version": "{version}"\n}}\n'


def main():
    stage.compile_fpu(KERNELS)
    PACKAGE.write_text(package(), encoding="utf-8")
    written = [*(KERNELS / name for name in stage.FPU), PACKAGE]
    print(f"Written: {', '.join(str(path.relative_to(ROOT)) for path in written)}")
