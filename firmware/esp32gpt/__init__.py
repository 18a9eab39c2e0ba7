"""esp32gpt: a complete GPT that learns names from scratch, on the chip itself."""

import sys

from .compat import collect_every

__version__ = "0.1.0"


def __getattr__(name):
    # GPT is imported when it is asked for: who wants only a kernel's memory taken has no more.
    # MicroPython also asks here for submodules, before it looks for them.
    path = f"{__name__}.{name}"
    if name == "GPT":
        path = f"{__name__}.gpt"
        collect_every(4096)  # or what stays lies all over the heap, between garbage
    try:
        __import__(path)
    except ImportError:
        raise AttributeError(name)
    module = sys.modules[path]
    return module.GPT if name == "GPT" else module
