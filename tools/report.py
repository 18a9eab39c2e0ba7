"""`make report`: measure a board with esp32gpt on it, and print lines for a report: the chip and
its revision, the USB adapter, the firmware, the clock, and for each engine the line of JSON of
`make bench`. The lines have no serial number, no network address and no names from your list."""

import argparse
import json
import platform
from importlib.metadata import version

from esptool import FatalError, cmds
from serial.tools import list_ports

from tools.host import board, chips
from tools.host.measure import STEPS, Board, figures_of
from tools.host.ports import find_port

MEMORY = """
import gc, machine, os
from esp32gpt import chip
clock = chip.set_highest_clock() or machine.freq()
files = os.statvfs('/')
print((clock // 1000000, gc.mem_free(), files[0] * files[2]))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    parser.add_argument("--no-reset", action="store_true", help="do not ask the bootloader")
    parser.add_argument("--steps", type=int, default=STEPS, help="names to train on, 50 by default")
    options = parser.parse_args()
    port = find_port(options.port)
    chip = "not asked" if options.no_reset else describe_chip(port)
    print("```", flush=True)
    for line in report(port, chip, options.steps):
        print(line, flush=True)
    print("```")


def describe_chip(port):
    """Ask the bootloader for the name and revision of the chip, reset the board, and return them as
    text. If there is no answer, return a text with the reason; no error is raised."""
    try:
        with cmds.detect_chip(port) as chip:
            said = chip.get_chip_description()
            cmds.reset_chip(chip)
            return said
    except (FatalError, OSError) as error:
        return f"no answer from its bootloader ({str(error).splitlines()[0]})"


def describe_adapter(port):
    """Return the USB adapter's description with its vendor and product numbers, as text; "not on
    USB" if the port has no such numbers."""
    for found in list_ports.comports():
        if found.device == port and found.vid is not None:
            return f"{found.product or found.description} ({found.vid:04x}:{found.pid:04x})"
    return "not on USB"


def report(port, chip, steps):
    """Yield the lines of the report, while the board is measured. `chip` is a text that describes
    the board's chip, and `steps` the number of names to train on. Raises ToolError."""
    with board.session(port) as transport:
        known = board.identify(transport)
        listed = chips.of_machine(known.machine)
        machine = Board(transport)
        clock, free, files = machine.run(MEMORY)
        yield f"board: {known.machine} ({listed.title if listed else 'a chip not listed'})"
        yield f"chip: {chip}"
        yield f"port: {describe_adapter(port)}"
        yield f"firmware: MicroPython {'.'.join(map(str, known.version))}, native code: " + (
            known.architecture or "none"
        )
        yield f"clock: {clock} MHz; free at the prompt: {free} B; file system: {files} B"
        yield (
            f"host: {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
            f"mpremote {version('mpremote')}, esp32gpt {version('esp32gpt')}"
        )
        for figures in figures_of(machine, None, steps):
            yield json.dumps(figures)
