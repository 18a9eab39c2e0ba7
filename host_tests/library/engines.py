"""The engines that this interpreter can run, with the tolerance of each.

Under CPython the viper engine runs through vipershim.py, once with ints of 32 bits as on the chip,
and once with 64 bits. Under MicroPython it runs as machine code.
"""

import sys
from array import array
from math import sqrt

from esp32gpt import follow, kernels

# Largest error of a result, relative to the largest magnitude it could have had.
TOLERANCE = {"reference": 1e-6, "viper": 1e-3, "fpu": 1e-5, "numpy": 1e-5}

# Expected values are doubles if this interpreter's floats are doubles.
WIDE = "d" if 1.0 + 1e-12 != 1.0 else "f"

# Under MicroPython: the engines to test, besides the reference. A chip has no room for all at once.
ENGINES = [name for name in kernels.ENGINES if name != "reference"]

_loaded = []


def engines():
    """Return [(name, module, tolerance)] of every engine here. The reference comes first."""
    if not _loaded:
        _loaded.append(("reference", kernels.load("reference"), TOLERANCE["reference"]))
        if sys.implementation.name == "micropython":
            for name in ENGINES:
                try:
                    engine = kernels.load(name)
                    follow.with_adam_16(engine)
                    _loaded.append((name, engine, TOLERANCE[name]))
                except (ImportError, ValueError, SyntaxError, MemoryError) as error:
                    print("no", name, "engine here:", error)
        else:
            from host_tests.support.vipershim import load_viper
            from tools.host import numpy_engine

            _loaded.append(("numpy", numpy_engine, TOLERANCE["numpy"]))
            for bits in (32, 64):
                _loaded.append((f"viper, {bits}-bit ints", load_viper(bits), TOLERANCE["viper"]))
    return _loaded


def reference():
    """Return the engine that defines the kernels."""
    return engines()[0][1]


def floats(values):
    """Return a float32 buffer."""
    return array("f", values)


def wide(buffer):
    """Return a copy of the buffer in the widest floats of this interpreter."""
    return array(WIDE, buffer)


def norm(values):
    return sqrt(sum(value * value for value in values))


def check_close(what, got, expected, tolerance, scale=None):
    """Assert that two buffers agree to tolerance · scale (by default the largest expected)."""
    if scale is None:
        scale = max(abs(value) for value in expected)
    # Denormals count as zero, so differences below 1e-37 are allowed.
    limit = max(tolerance * scale, 1e-37)
    for i in range(len(expected)):
        error = abs(got[i] - expected[i])
        assert error <= limit, f"{what}: [{i}] is {got[i]}, not {expected[i]}: off by {error}"
