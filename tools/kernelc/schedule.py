"""How loops are tiled: source to source, before everything else.

What a kernel computes is said by its source; how its loops run, by one line of TABLE. `t×2,
o×4` unrolls the loops over t and o and jams the copies together: one pass of the innermost loop
then computes 2 × 4 sums and uses each loaded number several times. What does not divide evenly
is left to remainder loops. The output is plain Python again (`--python FILE` writes it).

A schedule is refused if it could change a result: if the nest reads a buffer that it writes, or
carries a variable from one iteration to the next. That different buffers do not overlap is the
kernels' contract.
"""

import ast
import copy

TABLE = {
    "linear_forward": "t×2, o×4",
    "linear_backward_inputs": "t×2, i×4",
    "linear_backward_weights": "o×2, i×4",
}


def schedule(kernel, table=None):
    """The kernel's statements, tiled as the table says."""
    plan = (TABLE if table is None else table).get(kernel.name, "")
    body = copy.deepcopy(kernel.body)
    for item in plan.split(",") if plan else []:
        variable, factor = item.split("×")
        if not _tile_first(kernel, body, variable.strip(), int(factor)):
            kernel.refuse(kernel.node, f"the schedule names {variable.strip()}: no such loop")
    return body


def tiled_source(module):
    """The module's kernels as Python, tiled: what is compiled, to be read or run."""
    functions = []
    for kernel in module.kernels.values():
        function = ast.FunctionDef(kernel.name, kernel.node.args, schedule(kernel), [], None)
        functions.append(ast.unparse(ast.fix_missing_locations(function)))
    return "\n\n\n".join(functions) + "\n"


def _tile_first(kernel, statements, variable, factor):
    """Tile the first loop over the variable, in place; the rest that an outer loop's tiling has
    left stays as it is, for the sake of size. Returns True if there is such a loop."""
    for i, node in enumerate(statements):
        if isinstance(node, ast.For):
            if node.target.id == variable:
                _check(kernel, node)
                statements[i : i + 1] = _tile(node, factor)
                return True
            if _tile_first(kernel, node.body, variable, factor):
                return True
    return False


def _tile(node, factor):
    """for v in range(a, b) as a loop in steps of `factor` over jammed copies, and the rest."""
    bounds = node.iter.args
    first = bounds[0] if len(bounds) > 1 else ast.Constant(0)
    stop = bounds[-1]
    count = _difference(stop, first)
    names = _assigned(node.body) - _loop_variables(node.body)
    copies = [_copy(node.body, node.target.id, k, names) for k in range(factor)]
    whole = ast.parse("c // f * f" if count is stop else "a + c // f * f", mode="eval").body
    whole = _Replace({"a": first, "c": count, "f": ast.Constant(factor)}).visit(whole)
    main = copy.deepcopy(node)
    main.iter.args = [first, _minus(stop, factor - 1), ast.Constant(factor)]
    main.body = _jam(copies)
    rest = copy.deepcopy(node)
    rest.iter.args = [whole, stop]
    for loop in (main, rest):
        for child in ast.walk(loop):
            ast.copy_location(child, child if hasattr(child, "lineno") else node)
    return [ast.fix_missing_locations(main), ast.fix_missing_locations(rest)]


def _copy(body, variable, k, names):
    """The body of iteration v + k, with variables of its own."""
    changes = {name: ast.Name(f"{name}_{k}") for name in names}
    if k:
        changes[variable] = ast.parse(f"({variable} + {k})", mode="eval").body
    return [_Replace(changes).visit(copy.deepcopy(statement)) for statement in body]


def _jam(copies):
    """Statement by statement, that of every copy; a loop is kept once, its bodies jammed."""
    result = []
    for together in zip(*copies, strict=True):
        if isinstance(together[0], ast.For):
            together[0].body = _jam([loop.body for loop in together])
            result.append(together[0])
        else:
            result += together
    return result


def _check(kernel, node):
    """Refuse to tile a loop whose iterations are not independent."""
    statements = [ast.Module(node.body, [])]
    stored, loaded = set(), set()
    for child in ast.walk(statements[0]):
        if isinstance(child, (ast.If, ast.While, ast.Return)):
            kernel.refuse(child, "this loop cannot be tiled: it branches")
        if isinstance(child, ast.For) and _mentions(child.iter, {node.target.id}):
            kernel.refuse(child, f"cannot be tiled: the loop's length depends on {node.target.id}")
        if isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Subscript):
            loaded.add(child.target.value.id)
        if isinstance(child, ast.Subscript):
            (stored if isinstance(child.ctx, ast.Store) else loaded).add(child.value.id)
            follows = {node.target.id} | _assigned(node.body)
            if isinstance(child.ctx, ast.Store) and not _mentions(child.slice, follows):
                kernel.refuse(child, f"cannot be tiled: every {node.target.id} stores here")
    for name in stored & loaded:
        kernel.refuse(node, f"cannot be tiled over {node.target.id}: it reads and writes {name}")
    known = set()
    for name in _assigned(node.body):
        if not _assigned_first(node.body, name):
            known.add(name)
    if known:
        name = min(known)
        kernel.refuse(node, f"cannot be tiled: {name} is carried from one iteration to the next")


def _assigned(statements):
    return {
        child.id
        for child in ast.walk(ast.Module(statements, []))
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    }


def _loop_variables(statements):
    return {
        child.target.id
        for child in ast.walk(ast.Module(statements, []))
        if isinstance(child, ast.For)
    }


def _assigned_first(statements, name):
    """Is the first statement that mentions the name one that assigns to it?"""
    for node in statements:
        if not _mentions(node, {name}):
            continue
        if isinstance(node, ast.For):
            return node.target.id == name or _assigned_first(node.body, name)
        return (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", None) == name
            and not _mentions(node.value, {name})
        )
    return True


def _mentions(node, names):
    return any(isinstance(child, ast.Name) and child.id in names for child in ast.walk(node))


def _difference(stop, first):
    """stop - first, without what cancels out."""
    if isinstance(first, ast.Constant) and first.value == 0:
        return stop
    if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add):
        for one, other in ((stop.left, stop.right), (stop.right, stop.left)):
            if ast.dump(one) == ast.dump(first):
                return other
    return ast.BinOp(stop, ast.Sub(), first)


def _minus(node, value):
    return ast.BinOp(node, ast.Sub(), ast.Constant(value)) if value else node


class _Replace(ast.NodeTransformer):
    def __init__(self, changes):
        self.changes = changes

    def visit_Name(self, node):
        new = self.changes.get(node.id)
        if new is None:
            return node
        new = copy.deepcopy(new)
        if isinstance(new, ast.Name):
            new.ctx = node.ctx
        return ast.copy_location(new, node)
