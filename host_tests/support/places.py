"""The tests' files, for those that run some of them elsewhere."""

from tools.host.paths import ROOT

SUPPORT = ROOT / "host_tests" / "support"
LIBRARY = ROOT / "host_tests" / "library"  # of these, CPython and MicroPython run the same files
LIBRARY_TESTS = sorted(path.stem for path in LIBRARY.glob("test_*.py"))
RUNNER = SUPPORT / "run_on_micropython.py"
