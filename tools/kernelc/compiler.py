"""All passes in a row: a source text → machine code for each of its kernels."""

import ast

from . import mpy
from .assemble import Code, LoopTooLong
from .errors import CompileError
from .flatten import Flat, expand
from .frame import Frame, homes
from .frontend import parse
from .inline import inline
from .lower import Lowering
from .outline import outline
from .registers import Allocation
from .reorder import reorder
from .schedule import TABLE, schedule
from .tidy import tidy
from .xtensa import Label, Op, OutOfRange

# Where the stand-in for a module keeps its function table and the name of what refuses.
PLACES = {"table": 0, "refuse": 0}


def compile_file(path):
    """(module, {kernel's name: Code}, the .mpy's bytes) of a source file. Raises CompileError."""
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(path, None, "this is no text in UTF-8: save it so") from error
    except OSError as error:
        what = f"cannot be read ({error.strerror}): name a Python file of kernels"
        raise CompileError(path, None, what) from error
    module = parse(source, path)
    if not module.kernels:
        raise CompileError(path, None, "no kernels: write functions over floats and ints")
    file = mpy.Module(module, path.name)
    codes = compile_module(module, file.places)
    return module, codes, file.finish([code.bytes for code in codes.values()])


def compile_source(source, path):
    """(module, {kernel's name: Code}) of a source text. Raises CompileError."""
    module = parse(source, path)
    return module, compile_module(module, PLACES)


def compile_module(module, places):
    return {
        name: compile_kernel(kernel, module, number, places)
        for number, (name, kernel) in enumerate(module.kernels.items())
    }


def compile_kernel(kernel, module, number, places):
    """The Code of one kernel; number tells `refuse` which one it is. Raises CompileError."""
    try:
        return _compile(kernel, module, number, places)
    except RecursionError:
        what = f"an expression in {kernel.name} is nested too deeply: compute it in steps"
        kernel.refuse(kernel.node, what)


def _compile(kernel, module, number, places):
    body = inline(kernel, schedule(kernel, module.table(TABLE)), module.kernels)
    homes_of, stack = homes(kernel)
    software = set()
    while True:
        lowering = Lowering(kernel, body, module.constants, homes_of)
        opened = Op("label", [Label("opened")])
        flat = Flat([*lowering.door.items, opened, *lowering.top.items], software)
        ops = tidy(flat.ops)
        reorder(ops, flat.regions)
        ops = tidy([part for op in ops for part in expand(op)])
        allocation = Allocation(ops, flat.regions, stack)
        allocation.ops = outline(allocation.ops, flat.regions)
        reorder(allocation.ops, flat.regions, allocation.places)
        stack_end = stack + 4 * len(allocation.slots)
        frame = Frame(kernel, number, _stored(kernel, body), lowering, stack_end, places)
        split = allocation.ops.index(opened)
        ops = [
            *frame.before,
            *allocation.ops[:split],
            *frame.between,
            *allocation.ops[split:],
            *frame.after,
        ]
        try:
            return Code(ops, allocation.places, flat.regions)
        except OutOfRange:
            kernel.refuse(kernel.node, f"{kernel.name} is too large: make two kernels of it")
        except LoopTooLong as error:
            ends = [region.end for region in flat.regions]
            software.add(ends.index(error.end))


def _stored(kernel, body):
    """Names of the buffers that the kernel writes."""
    return {
        node.value.id
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
