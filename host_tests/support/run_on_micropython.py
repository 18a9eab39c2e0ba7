"""Run test modules under MicroPython: all test_* functions of the named modules, or of all modules.

    micropython run_on_micropython.py DIRECTORY [module ...]

Prints a line for each test, and exits with 1 if a test failed.
"""

import gc
import os
import sys


def run(modules):
    """Import the modules and run their tests; return the names of the failed tests."""
    failed = []
    count = 0
    for module_name in modules:
        module = __import__(module_name)
        for name in sorted(dir(module)):
            if not name.startswith("test_"):
                continue
            count += 1
            overwrite_stack(8)
            gc.collect()
            try:
                getattr(module, name)()
                print("PASSED", module_name, name)
            except Exception as error:
                failed.append(name)
                print("FAILED", module_name, name)
                sys.print_exception(error)
        del sys.modules[module_name], module
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return failed


def overwrite_stack(n):
    """Do nothing in n nested calls. On MicroPython 1.23 the collector finds the addresses of the
    last call's objects in the part of the stack that it uses itself, and keeps them."""
    if n:
        overwrite_stack(n - 1)


if __name__ == "__main__":
    directory = sys.argv[1]
    sys.path.insert(0, directory)
    names = sys.argv[2:] or sorted(
        name[:-3] for name in os.listdir(directory) if name.startswith("test_")
    )
    sys.exit(1 if run(names) else 0)
