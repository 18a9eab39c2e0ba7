"""Parse a source file into kernels with typed parameters, and refuse constructs outside the
subset."""

import ast
from dataclasses import dataclass

from .arrays import collect, literal
from .errors import CompileError
from .subset import BITS, BUFFERS, FUNCTIONS, IN_PLACE, INSTEAD, KINDS, MATH

# What may be imported, by the last part of the module's name.
IMPORTS = {"math": MATH, "floatbits": BITS}
COMPILED = "COMPILED"  # the constant that a file sets to False, and that is True in machine code


@dataclass
class Table:
    """A tuple of numbers at module level. `kind` is "floats" or "ints"."""

    kind: str
    values: tuple


@dataclass
class Kernel:
    """A function of the source. `params` is the list of its parameters as (name, kind), with a kind
    of `subset.KINDS`. `node` is its definition, and `body` the list of its statements without the
    docstring, as ast nodes. `arrays` is {name: Array} of the arrays that it creates."""

    name: str
    path: str
    node: ast.FunctionDef
    params: list
    body: list
    returns: str  # "none", "int" or "float"
    arrays: dict

    @property
    def buffers(self):
        """The list of the names of the parameters that are buffers, and of its arrays."""
        return [name for name, kind in self.params if kind in BUFFERS] + list(self.arrays)

    def refuse(self, node, message):
        """Raise CompileError with the node's line and this message."""
        raise CompileError(self.path, node, message)


@dataclass
class Module:
    """A source file. `kernels` is {name: Kernel}, and `constants` {name: int, float, bool or str},
    without SCHEDULE and the names of `subset.KINDS`; COMPILED is always True in it. `tables` is
    {name: Table}. `empty` is the list of the functions with only `pass`, as (name, parameter
    names), and `schedule` is {kernel's name: text such as "i×4"}."""

    path: str
    source: str
    kernels: dict
    constants: dict
    tables: dict
    empty: list  # (name, parameter names)
    schedule: dict  # kernel's name: how its loops are tiled


def parse(source, path):
    """Parse a source text and return its Module. The path is only for messages. Raises
    CompileError."""
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise CompileError(path, error, f"not Python: {error.msg}; correct it") from error
    except (RecursionError, MemoryError) as error:
        what = "an expression is nested too deeply: compute it in steps"
        raise CompileError(path, None, what) from error
    except ValueError as error:
        raise CompileError(path, None, f"not Python: {error}; correct it") from error
    module = Module(str(path), source, {}, {}, {}, [], {})
    for node in tree.body:
        _top_level(module, node)
    for kernel in module.kernels.values():
        for node in ast.walk(kernel.node):
            stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id
            if (getattr(node, "arg", None) or stored) in module.tables:
                kernel.refuse(node, "this is the name of a table: choose another name")
    for name in module.schedule:
        if name not in module.kernels:
            raise CompileError(path, None, f"SCHEDULE names {name}, which is no kernel: correct it")
    try:
        compile(tree, str(path), "exec")  # finds a `break` outside of a loop, for example
    except SyntaxError as error:
        raise CompileError(path, error, f"not Python: {error.msg}; correct it") from error
    return module


def _top_level(module, node):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # docstring
    source = (getattr(node, "module", None) or "").rpartition(".")[2]
    if isinstance(node, ast.ImportFrom) and source in IMPORTS:
        for alias in node.names:
            if alias.name not in IMPORTS[source] or alias.asname:
                there = ", ".join(IMPORTS[source][:-1]) + f" and {IMPORTS[source][-1]}"
                message = f"from {source} take {there}, under their own names"
                raise CompileError(module.path, node, message)
    elif isinstance(node, ast.FunctionDef):
        _new_name(module, node, node.name)
        _function(module, node)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        _constant(module, node, node.targets[0])
    else:
        message = "only functions, constants and `from math import …` stand at module level"
        raise CompileError(module.path, node, f"{message}: leave this out")


def _constant(module, node, target):
    name = getattr(target, "id", None)
    value = literal(node.value, module.constants)
    if name and isinstance(node.value, ast.Tuple):
        _new_name(module, node, name)
        module.tables[name] = _table(module, node.value)
    elif name == "SCHEDULE":
        module.schedule = _schedule(module, node)
    elif name is None or value is None:
        message = "at module level assign a number, a string or a tuple of numbers to a name; "
        message += "compute in a function"
        raise CompileError(module.path, node, message)
    elif name not in KINDS:
        _new_name(module, node, name)
        module.constants[name] = True if name == COMPILED else value


