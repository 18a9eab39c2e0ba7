"""Arrays that a kernel creates, by `name = [number] * length`: find them, and check their use."""

import ast
import math
from dataclasses import dataclass

from .subset import FUNCTIONS

MOST = 256  # elements in all arrays of a kernel; they are on the stack, which has a few KB


@dataclass
class Array:
    """An array that a kernel creates by `name = [value] * length`. `kind` is "floats" or "ints",
    and `value` the number that all elements have at first."""

    kind: str
    length: int
    value: object

    def statement(self, name):
        """Return the ast node of the assignment that creates the array with this name."""
        return ast.parse(f"{name} = [{self.value!r}] * {self.length}").body[0]


def collect(kernel, constants):
    """Fill `kernel.arrays`. Return the set of the ids of the ast nodes that create arrays, and of
    the nodes in them. `constants` is {name: value} of the module. Raises CompileError."""
    created = {}
    for node in ast.walk(ast.Module(kernel.body, [])):
        array = declaration(kernel, node, constants)
        if array:
            _add(kernel, node, array)
            created[id(node)] = node
    if sum(array.length for array in kernel.arrays.values()) > MOST:
        kernel.refuse(kernel.node, f"its arrays have more than {MOST} elements: pass a buffer")
    _check_order(kernel, kernel.body, created, set())
    return {id(part) for node in created.values() for part in ast.walk(node)}


def declaration(kernel, node, constants):
    """Return the Array that an ast node creates by `name = [number] * length`, or None if it
    assigns no list. Raises CompileError for another list, and for a length that is no constant from
    1."""
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign) or not isinstance(value, ast.BinOp):
        return None
    if len(node.targets) > 1:
        return None
    parts = value.left, value.right
    if not any(isinstance(part, ast.List) for part in parts):
        return None
    listed, length = parts if isinstance(parts[0], ast.List) else reversed(parts)
    name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else None
    taken = {name for name, _ in kernel.params} | {
        child.id
        for child in ast.walk(kernel.node)
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    }
    constants = {name: value for name, value in constants.items() if name not in taken}
    count = literal(length, constants)
    numbers = [literal(element, constants) for element in listed.elts]
    simple = name and isinstance(value.op, ast.Mult) and type(count) is int and count > 0
    if not simple or len(numbers) != 1 or type(numbers[0]) not in (int, float):
        what = "an array of a kernel has one number and a constant length: write x = [0.0] * 16"
        kernel.refuse(node, what)
    return Array("floats" if type(numbers[0]) is float else "ints", count, numbers[0])


def _add(kernel, node, array):
    name = node.targets[0].id
    if name in (*FUNCTIONS, "range", *(other for other, _ in kernel.params)):
        kernel.refuse(node, f"{name} means something else already: choose another name")
    earlier = kernel.arrays.setdefault(name, array)
    if (earlier.kind, earlier.length) != (array.kind, array.length):
        kernel.refuse(node, f"{name} is another array already: choose another name")


def _check_order(kernel, block, created, known):
    """Raise CompileError for an array that is used where it may not exist yet. `created` is {id:
    statement} of the statements that create arrays, and `known` the set of the arrays that exist
    before the block, to which its own are added."""
    for statement in block:
        if id(statement) in created:
            known.add(statement.targets[0].id)
            continue
        blocks = [getattr(statement, part, []) for part in ("body", "orelse")]
        inside = {id(node) for part in blocks for node in ast.walk(ast.Module(part, []))}
        for node in ast.walk(statement):
            if id(node) in inside or getattr(node, "id", None) not in kernel.arrays.keys() - known:
                continue
            kernel.refuse(node, f"{node.id} may not exist here: create it before")
        for part in blocks:
            _check_order(kernel, part, created, set(known))


def literal(node, constants):
    """Return the number or string that a node stands for, or None."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = literal(node.operand, constants)
        return -value if type(value) in (int, float) else None
    value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    if type(value) is float and not math.isfinite(value):
        return None
    return value if type(value) in (int, float, bool, str) else None
