"""Modules that the commands share: boards and their ports, the files for a board, firmware images,
emulators, paths and errors."""
