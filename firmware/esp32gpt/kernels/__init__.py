"""The choice of engine: the best one that loads and passes its self-test here.

An engine is a module with the kernels that reference.py states.
"""

from .. import compat, modules

ENGINES = ("fpu", "viper", "reference")  # best first


class Choice:
    """The `engine`, its `name`, and `reasons`: a sentence for every better engine that is not
    to be had here."""

    def __init__(self, name, engine, reasons):
        self.name = name
        self.engine = engine
        self.reasons = reasons


_choice = None


def choose():
    """Return the Choice of the first of ENGINES that works here.

    It stays the same from then on: machine code is never unloaded. Call it before large arrays
    are allocated, which would take the memory that machine code needs. Raises ImportError if no
    engine works.
    """
    global _choice
    if not _choice:
        _choice = _first()
    return _choice


def load(name):
    """Import the engine of that name and return it. Raises what the import raises."""
    return modules.load("kernels." + name)


def _first():
    reasons = []
    for name in ENGINES:
        try:
            if name == "fpu" and not compat.has_fpu():
                raise ImportError("only ESP32 and ESP32-S3 have the FPU that it is for")
            if name != "reference" and compat.loses_writes():
                raise ImportError(
                    "an ESP32 before revision 3 may lose what machine code writes to PSRAM: use "
                    "firmware that does not use PSRAM"
                )
            engine = load(name)
            if name == "fpu":
                modules.borrow("kernels.selftest", "check", engine)
            return Choice(name, engine, reasons)
        # No such module or incompatible .mpy, no native emitter, no memory for the code,
        # a failed self-test.
        except (ImportError, ValueError, SyntaxError, MemoryError) as error:
            reasons.append(f"no {name} engine here: {type(error).__name__}: {error}")
    raise ImportError("; ".join(reasons))
