"""Modules of the library by name, and those that are in memory only while they are used.

A chip's heap is scarce: whatever only a beginning or an end needs is borrowed.
"""

import gc
import sys

PACKAGE = __name__.rpartition(".")[0] + "."


def load(name):
    """Import the module esp32gpt.name and return it. Raises what the import raises."""
    path = PACKAGE + name
    __import__(path)
    return sys.modules[path]


def borrow(name, function, *arguments):
    """Import a module, return what its function returns, and free the memory of the module.

    Every module of the library that the call imported is unloaded, also if it raises.
    """
    before = set(sys.modules)
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        for path in set(sys.modules) - before:
            if path.startswith(PACKAGE):
                _unload(path)
        gc.collect()


def _unload(path):
    del sys.modules[path]
    package, _, name = path.rpartition(".")
    package = sys.modules.get(package)
    if hasattr(package, name):  # not if its import has failed
        delattr(package, name)
