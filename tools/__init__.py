"""The commands that a person runs on a computer: `python -m tools COMMAND`.

A command is a module of this folder or a package in it. `host` holds the modules that commands
share, `staging` the modules for the files of a board, and `onboard` the scripts for a board.
"""
