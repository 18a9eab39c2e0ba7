"""`make gallery`: compile the gallery's kernels, and list their files for mip."""

import json
from pathlib import Path

from .compiler import compile_file

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "firmware" / "gallery"
FILES = [
    *sorted(path for path in GALLERY.glob("*.py") if not path.stem.startswith("time_")),
    ROOT / "firmware" / "examples" / "fir.py",
]


def main():
    for path in build(GALLERY):
        print(f"Written: {path.relative_to(ROOT)}")


def build(folder):
    """Compile each of FILES to NAME_fpu.mpy in a folder, a Path that exists, and write package.json
    there, which lists the .mpy files for mip. Older files are overwritten. Return the list of the
    Paths written, package.json last. Raises CompileError."""
    paths = []
    for source in FILES:
        path = folder / f"{source.stem}_fpu.mpy"
        path.write_bytes(compile_file(source)[2])
        paths.append(path)
    package = {"urls": [[path.name, path.name] for path in paths], "version": "1.0"}
    listed = folder / "package.json"
    listed.write_text(json.dumps(package, indent=1) + "\n", encoding="utf-8")
    return [*paths, listed]
