"""What every tool stands on: the project's directories, the host's MicroPython, and the one
way in which a tool says no."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "esp32gpt"


class ToolError(Exception):
    """What stopped a tool: one sentence for the user that names the remedy."""


def micropython():
    """The path of MicroPython for this machine: the one installed beside this Python, else
    the one on PATH. Raises ToolError if there is none."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise ToolError(
            "No MicroPython for this machine: PyPI has none for it, so install the unix port "
            "yourself (macOS: `brew install micropython`) and have `micropython` on PATH."
        )
    return found


def run_micropython(script, *args):
    """What MicroPython prints when it runs the script with these arguments. Raises ToolError,
    with the last line of its complaint, if that fails."""
    done = subprocess.run(
        [micropython(), "-X", "heapsize=64M", str(script), *map(str, args)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        complaint = (done.stderr + done.stdout).strip().splitlines() or ["no message"]
        raise ToolError(f"{Path(script).name} failed under MicroPython: {complaint[-1]}")
    return done.stdout


def run_tool(main):
    """Call main() and exit: 0 when it returns, 1 with the sentence on stderr for ToolError,
    130 without a traceback for Ctrl-C."""
    sys.stdout.reconfigure(errors="backslashreplace")  # for a terminal without the user's letters
    try:
        main()
    except ToolError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run_tool(lambda: print(micropython()))
