"""Modules that the commands share: boards and their ports, firmware images, emulators, the numpy
engine, paths and errors."""
