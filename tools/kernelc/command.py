"""`make kernel`: compile a file of float functions to a native .mpy."""

import argparse
import sys
from pathlib import Path

from .compiler import PASSES, compile_file
from .errors import CompileError
from .latency import loops
from .listing import cost, listing, where
from .show import passes_table, show
from .tile import tiled_source


def main():
    parser = argparse.ArgumentParser(
        description="Compiles float kernels to a native .mpy for the ESP32's FPU."
    )
    parser.add_argument("source", type=Path, nargs="?", help="a Python file of kernels")
    parser.add_argument("-o", "--output", type=Path, help="the .mpy; NAME_fpu.mpy by default")
    parser.add_argument("--listing", help="write the assembly here; - for the terminal")
    parser.add_argument("--python", help="write the tiled kernels as Python here; - likewise")
    parser.add_argument(
        "--print-after",
        metavar="PASS",
        choices=["all", *dict.fromkeys(step.__name__ for step in PASSES)],
        help="print each kernel as it is after a pass, or after all of them: %(choices)s",
    )
    parser.add_argument("--passes", action="store_true", help="print the table of all passes")
    options = parser.parse_args()
    if options.passes:
        print(passes_table(PASSES), end="")
        return
    if options.source is None:
        parser.error("name a Python file of kernels")
    # Not NAME.mpy: the board would import NAME.py instead.
    output = options.output or options.source.with_name(f"{options.source.stem}_fpu.mpy")
    try:
        watch = printer(options.print_after) if options.print_after else None
        module, codes, data = compile_file(options.source, watch)
        write(output, data)
        if options.listing:
            write(options.listing, listing(module, codes).encode())
        if options.python:
            write(options.python, tiled_source(module).encode())
    except CompileError as error:
        sys.exit(str(error))
    for name, code in codes.items():
        print(f"{name}: {len(code.bytes)} bytes")
        for loop in loops(code):
            print(f"    {where(loop)}: {cost(loop)}")
    total = sum(len(code.bytes) for code in codes.values())
    print(f"{output}: {total} bytes of machine code")


def printer(name):
    """Return a function watch(number, pass, program) that prints the program as text after a pass
    of this name, or after all passes if the name is "all". A program that is as it was after the
    last of these passes is not printed again."""
    numbers, before = {}, {}  # kernel's name: the last text

    def watch(number, step, program):
        kernel, text = program.kernel.name, show(program, numbers)
        if name in ("all", step.__name__):
            print(f"# {kernel} after pass {number}, {step.__name__}")
            print("no change\n" if text == before.get(kernel) else text)
        before[kernel] = text

    return watch


def write(path, data):
    """Write bytes to a file, in place of older content; if the path is "-", print them as text.
    Raises CompileError if the file cannot be written."""
    if str(path) == "-":
        sys.stdout.write(data.decode())
        return
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        what = f"cannot be written ({error.strerror}): name another file"
        raise CompileError(path, None, what) from error
