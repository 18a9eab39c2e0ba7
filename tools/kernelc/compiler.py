"""The pipeline: compile a source text to machine code for each of its kernels.

PASSES lists all passes over a kernel, in order. A pass is a function that takes a Program (ir.py)
and returns another one; it does not change the first.
"""

from dataclasses import replace

from . import mpy
from .assemble import LoopTooLong, assemble
from .cold import move_cold
from .desugar import desugar
from .errors import CompileError
from .flatten import expand, flatten
from .frame import frame
from .frontend import parse
from .inline import inline
from .ir import Program
from .lower import lower
from .registers import allocate, assign
from .schedule import schedule
from .tidy import tidy
from .tile import tile
from .verify import verify

PASSES = [
    # Python
    desugar,
    tile,
    inline,
    # a tree of instructions and loops
    lower,
    # a flat list of instructions on virtual registers
    flatten,
    tidy,
    schedule,
    expand,
    tidy,
    allocate,  # decides the places and adds loads and stores; `assign` writes the places down
    # the same on a2 … a15 and f0 … f15
    assign,
    move_cold,
    schedule,  # again: there are new loads and stores, and cold code has moved
    frame,
    # bytes
    assemble,
]

# For a stub module: the indices of its function table and of the name of the refusing function.
PLACES = {"table": 0, "refuse": 0}


def compile_file(path, watch=None, takes=None):
    """Compile the source file at a Path; return (the `frontend.Module`, {kernel's name: Code}, the
    bytes of the .mpy). Write no file. If takes is given, only the kernels for whose names
    takes(name) is true are compiled and can be called by others. `watch` is that of `run`. Raises
    CompileError."""
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(path, None, "this file is not UTF-8: save it as UTF-8") from error
    except OSError as error:
        what = f"cannot be read ({error.strerror}): name a Python file of kernels"
        raise CompileError(path, None, what) from error
    module = parse(source, path)
    if takes:
        kernels = {name: kernel for name, kernel in module.kernels.items() if takes(name)}
        module = replace(module, kernels=kernels)
    if not module.kernels:
        raise CompileError(path, None, "no kernels: write functions over floats and ints")
    file = mpy.Module(module, path.name)
    codes = compile_module(module, file.places, watch)
    return module, codes, file.finish([code.bytes for code in codes.values()])


def compile_source(source, path):
    """Compile a source text without making a .mpy; return (the `frontend.Module`, {kernel's name:
    Code}). The path is only for messages. Raises CompileError."""
    module = parse(source, path)
    return module, compile_module(module, PLACES)


def compile_module(module, places, watch=None):
    """Compile all kernels of a `frontend.Module`; return {kernel's name: Code}. `places` is
    `mpy.Module.places` of its .mpy, and `watch` that of `run`. Raises CompileError."""
    return {
        name: compile_kernel(Program(kernel, module, number, places, kernel.body), watch)
        for number, (name, kernel) in enumerate(module.kernels.items())
    }


def compile_kernel(program, watch=None):
    """Compile one kernel, a Program before the first pass; return its Code. `watch` is that of
    `run`. Raises CompileError."""
    kernel = program.kernel
    try:
        return run(program, watch).code
    except RecursionError:
        what = f"an expression in {kernel.name} is nested too deeply: compute it in steps"
        kernel.refuse(kernel.node, what)


def run(program, watch=None):
    """Run all passes and return the last Program. If a zero-overhead loop gets too long, run the
    passes again from `flatten`, which then makes a loop with branches of it. After each pass, call
    watch(number, pass, program); the number counts from 1, and the program is the pass's result.
    Raises CompileError, and Invalid after a pass with an error."""
    before = []
    while len(before) < len(PASSES):
        step = PASSES[len(before)]
        before.append(program)
        try:
            program = step(program)
        except LoopTooLong as error:
            first = PASSES.index(flatten)
            in_software = program.in_software | {error.loop}
            program = replace(before[first], in_software=in_software)
            del before[first:]
            continue
        verify(program)
        if watch:
            watch(len(before), step, program)
    return program
