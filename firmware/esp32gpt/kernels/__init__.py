"""Choose the engine: the best one that loads and passes its self-test here.

An engine is a module with the kernels that reference.py defines; follow.with_adam_16 adds
adam_step_16.
"""

from .. import modules

ENGINES = ("fpu", "viper", "reference")  # best first


class Choice:
    """The chosen `engine`, its `name`, and `reasons`: one sentence for each better engine that does
    not work here."""

    def __init__(self, name, engine, reasons):
        self.name = name
        self.engine = engine
        self.reasons = reasons


_choice = None


def choose():
    """Return the Choice of the first of ENGINES that works here.

    Later calls return the same Choice, because machine code cannot be unloaded. Make the first call
    before you allocate large arrays: they would take the memory that machine code needs. Raises
    ImportError if no engine works.
    """
    global _choice
    if not _choice:
        _choice = _first()
    return _choice


def load(name):
    """Import the engine with this name, such as "viper", and return the module. Raises whatever the
    import raises."""
    return modules.load("kernels." + name)


def _first():
    reasons = []
    for name in ENGINES:
        try:
            refusal = modules.borrow("chip", "refusal", name)
            if refusal:
                raise ImportError(refusal)
            engine = load(name)
            if name == "fpu":
                modules.borrow("kernels.selftest", "check", engine)
            return Choice(name, engine, reasons)
        # The module is missing or an incompatible .mpy, there is no native emitter, the code does
        # not fit into memory, or the self-test fails.
        except (ImportError, ValueError, SyntaxError, MemoryError) as error:
            reasons.append(f"no {name} engine here: {type(error).__name__}: {error}")
    raise ImportError("; ".join(reasons))
