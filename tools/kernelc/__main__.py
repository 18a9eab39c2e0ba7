"""python -m kernelc SOURCE.py -o OUT.mpy [--listing FILE] [--python FILE]"""

import argparse
import sys
from pathlib import Path

from .compiler import compile_file
from .errors import CompileError
from .listing import listing
from .schedule import tiled_source


def main():
    parser = argparse.ArgumentParser(
        prog="kernelc", description="Compiles float kernels to a native .mpy for the ESP32's FPU."
    )
    parser.add_argument("source", type=Path, help="a Python file of kernels")
    parser.add_argument("-o", "--output", type=Path, help="the .mpy to write")
    parser.add_argument("--listing", type=Path, help="write the assembly here; - for the terminal")
    parser.add_argument("--python", type=Path, help="write the tiled kernels as Python here")
    options = parser.parse_args()
    try:
        module, codes, data = compile_file(options.source)
    except CompileError as error:
        sys.exit(str(error))
    output = options.output or options.source.with_suffix(".mpy")
    output.write_bytes(data)
    if options.listing == Path("-"):
        print(listing(module, codes), end="")
    elif options.listing:
        options.listing.write_text(listing(module, codes))
    if options.python:
        options.python.write_text(tiled_source(module))
    total = sum(len(code.bytes) for code in codes.values())
    print(f"{output}: {len(codes)} kernels, {total} bytes of machine code")


main()
