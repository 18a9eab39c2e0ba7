"""Build the parts of the page that need Python: the library's files, the kernels in JavaScript, and
the lists of names. `make web` runs this before build.mjs."""

import argparse
import base64
import json
import shutil
from pathlib import Path

from esptool.targets import CHIP_DEFS

from tools.host import chips
from tools.host.paths import DATA, FIRMWARE, ONBOARD
from tools.staging import filesystem, stage

from . import javascript

HERE = Path(__file__).resolve().parent
LIBRARY = FIRMWARE / "esp32gpt"
REFERENCE = LIBRARY / "kernels" / "reference.py"
FILE_SYSTEM = 2 * 1024 * 1024  # bytes
NATIVE = "kernels/viper/"  # the WebAssembly port has no native emitter


def library():
    """Return {path in the interpreter's file system: text} of the device library and of the files
    that it needs in a tab."""
    source = REFERENCE.read_text(encoding="utf-8")
    files = {"/lib/esp32gpt/kernels/web.py": javascript.wrapper(source, REFERENCE)}
    for module in sorted(LIBRARY.glob("**/*.py")):
        within = module.relative_to(LIBRARY).as_posix()
        if not within.startswith(NATIVE):
            files[f"/lib/esp32gpt/{within}"] = module.read_text(encoding="utf-8")
    for module in sorted((HERE / "python").glob("*.py")):
        files[f"/lib/{module.name}"] = module.read_text(encoding="utf-8")
    return files


def lists():
    """Return ([{title, file}] of the lists of names, {file: bytes} of their contents). `title` has
    the number of names."""
    found = [("names.txt", "Given names ({})")]
    if (DATA / "makemore.txt").exists():  # downloaded by `make names`
        found.append(("makemore.txt", "Given names of makemore ({})"))
    found.append(("cities.txt", "Cities ({})"))
    shown = []
    files = {}
    for file, title in found:
        folder = HERE / "lists" if file == "cities.txt" else DATA
        files[file] = (folder / file).read_bytes()
        count = files[file].count(b"\n")
        shown.append({"title": title.format(f"{count:,}"), "file": file})
    return shown, files


def boards():
    """Return {file: bytes} of the files that the page puts on boards. Overwrites build/names.txt
    and build/board, and removes build/esp32gpt.json.

    board-ARCHITECTURE.json holds the staged files by their paths, in base64, for each architecture
    of native code and for "bytecode", a board without native code. files-ARCHITECTURE.bin, for
    Espressif's architectures, is the image of a file system of 2 MB, the size in a firmware for 4
    MB of flash. chips.json is the table of chips.
    """
    found = {}
    stage.prepare_files(DATA / "names.txt")
    for architecture in (chips.XTENSA, chips.RISCV, None):
        directory = stage.stage(architecture, fpu=True)
        files = stage.contents(directory)
        encoded = {path: base64.b64encode(data).decode() for path, data in files.items()}
        staged = {"files": encoded, "managed": stage.MANAGED, "checkpoints": stage.CHECKPOINTS}
        staged["mpy"] = next(data[1] for path, data in files.items() if path.endswith(".mpy"))
        staged["onboard"] = (ONBOARD / "files.py").read_text(encoding="utf-8")
        name = architecture or "bytecode"
        found[f"board-{name}.json"] = json.dumps(staged).encode()
        if architecture:
            blank = b"\xff" * FILE_SYSTEM
            found[f"files-{name}.bin"] = filesystem.update(blank, directory, stage.MANAGED)[0]
    known = [
        {"name": chip.name, "title": chip.title, "architecture": chip.architecture}
        | {"offset": chip.offset, "id": CHIP_DEFS[chip.name].IMAGE_CHIP_ID, "board": chip.board}
        for chip in chips.TABLE
    ]
    found["chips.json"] = json.dumps(known).encode()
    return found


def firmware(paths):
    """Return ([{title, file}] of the firmware that the page can install, {file: bytes} of it).
    `paths` are the Paths of firmware files."""
    shown = [{"title": path.name, "file": f"firmware-{path.name}"} for path in paths]
    return shown, {f"firmware-{path.name}": path.read_bytes() for path in paths}


def write(directory, firmware_files=()):
    """Fill the directory, a Path, which is created if it is missing: library.json and kernels.js
    for the bundle of the page's worker, and the files that the page fetches in its folder `site`,
    which is deleted first. `firmware_files` are the Paths of firmware to offer. Changes build/ as
    `boards` does."""
    site = directory / "site"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True, exist_ok=True)
    source = REFERENCE.read_text(encoding="utf-8")
    kernels = javascript.kernels(source, REFERENCE)
    (directory / "kernels.js").write_text(kernels, encoding="utf-8")
    (directory / "library.json").write_text(json.dumps(library()), encoding="utf-8")
    shown, files = lists()
    (site / "lists.json").write_text(json.dumps(shown), encoding="utf-8")
    offered, images = firmware(firmware_files)
    (site / "firmware.json").write_text(json.dumps(offered), encoding="utf-8")
    for file, content in {**files, **boards(), **images}.items():
        (site / file).write_bytes(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("firmware", type=Path, nargs="*", help="that the page offers to install")
    options = parser.parse_args()
    write(options.directory, options.firmware)


if __name__ == "__main__":
    main()
