"""The error that ends a command with one sentence."""

import sys


class ToolError(Exception):
    """A command cannot go on. The message is one sentence for the user and names the remedy."""


def run_tool(main):
    """Call main() without arguments. For ToolError, print the sentence on stderr and exit with 1;
    for Ctrl-C, exit with 130. Neither prints a traceback; other exceptions pass."""
    sys.stdout.reconfigure(errors="backslashreplace")  # for letters that the terminal lacks
    try:
        main()
    except ToolError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
