"""Give the library an engine of this machine, instead of those for chips."""

import sys

from esp32gpt import kernels


def use(name, module):
    """Make a module with the kernels of reference.py the engine that the library uses, under this
    name. Raises RuntimeError if the library uses an engine already, since it keeps its first."""
    sys.modules[f"esp32gpt.kernels.{name}"] = module
    kernels.ENGINES = (name,)
    if kernels.choose().engine is not module:
        raise RuntimeError(f"the engine {kernels.choose().name} is in use already")
