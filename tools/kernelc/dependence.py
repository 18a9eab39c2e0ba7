"""Check whether the iterations of a loop may be jammed: run side by side, statement by statement.

They may be jammed if three conditions hold. Each iteration sets its variables before it reads them.
A sum or maximum is carried from iteration to iteration by one statement only, since its copies stay
in order. No iteration reads or writes an element that another one stores. The contract of kernels
is that buffers with different names do not overlap, or are exactly the same.
"""

import ast

from . import polynomial as poly
from .subset import FUNCTIONS
from .webs import Webs


def check(kernel, statements, loop):
    """Raise CompileError if the loop, an `ast.For` in the kernel's `statements`, cannot be tiled:
    its iterations may depend on each other, it has branches or calls kernels, an inner loop's
    length depends on values of this loop, a variable that each iteration sets anew is used after
    the loop, its range has three arguments, or its length might be negative."""
    Dependence(kernel, statements, loop).check()


def carried(node):
    """Return the name x if the statement carries x to the next iteration: it is `x = x + …`, also
    with another operator, `x = max(x, …)` or `x = min(x, …)`, and … is without x. Return None for
    another statement, also for `x = … + x`."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return None
    value = node.value
    if isinstance(value, ast.BinOp):
        old, other = value.left, value.right
    elif isinstance(value, ast.Call) and value.func.id in ("max", "min") and len(value.args) == 2:
        old, other = value.args
    else:
        return None
    carries = getattr(old, "id", None) == target.id and not mentions(other, {target.id})
    return target.id if carries else None


class Dependence:
    """Checks whether the iterations of `loop`, an `ast.For` in the kernel's `statements`, may be
    jammed. Call `check`."""

    def __init__(self, kernel, statements, loop):
        self.kernel = kernel
        self.statements = statements
        self.loop = loop
        self.variable = loop.target.id
        self.symbols = {}
        self.assigned = assigned(loop.body)
        self.assignments = _assignments(loop.body)
        self.all_assignments = _assignments(statements)

    def refuse(self, node, why, instead="tile another loop"):
        """Raise CompileError for the line of `node`. The message is "VARIABLE cannot be tiled:
        `why`; `instead`": the texts are the reason and the remedy."""
        name = variable_of(self.loop)
        self.kernel.refuse(node, f"{name} cannot be tiled: {why}; {instead}")

    def check(self):
        """Raise CompileError if the loop cannot be tiled, for the reasons of the function `check`;
        otherwise return nothing."""
        for node in _walk(self.loop.body):
            if isinstance(node, (ast.While, ast.Return, ast.Break, ast.If)):
                self.refuse(node, "the loop branches here")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "range") not in KNOWN:
                self.refuse(node, "the loop calls a kernel", "write its loops out here")
            if isinstance(node, ast.For) and node.target.id == self.variable:
                self.refuse(
                    node, f"a loop in it has the same variable {self.variable}", "rename it"
                )
            if isinstance(node, ast.For) and mentions(node.iter, {self.variable, *self.assigned}):
                self.refuse(node, f"this loop's length depends on {self.variable}", "tile this one")
        if mentions(self.loop.iter, self.assigned):
            self.refuse(self.loop, "it changes its own range", "use other names in it")
        if len(self.loop.iter.args) > 2:
            self.refuse(self.loop, "its step is not known", "write a number")
        if not self._natural(difference(self.loop), frozenset()):
            instead = "write range(n) or range(first, first + n)"
            self.refuse(self.loop, "its length might be negative", instead)
        self._check_variables()
        self._check_buffers()

    def _check_variables(self):
        webs = Webs(self.kernel, self.statements)
        inside = {id(node) for node in _walk(self.loop.body)}
        mine = {
            webs.of[id(node)]: node.id
            for node in _walk(self.loop.body)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        for name in sorted(self.assigned):
            users = [node for node in self.loop.body if mentions(node, {name})]
            if assigned_first(self.loop.body, name):
                continue
            if len(users) > 1 or carried(users[0]) != name:
                self.refuse(users[0], f"{name} is carried from one iteration to the next")
            mine = {web: other for web, other in mine.items() if other != name}
        for node in _walk(self.statements):
            web = webs.of.get(id(node))
            if isinstance(node, ast.Name) and web in mine and id(node) not in inside:
                self.refuse(node, f"{node.id} is used after the loop")

    def _check_buffers(self):
        stores, loads = {}, {}
        for statement in self.loop.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                    places = stores if isinstance(node.ctx, ast.Store) else loads
                    places.setdefault(node.value.id, []).append((node, statement))
        for name, places in stores.items():
            nodes = [node for node, _ in [*places, *loads.get(name, [])]]
            indices = {ast.dump(node.slice) for node in nodes}
            if len(indices) == 1 and all(map(self._own_element, nodes)):
                continue
            node, statement = places[0]
            if name in loads:
                self.refuse(node, f"it reads and writes {name}", "keep the value in a variable")
            if len(places) > 1:
                self.refuse(places[1][0], f"it stores to {name} twice", "store once")
            if not self._distinct(node, statement):
                self.refuse(node, f"another {self.variable} may store to the same place of {name}")

    def _own_element(self, place):
        """Return True if no two iterations use the same element: the index is the loop's variable
        plus a value that is the same in all iterations, or it counts like an odometer."""
        p = self._polynomial(place.slice)
        if p is None:
            return False
        changing = {self._symbol(name) for name in self.assigned}
        plain = p.slope(self._symbol(self.variable)) == poly.ONE and not p.symbols & changing
        return plain or self._counts(place, p)

    def _distinct(self, store, statement):
        """Return True if different iterations store to different places, or in the old order."""
        p = self._polynomial(store.slice)
        if p is None or self._symbol(self.variable) not in p.symbols:
            return False
        return not isinstance(statement, ast.For) or self._counts(store, p)  # copies stay in order

    def _counts(self, place, index):
        """Return True if the index counts like an odometer, so that it is never the same twice: the
        factor of each loop's variable is the product of the lengths of the loops inside it. An
        outer loop counts only if the index has its variable and its length never changes."""
        inside = [self.loop, *_walk(self.loop.body)]
        wheels = {
            self._symbol(node.target.id): self._polynomial(difference(node))
            for node in _walk(self.statements)
            if isinstance(node, ast.For)
            and len(node.iter.args) < 3
            and any(child is place for child in ast.walk(node))
            and (node in inside or self._symbol(node.target.id) in index.symbols)
            and (node in inside or not mentions(node.iter, self.all_assignments))
        }
        turn = poly.ONE
        while wheels:
            wheel = next((w for w in wheels if index.slope(w) == turn), None)
            length = wheels.pop(wheel, None)
            if length is None:
                return False
            turn = turn * length
        return True

    def _symbol(self, name):
        """Return the symbol of a value that the loop does not change, or of a loop variable in
        it."""
        if name not in self.symbols:
            self.symbols[name] = poly.Symbol(name, None)
            self.symbols[name].natural = self._never_negative(name, frozenset())
        return self.symbols[name]

    def _polynomial(self, node, seen=()):
        """Return the int expression as a Polynomial of values that the loop does not compute, or
        None."""

        def leaf(node):
            if not isinstance(node, ast.Name):
                return None
            nodes = self.assignments.get(node.id, [])
            if not nodes or isinstance(nodes[0], ast.For):
                return poly.of(self._symbol(node.id)) if len(nodes) < 2 else None
            if len(nodes) > 1 or node.id in seen:
                return None
            return self._polynomial(nodes[0].value, (*seen, node.id))

        return poly.polynomial(node, leaf)

    def _natural(self, node, seen):
        """Return True if an int expression is surely not negative."""

        def leaf(node):
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Mod)):
                natural = self._natural(node.left, seen) and self._natural(node.right, seen)
            elif isinstance(node, ast.Name):
                natural = self._never_negative(node.id, seen)
            else:
                return None
            return poly.of(poly.Symbol("", None, natural=natural))

        p = poly.polynomial(node, leaf)
        return p is not None and p.natural

    def _never_negative(self, name, seen):
        if (name, "int") in self.kernel.params and name not in self.all_assignments:
            return True
        values = [
            first_of(node) if isinstance(node, ast.For) else node.value
            for node in self.all_assignments.get(name, [])
        ]
        if name in seen or not values:
            return False
        return all(self._natural(value, seen | {name}) for value in values)


