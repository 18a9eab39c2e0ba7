"""The one way in which a command says no."""

import sys


class ToolError(Exception):
    """What stopped a command: one sentence for the user that names the remedy."""


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
