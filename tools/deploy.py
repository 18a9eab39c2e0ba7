"""`make deploy`: bring the library, main.py and the names on the board up to date, then restart the
board, which runs main.py. Files that did not change are not copied; stale ones are removed."""

import argparse
import errno
from hashlib import sha256

from mpremote.commands import show_progress_bar

from tools.host import chips
from tools.host.board import FILES, identify, restart, session
from tools.host.ports import BoardError, find_port
from tools.staging import stage

CHUNK = 1024  # bytes a round trip; a board has room for these even when its heap is in use


def deploy(port, source=False, fresh=False):
    """Stage the files for the board at `port`, with the prepared build/names.txt, bring the board
    up to date and restart it. Prints each file that it copies.

    `source` copies .py files instead of .mpy; `fresh` removes the board's checkpoints. Returns the
    counts (copied, unchanged, removed). Raises ToolError.
    """
    with session(port) as transport:
        transport.enter_raw_repl(soft_reset=True)  # frees all memory
        board = identify(transport)
        chip = chips.of_machine(board.machine)
        directory = stage.stage(board.architecture, chip is not None and chip.fpu, source)
        if not source:
            check_mpy_version(board, directory)
        counts = synchronise(transport, directory, fresh)
        restart(transport)
    return counts


def check_mpy_version(board, directory):
    """Raise BoardError unless the firmware of the board, an Identity, loads the version of .mpy
    files that mpy-cross makes. `directory` is the staged one, with such files in it."""
    made = next(directory.glob("**/*.mpy")).read_bytes()[1]
    if board.mpy != made:
        raise BoardError(
            f"The board's firmware loads .mpy files of version {board.mpy}, but mpy-cross makes "
            f"version {made}: deploy with SOURCE=1, or update the board with `make flash`."
        )


def synchronise(transport, directory, fresh=False):
    """Bring the board up to date with the staged `directory`, a Path: copy its files that are
    missing or different on the board, and remove the files at and below the paths of
    `stage.managed(fresh)` that are not in it. Returns the counts (copied, unchanged, removed) and
    prints each copied file.

    Round trips cost the most time, so the board computes the digests of all files in one call.
    """
    wanted = stage.contents(directory)
    transport.exec(FILES + "enlarge_cache()\n")
    present = transport.eval(f"survey('', {stage.managed(fresh)})")
    stale = [path for path in present if path not in wanted]
    changed = [path for path in wanted if present.get(path) != sha256(wanted[path]).hexdigest()]
    transport.exec(f"remove('', {stale})\nmake_directories('', {changed})")
    if not fresh and "/names.txt" in changed and transport.eval(f"survey('', {stage.CHECKPOINTS})"):
        print("The board goes on with the model that it has saved; FRESH=1 makes it begin anew.")
    for path in sorted(changed, key="/main.py".__eq__):  # main.py last: half a copy must not start
        copy(transport, wanted[path], path)
    return len(changed), len(wanted) - len(changed), len(stale)


def copy(transport, data, path):
    """Write `data` (bytes) to the file `path` on the board, over an earlier one, and print the path
    and a progress bar. Raises BoardError if there is no room for it."""
    print(f"{path} ({len(data)} bytes)", flush=True)
    try:
        transport.fs_writefile(path, data, CHUNK, show_progress_bar)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise BoardError(
            f"The board has no room for {path}: delete files of yours on it, or deploy fewer "
            "names with NAMES=path."
        ) from error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    stage.add_options(parser)
    parser.add_argument("--source", action="store_true", help="deploy .py, compiled by the board")
    options = parser.parse_args()
    print("\n".join(stage.prepare(options)))
    port = find_port(options.port)
    copied, unchanged, removed = deploy(port, options.source, options.fresh)
    print(f"{copied} files copied, {unchanged} unchanged, {removed} removed on {port}.")
    print(f"The board is starting. Next: make monitor PORT={port}")
