"""Makes the parts of the page that only Python can: the library's files, its kernels in
JavaScript, and lists of names. `make web` runs this before build.mjs."""

import argparse
import json
from pathlib import Path

from tools.host.paths import DATA, FIRMWARE

from . import javascript

HERE = Path(__file__).resolve().parent
LIBRARY = FIRMWARE / "esp32gpt"
REFERENCE = LIBRARY / "kernels" / "reference.py"
NATIVE = "kernels/viper/"  # which WebAssembly has no emitter for


def library():
    """{path in the interpreter's file system: text} of the device library and of what lets it
    run in a tab."""
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
    """[{title, file}] of the lists of names to choose from, and {file: bytes} of them."""
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


def write(directory):
    """Fill the directory: library.json and kernels.js, which the page's worker has in it, and
    in `site` the files that it fetches."""
    site = directory / "site"
    site.mkdir(parents=True, exist_ok=True)
    source = REFERENCE.read_text(encoding="utf-8")
    kernels = javascript.kernels(source, REFERENCE)
    (directory / "kernels.js").write_text(kernels, encoding="utf-8")
    (directory / "library.json").write_text(json.dumps(library()), encoding="utf-8")
    shown, files = lists()
    (site / "lists.json").write_text(json.dumps(shown), encoding="utf-8")
    for file, content in files.items():
        (site / file).write_bytes(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    write(parser.parse_args().directory)


if __name__ == "__main__":
    main()