def _table(module, node):
    values = [literal(element, module.constants) for element in node.elts]
    kinds = {type(value) for value in values}
    if not kinds or not kinds <= {int, float}:
        message = "a table is a tuple of numbers: write TABLE = (1.0, 2.0)"
        raise CompileError(module.path, node, message)
    if float in kinds and all(abs(value) < 1 << 128 for value in values):
        return Table("floats", tuple(map(float, values)))
    if float in kinds or not all(-(1 << 31) <= value < 1 << 31 for value in values):
        raise CompileError(module.path, node, "an int has 32 bits: write a float")
    return Table("ints", tuple(values))


def _schedule(module, node):
    try:
        table = ast.literal_eval(node.value)
        texts = [*table, *table.values()]
    except (ValueError, AttributeError):
        texts = [None]
    if not all(isinstance(text, str) for text in texts):
        message = 'SCHEDULE is a table of texts: write {"kernel": "variable×factor"}'
        raise CompileError(module.path, node, message)
    return table


def _new_name(module, node, name):
    taken = [*module.kernels, *module.constants, *module.tables]
    taken += [other for other, _ in module.empty]
    if name in taken:
        raise CompileError(module.path, node, f"{name} is defined twice: choose another name")
    if name in (*FUNCTIONS, *KINDS, "range", "_refuse", "micropython", "ptr32"):
        raise CompileError(module.path, node, f"{name} means something else: choose another name")


def _function(module, node):
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    kernel = Kernel(node.name, module.path, node, [], body, "none", {})
    a = node.args
    if a.posonlyargs or a.kwonlyargs or a.vararg or a.kwarg or a.defaults or node.decorator_list:
        what = "a kernel has plain parameters, no defaults, no * or /, no decorator: leave them out"
        kernel.refuse(node, what)
    names = [arg.arg for arg in a.args]
    for arg in a.args:
        if names.count(arg.arg) > 1 or arg.arg in (*FUNCTIONS, "range"):
            kernel.refuse(arg, f"{arg.arg} means something else already: choose another name")
    if all(isinstance(statement, ast.Pass) for statement in body):
        module.empty.append((node.name, names))
        return
    for arg in a.args:
        kind = arg.annotation.id if isinstance(arg.annotation, ast.Name) else None
        if kind not in KINDS:
            kernel.refuse(arg, f"annotate {arg.arg} as one of {', '.join(KINDS)}")
        kernel.params.append((arg.arg, kind))
    if len(kernel.params) > 10:
        kernel.refuse(node, "a kernel has 10 parameters at most: pack floats into a buffer")
    if node.returns is not None:
        returns = getattr(node.returns, "id", str(getattr(node.returns, "value", None)))
        if returns not in ("int", "float", "None"):
            kernel.refuse(node.returns, "a kernel returns int, float or nothing: annotate it so")
        kernel.returns = returns.lower()
    declared = collect(kernel, module.constants)
    for statement in body:
        for child in ast.walk(statement):
            if id(child) not in declared:
                _check(kernel, child)
    module.kernels[node.name] = kernel


def _check(kernel, node):
    """Refuse the constructs that later passes do not know."""
    what = INSTEAD.get(type(node))
    if what and not isinstance(node, IN_PLACE):
        kernel.refuse(node, f"not in the subset: {what}")
    if isinstance(node, ast.For):
        call = node.iter
        is_range = isinstance(call, ast.Call) and getattr(call.func, "id", "") == "range"
        if not is_range or not isinstance(node.target, ast.Name):
            kernel.refuse(node, "not in the subset: write `for name in range(…)`")
        if not 1 <= len(call.args) <= 3 or call.keywords:
            kernel.refuse(node, "range takes 1 to 3 arguments: first, stop and step")
    if isinstance(node, (ast.For, ast.While)) and node.orelse:
        kernel.refuse(node, "not in the subset: else after a loop; write the statements after it")
    if isinstance(node, ast.Assign) and len(node.targets) != 1:
        kernel.refuse(node, "not in the subset: a = b = …; write one assignment a statement")
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool):
        kernel.refuse(node, f"not in the subset: {node.value!r:.40}; kernels compute numbers")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        kernel.refuse(node, "call functions by their plain name, without keywords")
    taken = (*FUNCTIONS, "range", *kernel.buffers)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in taken:
        kernel.refuse(node, f"{node.id} means something else here: assign to another name")
    if isinstance(node, ast.Return) and node.value is not None and kernel.returns == "none":
        kernel.refuse(node, "write -> int or -> float after the parameters, and return one")
