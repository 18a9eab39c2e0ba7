"""The one entry point: `python -m tools COMMAND`, installed as `esp32gpt COMMAND`."""

import importlib
import sys

from .host.errors import run_tool

# name: (module, help)
COMMANDS = {
    "run": ("run", "train on this machine, under MicroPython"),
    "learn": ("learn", "train with numpy and say how good the model is"),
    "flash": ("flash", "erase a board and put MicroPython on it"),
    "deploy": ("deploy", "put the library, main.py and the names on a board"),
    "monitor": ("monitor.command", "watch a board train"),
    "repl": ("repl", "open a board's Python prompt"),
    "emulate": ("emulate", "boot an emulated board"),
    "bench": ("bench", "measure speed and memory"),
    "estimate": ("estimate", "estimate how long a step waits for PSRAM"),
    "report": ("report", "measure a board and print lines to send"),
    "replay": ("replay", "compare an engine with a recording of microgpt.py"),
    "convert": ("convert", "turn checkpoints into NumPy files and back"),
    "kernel": ("kernelc.command", "compile your float functions to machine code"),
    "gallery": ("kernelc.gallery", "compile the gallery of kernels, for mip"),
    "names": ("names", "prepare or download a list of names"),
    "package": ("package", "write firmware/package.json, for mip"),
    "pictures": ("pictures.command", "draw the README's pictures"),
}


def usage():
    """Return the help text as one string: a line for each command, with its name and its help."""
    lines = [f"  {name:10} {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        ["usage: esp32gpt COMMAND [options]   (COMMAND --help lists them)", "", *lines]
    )


def main():
    """Run the command that the first argument names. Exits with 2 if there is no such command."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        asked = sys.argv[1:2] in (["-h"], ["--help"])
        print(usage(), file=sys.stdout if asked else sys.stderr)
        sys.exit(0 if asked else 2)
    name = sys.argv.pop(1)
    sys.argv[0] = f"esp32gpt {name}"
    module, _ = COMMANDS[name]
    run_tool(importlib.import_module(f"tools.{module}").main)


if __name__ == "__main__":
    main()
