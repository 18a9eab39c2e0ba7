"""The files for a board: in a directory, in its file system, and in the flash of an emulated
board."""
