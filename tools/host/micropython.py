"""The host's MicroPython: find it, and run scripts with it."""

import shutil
import subprocess
import sys
from pathlib import Path

from .errors import ToolError


def find_micropython():
    """Return the path, as text, of this machine's MicroPython: the one beside this Python, or the
    one on PATH. Raises ToolError if there is none."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise ToolError(
            "No MicroPython for this machine: PyPI has none for it, so install the unix port "
            "yourself (macOS: `brew install micropython`) and put `micropython` on PATH."
        )
    return found


def run_micropython(script, *args):
    """Run the script, a file, with these arguments, and return its standard output as text. Raises
    ToolError, with the last line of the error output, if the script fails, and if there is no
    MicroPython."""
    done = subprocess.run(
        [find_micropython(), "-X", "heapsize=64M", str(script), *map(str, args)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        complaint = (done.stderr + done.stdout).strip().splitlines() or ["no message"]
        raise ToolError(f"{Path(script).name} failed under MicroPython: {complaint[-1]}")
    return done.stdout
