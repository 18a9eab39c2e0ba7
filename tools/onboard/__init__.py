"""MicroPython that the commands send to a board, or run on the host's MicroPython in its place."""
