"""Viper under CPython: run `@micropython.viper` functions with the chip's arithmetic, and check
them.

MicroPython's viper emitter compiles ints to plain machine words and pointers to plain addresses. So
a mistake gives a wrong number or a crash, often with one word size only. Here the decorator
rewrites the function's syntax tree so that every operation is checked. `load_viper(bits)` returns
the viper engine in one of two worlds:

- 32 bits, as on the chip: an `int` result that does not fit raises OverflowError, a `uint` wraps,
  and ptr32 loads are signed.
- 64 bits, as on unix on x86-64: results wrap at 64 bits, and ptr32 loads do not extend the sign.

In both worlds, an access outside the buffer or not aligned raises IndexError. A shift by a negative
count, or by the word's width or more, raises ValueError. A constant of more than 30 bits, which
viper cannot compile, raises ValueError before the function runs.
"""

import ast
import builtins
import importlib
import inspect
import operator
import sys
import textwrap
import types

SLOT = 1 << 20  # each buffer gets a slot of so many addresses, and begins in its middle
WIDTH_CODES = {1: "B", 2: "H", 4: "I"}


class uint(int):
    """A viper value with unsigned, wrapping arithmetic."""


class Pointer:
    """A typed address. Each access looks up the buffer that the address is in."""

    __slots__ = ("world", "address", "width")

    def __init__(self, world, address, width):
        self.world = world
        self.address = address
        self.width = width

    def __getitem__(self, index):
        view, i = self._find(index)
        value = view[i]
        if self.world.bits == 32 and self.width == 4 and value >= 1 << 31:
            value -= 1 << 32
        return value

    def __setitem__(self, index, value):
        view, i = self._find(index)
        view[i] = value & ((1 << 8 * self.width) - 1)

    def _find(self, index):
        self.world.operations += 1
        address = self.address + index * self.width
        slot, offset = divmod(address, SLOT)
        views = self.world.slots.get(slot)
        i, misaligned = divmod(offset - SLOT // 2, self.width)
        if views is None or misaligned or not 0 <= i < len(views[self.width]):
            raise IndexError(f"ptr{8 * self.width} access outside its buffer, at element {i}")
        return views[self.width], i


class World:
    """A word size, and the buffers that were passed to the running call."""

    def __init__(self, bits):
        self.bits = bits
        self.slots = {}
        self.operations = 0  # so far: loads, stores and arithmetic

    def point(self, value, width):
        """Cast a pointer, an address or a buffer, as ptr8(), ptr16() or ptr32() do. `width` is the
        size of an element in bytes."""
        if isinstance(value, Pointer):
            return Pointer(self, value.address, width)
        if isinstance(value, int):
            return Pointer(self, value, width)
        data = memoryview(value).cast("B")
        slot = len(self.slots) + 1
        self.slots[slot] = {w: data[: len(data) // w * w].cast(c) for w, c in WIDTH_CODES.items()}
        return Pointer(self, slot * SLOT + SLOT // 2, width)

    def number(self, value):
        """Cast a value, as int() does."""
        return value.address if isinstance(value, Pointer) else int(value)

    def unsigned(self, value):
        """Cast a value, as uint() does."""
        return uint(self.number(value) & ((1 << self.bits) - 1))

    def check(self, value, unsigned):
        """Return a result as a machine word holds it. In the world of 32 bits, raises OverflowError
        if an int does not fit."""
        if unsigned:
            return uint(value & ((1 << self.bits) - 1))
        limit = 1 << (self.bits - 1)
        if not -limit <= value < limit:
            if self.bits == 32:
                raise OverflowError(f"int result {value} needs more than 32 bits")
            value = (value + limit) % (2 * limit) - limit
        return int(value)

    def binary(self, name, left, right):
        """Compute left <operator> right. The result has the type of `left`, as in viper."""
        self.operations += 1
        if name in ("lshift", "rshift") and not 0 <= right < self.bits:
            raise ValueError(f"shift by {right}, which a {self.bits}-bit machine does not have")
        return self.check(getattr(operator, name)(left, right), isinstance(left, uint))

    def unary(self, name, value):
        return self.check(getattr(operator, name)(value), isinstance(value, uint))


OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
    ast.USub: "neg",
    ast.Invert: "invert",
}


class Rewriter(ast.NodeTransformer):
    """Replace operators by calls of the world's checks."""

    def visit_Constant(self, node):
        if isinstance(node.value, int) and not -(1 << 30) <= node.value < 1 << 30:
            raise ValueError(f"line {node.lineno}: {node.value} is too large a constant for viper")
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self._call("__binary", OPERATORS[type(node.op)], node.left, node.right, at=node)

    def visit_AugAssign(self, node):
        value = ast.BinOp(_as_load(node.target), node.op, node.value)
        assign = ast.copy_location(ast.Assign([node.target], ast.copy_location(value, node)), node)
        return self.visit(ast.fix_missing_locations(assign))

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) or isinstance(node.operand, ast.Constant):
            return node
        return self._call("__unary", OPERATORS[type(node.op)], node.operand, at=node)

    def _call(self, function, name, *operands, at):
        call = ast.Call(ast.Name(function, ast.Load()), [ast.Constant(name), *operands], [])
        return ast.fix_missing_locations(ast.copy_location(call, at))


def _as_load(target):
    """Return the expression that reads an assignment's target."""
    return ast.parse(ast.unparse(target), mode="eval").body


def compile_checked(function, world):
    """Return the function, rewritten to run in a world, with its arguments cast to their types."""
    source, first_line = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(source)))
    ast.increment_lineno(tree, first_line - 1)
    definition = tree.body[0]
    definition.decorator_list = []
    kinds = [ast.unparse(a.annotation) for a in definition.args.args]
    for argument in definition.args.args:
        argument.annotation = None
    definition.returns = None
    body = Rewriter().visit(definition)
    module = ast.fix_missing_locations(ast.Module([body], []))
    casts = {
        "int": world.number,
        "uint": world.unsigned,
        "ptr8": lambda value: world.point(value, 1),
        "ptr16": lambda value: world.point(value, 2),
        "ptr32": lambda value: world.point(value, 4),
        "object": lambda value: value,
    }
    namespace = {**casts, "__binary": world.binary, "__unary": world.unary}
    exec(compile(module, function.__code__.co_filename, "exec"), namespace)
    checked = namespace[function.__name__]

    def call(*arguments):
        if len(arguments) != len(kinds):
            raise TypeError(f"{function.__name__} takes {len(kinds)} arguments")
        if len(arguments) > 12:
            raise TypeError(f"{function.__name__} takes more arguments than were tried on a chip")
        world.slots.clear()
        return checked(*(casts[k](a) for k, a in zip(kinds, arguments, strict=True)))

    return call


def load_viper(bits):
    """Import the viper engine afresh in a world of 32 or 64 bits, and return it."""
    world = World(bits)
    shim = types.ModuleType("micropython")
    shim.viper = lambda function: compile_checked(function, world)
    for name in ("ptr8", "ptr16", "ptr32", "uint"):  # annotations use these built-in names
        setattr(builtins, name, name)
    package = "esp32gpt.kernels.viper"
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.startswith(package)}
    sys.modules["micropython"] = shim
    try:
        engine = importlib.import_module(package)
        engine.adam_step_16 = importlib.import_module(package + ".adam16").adam_step_16
        engine.world = world
        return engine
    finally:
        for name in [name for name in sys.modules if name.startswith(package)]:
            del sys.modules[name]
        del sys.modules["micropython"]
        sys.modules.update(kept)
