"""Lists of names for training: `prepare` converts any text file to one that the board can read,
`report` describes a list, and `fetch` downloads the list on which makemore and microgpt are
trained.

A prepared file holds one name on each line, with the letters in the .alphabet file beside it. It is
shuffled, because training reads it in order: a list sorted by letter or by popularity would teach
one kind of name after another.
"""

import argparse

from esp32gpt.config import Config

from tools.host.paths import DATA
from tools.lists import choices, makemore, prepare, report


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("prepare", help="clean and shuffle a list of names")
    command.add_argument("source", help="a text file, one name a line")
    command.add_argument("dest", help="the file to write; the alphabet goes beside it")
    choices.add_options(command)
    command = commands.add_parser("report", help="say what is in a list")
    command.add_argument("source", help="a text file, one name a line")
    choices.add_options(command)
    command = commands.add_parser("fetch", help="download the makemore list and prepare it")
    command.add_argument("dest", nargs="?", default=DATA / "makemore.txt")
    command.add_argument("--url", default=makemore.URL, help="a mirror or a file:// URL")
    options = parser.parse_args()
    if options.command == "fetch":
        said = makemore.fetch(options.dest, options.url)
    elif options.command == "prepare":
        said = prepare.prepare(options.source, options.dest, choices.of(options))
    else:
        chosen = choices.of(options)
        source = prepare.read(options.source, chosen)
        listing = prepare.list_of(source, chosen, Config())
        said = report.full(source, listing, Config())
    print("\n".join(said))