def _assignments(statements):
    """Return {name: the nodes that assign to it, including loops}."""
    result = {}
    for node in _walk(statements):
        for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
            if isinstance(target, ast.Name):
                result.setdefault(target.id, []).append(node)
    return result


KNOWN = ("range", *FUNCTIONS)


def _walk(statements):
    return ast.walk(ast.Module(statements, []))


def mentions(node, names):
    """Return True if one of the names occurs in the node."""
    return any(isinstance(child, ast.Name) and child.id in names for child in ast.walk(node))


def assigned(statements):
    """Return the set of the names that are assigned to, including loop variables, also in nested
    statements. Elements of buffers do not count."""
    return {
        child.id
        for child in _walk(statements)
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    }


def assigned_first(statements, name):
    """Return True if the first statement that mentions the name assigns to it without reading it,
    or if none mentions it. A `for` loop assigns to its variable, and to what the statements in it
    assign first; an `if` or `while` that mentions the name gives False."""
    for node in statements:
        if not mentions(node, {name}):
            continue
        if isinstance(node, ast.For):
            if mentions(node.iter, {name}):
                return False
            return node.target.id == name or assigned_first(node.body, name)
        return (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", None) == name
            and not mentions(node.value, {name})
        )
    return True


def variable_of(loop):
    """Return the name of a loop's variable as the source has it."""
    return getattr(loop, "variable", loop.target.id)


def first_of(loop):
    """Return the ast node of the first value of a loop over range; it is a new constant 0 if range
    has only a stop."""
    bounds = loop.iter.args
    return bounds[0] if len(bounds) > 1 else ast.Constant(0)


def difference(loop):
    """Return the ast node of the length of a loop with step 1: stop - first, or n for `range(n)`
    and `range(first, first + n)`. Its value is negative if stop is below first."""
    first, stop = first_of(loop), loop.iter.args[-1 if len(loop.iter.args) < 3 else 1]
    if isinstance(first, ast.Constant) and first.value == 0:
        return stop
    if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add):
        for one, other in ((stop.left, stop.right), (stop.right, stop.left)):
            if ast.dump(one) == ast.dump(first):
                return other
    return ast.BinOp(stop, ast.Sub(), first)
