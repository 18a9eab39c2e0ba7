"""Import modules of the library by name, and unload those that are needed only for one call.

A chip's heap is scarce, so modules that are needed only for one call are borrowed.
"""

import sys

from . import compat

PACKAGE = __name__.rpartition(".")[0] + "."


def load(name):
    """Import the module esp32gpt.name and return it; `name` is a text such as "kernels.fpu". Raises
    what the import raises."""
    path = PACKAGE + name
    __import__(path)
    return sys.modules[path]


def borrow(name, function, *arguments):
    """Import the module esp32gpt.name, call its function with these arguments, unload the module,
    and return the function's result. `name` and `function` are texts.

    This also unloads all other modules of the library that the call imported, even if it raises. A
    module that was in memory before stays.
    """
    before = set(sys.modules)
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        _unload_all_but(before)


def intern(*names):
    """Import the modules with these names, such as "novelty", and unload them.

    MicroPython keeps the words of a module, its names and short texts, for good. Words that arrive
    while the free memory is in one piece do not split it later.
    """
    before = set(sys.modules)
    for name in names:
        load(name)
    _unload_all_but(before)


def _unload_all_but(before):
    for path in set(sys.modules) - before:
        if path.startswith(PACKAGE):
            _unload(path)
    compat.collect()


def _unload(path):
    del sys.modules[path]
    package, _, name = path.rpartition(".")
    package = sys.modules.get(package)
    if hasattr(package, name):  # False if the import failed
        delattr(package, name)
