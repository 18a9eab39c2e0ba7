"""`make run`: train on this machine, in build/, under MicroPython. If there is no MicroPython,
train under CPython with NumPy."""

import argparse
import os
import subprocess
import sys

from tools.host.errors import ToolError
from tools.host.micropython import find_micropython
from tools.host.paths import BUILD, FIRMWARE
from tools.staging import stage


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    stage.add_options(parser)
    options = parser.parse_args()
    stage.prepare(options)
    if options.fresh:
        for path in stage.CHECKPOINTS:
            (BUILD / path[1:]).unlink(missing_ok=True)
    environment = os.environ | {"MICROPYPATH": str(FIRMWARE)}
    try:
        command = [find_micropython(), "-X", "heapsize=4M", str(FIRMWARE / "main.py")]
    except ToolError:
        print("There is no MicroPython for this machine: CPython trains, with NumPy.", flush=True)
        command = [sys.executable, "-m", "tools.host.run_on_cpython"]
    sys.exit(subprocess.run(command, cwd=BUILD, env=environment).returncode)
