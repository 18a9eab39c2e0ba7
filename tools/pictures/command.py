"""`make pictures`: draw the README's pictures into tools/pictures. The run in them is the board's
output in session.log, in the same folder. With --port, the board trains again and its output
replaces session.log."""

import argparse
import io
import re
import time

from rich.console import Console

from tools.host.board import FILES, restart, session
from tools.host.errors import ToolError
from tools.host.paths import ROOT
from tools.monitor import chart
from tools.monitor.log import Log
from tools.monitor.view import frame
from tools.pictures import architecture
from tools.pictures import time as time_bought
from tools.staging import stage

PICTURES = ROOT / "tools" / "pictures"
SESSION = PICTURES / "session.log"
SCREEN = 88, 28  # columns and lines of the monitor's view
PATIENCE = 600  # seconds for a board to train


def record(port):
    """Return the board's output, in bytes, from a soft reset to the REPL's prompt after a training
    from step 0. Deletes the board's checkpoints first. Raises ToolError if there is no prompt
    within PATIENCE seconds."""
    with session(port) as transport:
        transport.exec(FILES)
        transport.exec(f"remove('', [path for path in survey('', {stage.CHECKPOINTS})])")
        restart(transport)
        transport.serial.timeout = 0.1
        said = b""
        deadline = time.monotonic() + PATIENCE
        while not said.endswith(b">>> "):
            if time.monotonic() > deadline:
                raise ToolError(
                    f"The board on {port} did not finish within {PATIENCE} s: make deploy first."
                )
            said += transport.serial.read(transport.serial.in_waiting or 1)
    return said


def understand(said):
    """Return the Log of a session, given as bytes. Raises ToolError if the session is not one whole
    run with invented names."""
    log = Log()
    log.feed(said, 0)
    run = log.run
    if not log.samples or not run.records or run.records[-1].step != run.until:
        raise ToolError("The board did not train and sample: make deploy FRESH=1, then try again.")
    return log


def view(log):
    """Return the monitor's view of the Log, with SCREEN columns and lines, as the text of an SVG
    file."""
    width, height = SCREEN
    console = Console(
        file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor", width=width
    )
    console.print(frame(log, "Ctrl-C quits, the board goes on (/dev/ttyUSB0)", width, height))
    svg = console.export_svg(title="make monitor", unique_id="monitor")
    # The picture uses the page's fonts: it must not download any.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="train on the board at this port, and save its output")
    port = parser.parse_args().port
    PICTURES.mkdir(exist_ok=True)
    said = record(port) if port else SESSION.read_bytes()
    log = understand(said)
    SESSION.write_bytes(said)
    pictures = {
        "loss.svg": chart.render(log, "svg"),
        "monitor.svg": view(log).encode(),
        "architecture.svg": architecture.draw().encode(),
        "time.svg": time_bought.draw().encode(),
    }
    for name, content in pictures.items():
        (PICTURES / name).write_bytes(content)
        print(f"{(PICTURES / name).relative_to(ROOT)} ({len(content)} bytes)")
