"""Simplify Python: different ways to write the same thing become one form for the later passes.

- `x op= e` becomes `x = x op e`;
- `if e > x: x = e`, a running maximum, becomes `x = max(x, e)`, which has the same meaning even for
  NaN; `<` becomes min in the same way;
- a loop with a step other than 1 becomes a loop that counts its passes;
- `a < b < c` becomes `a < b and b < c`;
- `y = a if c else b`, anywhere in a statement, becomes an if statement before it;
- `x = [0.0] * n` becomes a loop that stores 0.0 to each element;
- the statements after a `continue` move to the other branch of its if statement.
"""

import ast
import copy
from dataclasses import replace

from .arrays import declaration
from .polynomial import number, polynomial
from .subset import leaves


def desugar(program):
    """Use one form for each of `+=`, maxima, steps, conditions and `continue`.

    Return the new Program, with other `statements`. Raises CompileError for a conditional
    expression after `and`, `or`, or in the condition of a `while`."""
    return replace(program, statements=desugared(program.kernel, program.module.constants))


def desugared(kernel, constants):
    """Return a new list of a kernel's statements, ast nodes in the forms that later passes know; do
    not change the kernel. `constants` has the values of the module's constants by name. Raises
    CompileError."""
    return _Desugarer(kernel, constants).block(copy.deepcopy(kernel.body))


class Names:
    """Makes names that a kernel does not use. A call with (name, suffix) returns "name_suffix",
    with underscores after it if that name is taken, and never the same name twice."""

    def __init__(self, kernel):
        self.taken = {node.id for node in ast.walk(kernel.node) if isinstance(node, ast.Name)}
        self.taken |= {name for name, _ in kernel.params}

    def __call__(self, name, suffix):
        name = f"{name}_{suffix}"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


class _Desugarer:
    def __init__(self, kernel, constants):
        self.kernel = kernel
        self.refuse = kernel.refuse
        self.constants = constants
        self.new = Names(kernel)

    def block(self, statements):
        """Return the statements, without those that a `continue` skips."""
        result = []
        for i, node in enumerate(statements):
            if isinstance(node, ast.Continue):
                break
            if isinstance(node, ast.If) and leaves([node], ast.Continue):
                rest = statements[i + 1 :]
                node.body = node.body + copy.deepcopy(rest)
                node.orelse = node.orelse + rest
                return result + self.statement(node)
            result += self.statement(node)
        return result or [_at(statements[0], ast.Pass())] if statements else []

    def statement(self, node):
        before = []
        node = self.simple_expressions(node, before)
        return [*before, *self.simple_statement(node)]

    def simple_expressions(self, node, before):
        """Return the statement without chained comparisons and conditional expressions; append the
        statements that must come before it to `before`."""
        desugarer = self

        class Expressions(ast.NodeTransformer):
            def visit_Compare(self, node):
                self.generic_visit(node)
                if len(node.ops) < 2:
                    return node
                sides = [node.left, *node.comparators]
                pairs = zip(sides, node.ops, sides[1:], strict=False)
                tests = [ast.Compare(copy.deepcopy(a), [op], [b]) for a, op, b in pairs]
                return _at(node, ast.BoolOp(ast.And(), tests))

            def visit_BoolOp(self, node):
                rest = [child for value in node.values[1:] for child in ast.walk(value)]
                if any(isinstance(child, ast.IfExp) for child in rest):
                    what = "a conditional expression after and, or: assign it to a name before"
                    desugarer.refuse(node, f"not in the subset: {what}")
                return self.generic_visit(node)

            def visit_IfExp(self, node):
                name = desugarer.new("if", "value")
                choices = [
                    _at(node, ast.Assign([ast.Name(name, ast.Store())], value))
                    for value in (node.body, node.orelse)
                ]
                statement = _at(node, ast.If(node.test, choices[:1], choices[1:]))
                before.extend(desugarer.statement(statement))
                return ast.copy_location(ast.Name(name, ast.Load()), node)

        blocks = {part: getattr(node, part) for part in ("body", "orelse") if hasattr(node, part)}
        if isinstance(node, ast.stmt):
            for part in blocks:
                setattr(node, part, [])
        node = Expressions().visit(node)
        for part, block in blocks.items():
            setattr(node, part, block)
        if before and isinstance(node, ast.While):
            what = "a conditional expression in a while condition: assign it in the loop's body"
            self.refuse(node, f"not in the subset: {what}")
        return node

    def simple_statement(self, node):
        for part in ("body", "orelse"):
            if hasattr(node, part):
                setattr(node, part, self.block(getattr(node, part)))
        if isinstance(node, ast.AugAssign):
            load = copy.deepcopy(node.target)
            load.ctx = ast.Load()
            value = ast.BinOp(load, node.op, node.value)
            return [_at(node, ast.Assign([node.target], value))]
        array = declaration(self.kernel, node, self.constants)
        if array:
            return [self.fill(node, array)]
        if isinstance(node, ast.If):
            return [_maximum(node) or node]
        step = self.step(node) if isinstance(node, ast.For) else 1
        return [node] if step in (0, 1) else self.passes(node, step)

    def fill(self, node, array):
        """Return the loop that gives all elements of a new Array their first value."""
        name = node.targets[0].id
        i = self.new(name, "i")
        loop = parse(f"for {i} in range({array.length}): {name}[{i}] = {array.value!r}")
        return _at(node, loop)

    def step(self, loop):
        """Return the step of a loop, or 0 if it is not known at compile time."""

        def leaf(node):
            value = self.constants.get(node.id) if isinstance(node, ast.Name) else None
            return number(value) if type(value) is int else None

        if len(loop.iter.args) < 3:
            return 1
        step = polynomial(loop.iter.args[2], leaf)
        return 0 if step is None or step.constant is None else step.constant

    def passes(self, node, step):
        """Return `for i in range(a, b, step)` as a loop over passes, with i = a + pass · step."""
        first, stop, _ = node.iter.args
        start = self.new(node.target.id, "first")
        count = self.new(node.target.id, "pass")
        way, sign = ("b - a", "+") if step > 0 else ("a - b", "-")
        size = abs(step)
        length = way if size == 1 else f"({way} + {size - 1}) // {size}"
        loop = parse(f"for {count} in range({length}): i = a {sign} {count} * {size}")
        names = {"a": ast.Name(start, ast.Load()), "b": stop, "i": node.target}
        loop = Replace(names).visit(loop)
        loop.body += node.body
        loop.variable = node.target.id
        before = ast.Assign([ast.Name(start, ast.Store())], first)
        return [_at(node, before), _at(node, loop)]


