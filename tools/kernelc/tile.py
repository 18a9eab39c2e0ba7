"""Tile loops, from Python to Python.

A kernel's source says what it computes; the file's table SCHEDULE says how its loops run. `t×2,
o×4` unrolls the loops over t and o and jams the copies: one pass of the innermost loop then
computes 2 × 4 sums and uses each loaded number several times. Remainder loops do the iterations
that are left over, and those of outer loops are tiled as well. The output is plain Python
(`--python FILE` writes it), and its results are the same to the last bit.

A schedule that could change a result is refused (dependence.py).
"""

import ast
import copy
import re
from dataclasses import replace

from .dependence import assigned, carried, check, difference, first_of, variable_of
from .desugar import Names, Replace, desugared, parse


def tile(program):
    """Unroll and jam the loops that the file's SCHEDULE names, if that changes no result.

    Return the new Program, with other `statements`. Raises CompileError if the schedule is
    malformed, names a variable twice, names no loop of the kernel, or names a loop that
    `dependence.check` refuses."""
    kernel = program.kernel
    return replace(program, statements=tiled(kernel, program.statements, program.module.schedule))


def tiled(kernel, statements, table):
    """Return a copy of the statements, with the loops tiled that table[kernel.name] names, such as
    "i×4". Of several loops over the same variable, only the first is tiled. Without such an entry,
    no loop is; entries for other names are ignored.

    Raises CompileError as `tile` does."""
    body = copy.deepcopy(statements)
    plan = [_step(kernel, item) for item in table.get(kernel.name, "").split(",") if item]
    variables = [variable for variable, _ in plan]
    for variable in variables:
        if variables.count(variable) > 1:
            what = f"{kernel.name}'s schedule names {variable} twice: write one factor for it"
            kernel.refuse(kernel.node, what)
    for variable, _ in plan:
        # Check the loops before tiling: it does not change whether other loops are independent.
        loop = next((node for node in _loops(statements) if variable_of(node) == variable), None)
        if loop is None:
            what = f"{kernel.name}'s schedule names {variable}, and it has no loop over that"
            kernel.refuse(kernel.node, f"{what}: change the schedule or the name")
        check(kernel, statements, loop)
    new = Names(kernel)
    for variable, factor in plan:
        _tile_first(body, variable, factor, new)
    return body


def _step(kernel, item):
    match = re.fullmatch(r"\s*(\w+?)\s*[×*]\s*([2-8])\s*", item)
    if not match:
        what = f"{item.strip()!r} is no schedule: write variable×factor, with a factor from 2 to 8"
        kernel.refuse(kernel.node, what)
    return match[1], int(match[2])


def tiled_source(module):
    """Return the module's kernels as Python text after `desugar` and `tile`. Constants and imports
    are not in it. Raises CompileError."""
    functions = []
    for kernel in module.kernels.values():
        node = kernel.node
        arrays = [array.statement(name) for name, array in kernel.arrays.items()]
        body = arrays + tiled(kernel, desugared(kernel, module.constants), module.schedule)
        function = ast.FunctionDef(kernel.name, node.args, body, [], node.returns)
        functions.append(ast.unparse(ast.fix_missing_locations(function)))
    return "\n\n\n".join(functions) + "\n"


def _loops(statements):
    """Return the loops in the order of the source."""
    for node in statements:
        if isinstance(node, ast.For):
            yield node
        for part in (getattr(node, "body", []), getattr(node, "orelse", [])):
            yield from _loops(part)


def _tile_first(statements, variable, factor, new):
    """Tile the first loop over the variable, in place, and also its copies in the remainders of
    outer loops. Returns True if there is such a loop."""
    found = False
    for node in list(statements):
        if isinstance(node, ast.For) and variable_of(node) == variable:
            i = statements.index(node)
            statements[i : i + 1] = _tile(node, factor, new)
            return True
        for part in (getattr(node, "body", []), getattr(node, "orelse", [])):
            found = _tile_first(part, variable, factor, new) or found
        if found and not getattr(node, "continues", False):
            return True
    return found


def _tile(node, factor, new):
    """Return `for v in range(a, b)` as a loop with step `factor` over jammed copies, and a
    remainder loop."""
    first, stop, count = first_of(node), node.iter.args[-1], difference(node)
    keep = {loop.target.id for loop in _loops(node.body)} | {carried(n) for n in node.body}
    own = sorted(assigned(node.body) - keep)
    copies = [_copy(node.body, node.target.id, k, own, new) for k in range(factor)]
    whole = parse("c // f * f" if count is stop else "a + c // f * f")
    whole = Replace({"a": first, "c": count, "f": ast.Constant(factor)}).visit(whole)
    main = copy.deepcopy(node)
    main.iter.args = [first, ast.BinOp(stop, ast.Sub(), ast.Constant(factor - 1))]
    main.iter.args.append(ast.Constant(factor))
    main.body = _jam(copies, new)
    rest = copy.deepcopy(node)
    rest.iter.args = [whole, stop]
    main.continues = True  # in the rest
    for loop in (main, rest):
        loop.range = getattr(node, "range", (first, stop))
    for loop in (main, rest):
        for child in ast.walk(loop):
            ast.copy_location(child, child if hasattr(child, "lineno") else node)
    return [ast.fix_missing_locations(main), ast.fix_missing_locations(rest)]


def _copy(body, variable, k, own, new):
    """Return the body of iteration v + k, with separate variables."""
    changes = {name: ast.Name(new(name, k)) for name in own}
    if k:
        changes[variable] = parse(f"({variable} + {k})")
        changes[variable].is_copy = k  # of the loop's variable: lowering knows its range
    return [Replace(changes).visit(copy.deepcopy(statement)) for statement in body]


def _jam(copies, new):
    """Interleave the copies statement by statement. A loop is kept once, with its bodies jammed."""
    result = []
    for together in zip(*copies, strict=True):
        if isinstance(together[0], ast.For):
            together[0].body = _jam([loop.body for loop in together], new)
            result.append(together[0])
        else:
            result += _values_first(together, new)
    return result


def _values_first(together, new):
    """Order the copies of one statement. If they store to buffers, all copies load first, then all
    compute, then all store, so that no copy waits for another."""
    if not isinstance(together[0], ast.Assign) or not isinstance(
        together[0].targets[0], ast.Subscript
    ):
        return together
    if isinstance(together[0].value, (ast.Name, ast.Constant)):
        return together
    loads, values, stores = [], [], []
    for k, node in enumerate(together):
        (target,) = node.targets
        value = node.value
        if isinstance(value, ast.BinOp) and _same(value.left, target):
            old = new(target.value.id, k)
            loads.append(ast.Assign([ast.Name(old, ast.Store())], value.left))
            value = ast.BinOp(ast.Name(old, ast.Load()), value.op, value.right)
        name = new(target.value.id, k)
        values.append(ast.Assign([ast.Name(name, ast.Store())], value))
        stores.append(ast.Assign([target], ast.Name(name, ast.Load())))
    for statements in (loads, values, stores):
        for new_node, node in zip(statements, together, strict=False):
            ast.copy_location(new_node, node)
    return [*loads, *values, *stores]


def _same(load, store):
    """Return True if the loaded element is the stored one."""
    if not isinstance(load, ast.Subscript):
        return False
    return ast.dump(load.value) == ast.dump(store.value) and (
        ast.dump(load.slice) == ast.dump(store.slice)
    )
