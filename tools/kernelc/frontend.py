"""Source file → kernels with typed parameters, and the refusal of what is not in the subset."""

import ast
from dataclasses import dataclass

from .errors import CompileError

KINDS = ("floats", "ints", "int", "float")
BUFFERS = ("floats", "ints")
FUNCTIONS = ("exp", "log", "sqrt", "abs", "float", "int")

# What is not in the subset, and what to write instead.
INSTEAD = {
    ast.For: "a for loop over anything but range()",
    ast.List: "a list: pass a buffer as a parameter and fill it",
    ast.ListComp: "a comprehension: write a for loop that stores into a buffer",
    ast.Tuple: "a tuple: assign each name in a statement of its own",
    ast.Dict: "a dict: pass a buffer as a parameter",
    ast.Lambda: "a lambda: define a function with def",
    ast.FunctionDef: "a function in a function: define it at module level",
    ast.Try: "try: test the condition with if",
    ast.With: "with: kernels own no resources",
    ast.Raise: "raise: return an int that tells the caller",
    ast.Assert: "assert: return an int that tells the caller",
    ast.Break: "break: put the condition into a while loop",
    ast.Continue: "continue: put the rest of the body under an if",
    ast.Global: "global: pass a buffer as a parameter",
    ast.Delete: "del: leave the name as it is",
    ast.Import: "an import in a function: import at the top, from math only",
    ast.ImportFrom: "an import in a function: import at the top, from math only",
    ast.IfExp: "a conditional expression: write an if statement",
    ast.JoinedStr: "a string: kernels compute numbers",
    ast.Yield: "yield: store into a buffer",
    ast.NamedExpr: ":=, assign in a statement of its own",
    ast.Slice: "a slice: let the caller pass a memoryview slice",
    ast.Attribute: "an attribute: pass its value as a parameter",
}


@dataclass
class Kernel:
    """One function: its parameters as (name, kind), and its statements."""

    name: str
    path: str
    node: ast.FunctionDef
    params: list
    body: list
    returns: str  # "none", "int" or "float"

    def refuse(self, node, message):
        raise CompileError(self.path, node, message)


@dataclass
class Module:
    """A source file: kernels by name, constants, and functions that do nothing."""

    path: str
    source: str
    kernels: dict
    constants: dict
    empty: list  # (name, parameter names)
    schedule: dict = None  # the file's own table of schedules, if it has one

    def table(self, default):
        return default if self.schedule is None else self.schedule


def parse(source, path):
    """The Module in a source text. Raises CompileError."""
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise CompileError(path, error, f"not Python: {error.msg}") from error
    module = Module(str(path), source, {}, {}, [])
    for node in tree.body:
        _top_level(module, node)
    return module


def _top_level(module, node):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # docstring
    if isinstance(node, ast.ImportFrom) and node.module == "math":
        for alias in node.names:
            if alias.name not in FUNCTIONS or alias.asname:
                message = "from math take exp, log and sqrt, under their own names"
                raise CompileError(module.path, node, message)
        return
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            value = _literal(node.value)
            if value is not None:
                if target.id not in KINDS:
                    module.constants[target.id] = value
                return
    if isinstance(node, ast.FunctionDef):
        _function(module, node)
        return
    message = "only functions, constants and `from math import …` stand at module level"
    raise CompileError(module.path, node, message)


def _literal(node):
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand)
        return -value if type(value) in (int, float) else None
    return node.value if isinstance(node, ast.Constant) else None


def _function(module, node):
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body or all(isinstance(statement, ast.Pass) for statement in body):
        module.empty.append((node.name, [arg.arg for arg in node.args.args]))
        return
    kernel = Kernel(node.name, module.path, node, [], body, "none")
    a = node.args
    if a.posonlyargs or a.kwonlyargs or a.vararg or a.kwarg or a.defaults or node.decorator_list:
        kernel.refuse(node, "a kernel has plain parameters, no defaults, no *args, no decorator")
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
            kernel.refuse(node.returns, "a kernel returns int, float or nothing")
        kernel.returns = returns.lower()
    for statement in body:
        for child in ast.walk(statement):
            _check(kernel, child)
    module.kernels[node.name] = kernel


def _check(kernel, node):
    """Refuse the constructs that no later pass would know."""
    for kind, what in INSTEAD.items():
        if isinstance(node, kind) and kind is not ast.For:
            kernel.refuse(node, f"not in the subset: {what}")
    if isinstance(node, ast.For):
        call = node.iter
        is_range = isinstance(call, ast.Call) and getattr(call.func, "id", "") == "range"
        if not is_range or not isinstance(node.target, ast.Name):
            kernel.refuse(node, "not in the subset: write `for name in range(…)`")
        if not 1 <= len(call.args) <= 3 or call.keywords:
            kernel.refuse(node, "range takes 1 to 3 arguments")
    if isinstance(node, (ast.For, ast.While)) and node.orelse:
        kernel.refuse(node, "not in the subset: else after a loop; write the statements after it")
    if isinstance(node, ast.Assign) and len(node.targets) != 1:
        kernel.refuse(node, "not in the subset: a = b = …; write one assignment a statement")
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool):
        kernel.refuse(node, f"not in the subset: {node.value!r}; kernels compute numbers")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        kernel.refuse(node, "call functions by their plain name, without keywords")
