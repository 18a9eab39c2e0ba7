"""Paths of test files, for tests that run other tests on MicroPython or on a chip."""

from tools.host.paths import ROOT

SUPPORT = ROOT / "host_tests" / "support"
LIBRARY = ROOT / "host_tests" / "library"  # CPython and MicroPython run the same files
LIBRARY_TESTS = sorted(path.stem for path in LIBRARY.glob("test_*.py"))
RUNNER = SUPPORT / "run_on_micropython.py"
LONG_RUN = SUPPORT / "long_run.py"
