"""The commands that a person runs on a computer: `python -m tools COMMAND`.

A command is a module of this folder or a package in it. `host` holds the modules that commands
share, and `onboard` the scripts that they send to a board.
"""
