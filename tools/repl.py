"""`make repl`: open a board's Python prompt, with mpremote."""

import argparse
import subprocess
import sys

from tools.host.ports import find_port


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; the only one found by default")
    port = find_port(parser.parse_args().port)
    sys.exit(subprocess.run([sys.executable, "-m", "mpremote", "connect", port, "repl"]).returncode)
