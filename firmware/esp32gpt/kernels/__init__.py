"""The choice of engine: the best one that loads here, and why not a better one.

`engine` is the module whose kernels are used, `name` its name, `reasons` a sentence for
every better engine that could not be had. They are found when first asked for, so that who
loads an engine by name has no other beside it. reference.py states the contract.
"""

import sys

ENGINES = ("fpu", "viper", "reference")  # best first


def load(name):
    """The engine of that name, imported now; raises what the import raises."""
    path = f"{__name__}.{name}"
    __import__(path)
    return sys.modules[path]


def check(engine):
    """Hold compiled machine code against the reference; neither it nor the test stays in memory.

    Raises ValueError if the engine fails.
    """
    kept = set(sys.modules)
    try:
        load("selftest").check(engine)
    finally:
        for path in set(sys.modules) - kept:
            if path.startswith(__name__):
                del sys.modules[path]
                globals().pop(path[len(__name__) + 1 :], None)


def choose():
    """(name, engine, reasons): the first of ENGINES that loads."""
    reasons = []
    for name in ENGINES:
        try:
            engine = load(name)
            if name == "fpu":
                check(engine)
            return name, engine, reasons
        # No such module or incompatible .mpy, no native emitter, no memory for the code,
        # a failed self-test.
        except (ImportError, ValueError, SyntaxError, MemoryError) as error:
            reasons.append(f"no {name} engine here: {type(error).__name__}: {error}")
    raise ImportError("; ".join(reasons))


def __getattr__(attribute):
    if attribute not in ("name", "engine", "reasons"):
        raise AttributeError(attribute)
    found = globals()
    found["name"], found["engine"], found["reasons"] = choose()
    return found[attribute]