def _maximum(node):
    """Return `if e > x: x = e` as `x = max(x, e)`, or None if the node is something else."""
    test, body = node.test, node.body
    if node.orelse or len(body) != 1 or not isinstance(body[0], ast.Assign):
        return None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    function = {ast.Gt: "max", ast.Lt: "min"}.get(type(test.ops[0]))
    value, old, new = test.left, test.comparators[0], body[0].targets[0]
    if function is None or not isinstance(old, ast.Name) or not isinstance(new, ast.Name):
        return None
    if old.id != new.id or ast.dump(value) != ast.dump(body[0].value):
        return None
    call = ast.Call(ast.Name(function, ast.Load()), [old, value], [])
    return _at(node, ast.Assign([new], call))


def parse(text):
    """Return the ast node of the first statement in a text, or of its expression if the statement
    is only an expression; the rest of the text is ignored. The nodes have no line numbers. Raises
    SyntaxError."""
    node = ast.parse(text).body[0]
    for child in ast.walk(node):
        for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            if hasattr(child, attribute):
                delattr(child, attribute)
    return node.value if isinstance(node, ast.Expr) else node


def _at(where, node):
    """Give a new node, and the nodes in it without a place, the place of `where` in the source."""
    for child in ast.walk(node):
        if not hasattr(child, "lineno"):
            ast.copy_location(child, where)
    return node


class Replace(ast.NodeTransformer):
    """Replaces names by expressions. `changes` is {name: the ast node in its place}; visit(node)
    changes the node in place and returns it. For a node that is itself such a name, it returns the
    new node."""

    def __init__(self, changes):
        self.changes = changes

    def visit_Name(self, node):
        """Return a copy of the node that replaces this Name node, or the Name node itself if there
        is none."""
        new = self.changes.get(node.id)
        if new is None:
            return node
        new = copy.deepcopy(new)
        if isinstance(new, ast.Name):
            new.ctx = node.ctx
        return ast.copy_location(new, node) if hasattr(node, "lineno") else new
