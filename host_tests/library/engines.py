"""The engines that this interpreter can run, and how exact each promises to be.

Under CPython the viper engine runs through vipershim.py, once with the chip's 32-bit ints
and once with 64-bit ones; under MicroPython it runs as the machine code it is.
"""

import sys
from array import array
from math import sqrt

from esp32gpt import kernels

# Largest error of a result, relative to the largest magnitude it could have had.
TOLERANCE = {"reference": 1e-6, "viper": 1e-3, "fpu": 1e-5, "numpy": 1e-5}

# Where floats are doubles, expected values are doubles as well.
WIDE = "d" if 1.0 + 1e-12 != 1.0 else "f"

# Under MicroPython: which to test beside the reference. A chip has no room for all at once.
ENGINES = [name for name in kernels.ENGINES if name != "reference"]

_loaded = []


def engines():
    """[(name, module, tolerance)] of every engine here; the reference is the first."""
    if not _loaded:
        _loaded.append(("reference", kernels.load("reference"), TOLERANCE["reference"]))
        if sys.implementation.name == "micropython":
            for name in ENGINES:
                try:
                    _loaded.append((name, kernels.load(name), TOLERANCE[name]))
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
    """The engine that defines the kernels."""
    return engines()[0][1]


def floats(values):
    """A float32 buffer."""
    return array("f", values)


def wide(buffer):
    """A copy in the widest floats there are."""
    return array(WIDE, buffer)


def norm(values):
    return sqrt(sum(value * value for value in values))


def check_close(what, got, expected, tolerance, scale=None):
    """Assert that two buffers agree to tolerance · scale (by default the largest expected)."""
    if scale is None:
        scale = max(abs(value) for value in expected)
    # Denormals count as zero: below 1e-37 nothing is promised.
    limit = max(tolerance * scale, 1e-37)
    for i in range(len(expected)):
        error = abs(got[i] - expected[i])
        assert error <= limit, f"{what}: [{i}] is {got[i]}, not {expected[i]}: off by {error}"
