"""Whether the iterations of a loop may be jammed: run side by side, statement by statement.

They may, if each has variables of its own, if a sum or maximum is carried on by one statement
only (its copies stay in order), and if no iteration touches what another one stores. That
buffers of different names do not overlap, or are one and the same, is the kernels' contract.
"""

import ast

from . import polynomial as poly
from .subset import FUNCTIONS
from .webs import Webs


def check(kernel, loop):
    """Refuse (CompileError) to tile a loop whose iterations depend on each other."""
    Dependence(kernel, loop).check()


def carried(node):
    """The name that a statement carries on (`x += …`, or `if … > x: x = …`), else None."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return None if mentions(node.value, {node.target.id}) else node.target.id
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)) or node.orelse:
        return None
    test, assign = node.test, node.body[0]
    top = test.comparators[0]
    if len(node.body) != 1 or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Lt, ast.Gt)):
        return None
    if not (isinstance(assign, ast.Assign) and isinstance(top, ast.Name)):
        return None
    same = ast.dump(test.left) == ast.dump(assign.value) and not mentions(assign.value, {top.id})
    return top.id if same and getattr(assign.targets[0], "id", None) == top.id else None


class Dependence:
    def __init__(self, kernel, loop):
        self.kernel = kernel
        self.loop = loop
        self.variable = loop.target.id
        self.symbols = {}
        self.assigned = assigned(loop.body)
        self.assignments = {}  # name: the nodes in the loop that assign to it
        for node in _walk(loop.body):
            for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
                if isinstance(target, ast.Name):
                    self.assignments.setdefault(target.id, []).append(node)

    def refuse(self, node, why, instead="tile another loop"):
        self.kernel.refuse(node, f"{self.variable} cannot be tiled: {why}; {instead}")

    def check(self):
        for node in _walk(self.loop.body):
            if isinstance(node, (ast.While, ast.Return, ast.If)) and carried(node) is None:
                self.refuse(node, "the loop branches here")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "range") not in KNOWN:
                self.refuse(node, "the loop calls a kernel", "write its loops out here")
            if isinstance(node, ast.For) and mentions(node.iter, {self.variable, *self.assigned}):
                self.refuse(node, f"this loop's length depends on {self.variable}", "tile this one")
        if len(self.loop.iter.args) > 2:
            self.refuse(self.loop, "its step is not 1", "write range(first, stop)")
        if not self._natural(difference(self.loop), set()):
            instead = "write range(n) or range(first, first + n)"
            self.refuse(self.loop, "its length might be negative", instead)
        self._check_variables()
        self._check_buffers()

    def _check_variables(self):
        webs = Webs(self.kernel, self.kernel.body)
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
        for node in _walk(self.kernel.body):
            web = webs.of.get(id(node))
            if isinstance(node, ast.Name) and web in mine and id(node) not in inside:
                self.refuse(node, f"{node.id} is used after the loop")

    def _check_buffers(self):
        stores, loads = {}, {}
        for statement in self.loop.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
                    loads.setdefault(node.target.value.id, []).append((node.target, statement))
                if isinstance(node, ast.Subscript):
                    places = stores if isinstance(node.ctx, ast.Store) else loads
                    places.setdefault(node.value.id, []).append((node, statement))
        for name, places in stores.items():
            indices = {ast.dump(node.slice) for node, _ in [*places, *loads.get(name, [])]}
            if len(indices) == 1 and self._own_element(places[0][0].slice):
                continue
            node, statement = places[0]
            if name in loads:
                self.refuse(node, f"it reads and writes {name}", "keep the value in a variable")
            if len(places) > 1:
                self.refuse(places[1][0], f"it stores to {name} twice", "store once")
            if not self._distinct(node, statement):
                self.refuse(node, f"another {self.variable} may store to the same place of {name}")

    def _own_element(self, index):
        """Whether the index is the variable plus something that the loop does not change."""
        p = self._polynomial(index)
        v = self._symbol(self.variable)
        changing = {self._symbol(name) for name in self.assigned}
        return p is not None and p.slope(v) == poly.ONE and not p.symbols & changing

    def _distinct(self, store, statement):
        """Whether different iterations store to different places, or in the order as before.
        Places differ if the index counts like an odometer: each loop's variable has as its factor
        the product of the lengths of those that turn faster."""
        p = self._polynomial(store.slice)
        if p is None or self._symbol(self.variable) not in p.symbols:
            return False
        if not isinstance(statement, ast.For):
            return True  # its copies stay in order
        loops = [node for node in _walk([statement]) if isinstance(node, ast.For)]
        wheels = {
            self._symbol(node.target.id): self._polynomial(difference(node))
            for node in [self.loop, *loops]
            if any(child is store for child in ast.walk(node)) and len(node.iter.args) < 3
        }
        turn = poly.ONE
        while wheels:
            wheel = next((w for w in wheels if p.slope(w) == turn), None)
            length = wheels.pop(wheel, None)
            if length is None:
                return False
            turn = turn * length
        return True

    def _symbol(self, name):
        return self.symbols.setdefault(name, poly.Symbol(name, None))

    def _polynomial(self, node, seen=()):
        """The int expression in terms of what the loop does not compute, or None."""
        if isinstance(node, ast.Constant):
            return poly.number(node.value) if type(node.value) is int else None
        if isinstance(node, ast.Name):
            nodes = self.assignments.get(node.id, [])
            if not nodes or isinstance(nodes[0], ast.For):
                return poly.of(self._symbol(node.id)) if len(nodes) < 2 else None
            if len(nodes) > 1 or not isinstance(nodes[0], ast.Assign) or node.id in seen:
                return None
            return self._polynomial(nodes[0].value, (*seen, node.id))
        if not isinstance(node, ast.BinOp):
            return None
        left, right = self._polynomial(node.left, seen), self._polynomial(node.right, seen)
        if left is None or right is None:
            return None
        operation = {ast.Add: left.__add__, ast.Sub: left.__sub__, ast.Mult: left.__mul__}
        operation = operation.get(type(node.op))
        return operation and operation(right)

    def _natural(self, node, seen):
        """Whether an int expression is surely not negative."""
        if isinstance(node, ast.Constant):
            return type(node.value) is int and node.value >= 0
        if isinstance(node, ast.BinOp):
            kinds = (ast.Add, ast.Mult, ast.FloorDiv, ast.Mod)
            sides = self._natural(node.left, seen) and self._natural(node.right, seen)
            return isinstance(node.op, kinds) and sides
        if not isinstance(node, ast.Name):
            return False
        if (node.id, "int") in self.kernel.params and node.id not in assigned(self.kernel.body):
            return True
        if node.id in seen:
            return False
        values = []
        for other in _walk(self.kernel.body):
            targets = getattr(other, "targets", None) or [getattr(other, "target", None)]
            if node.id not in [getattr(target, "id", None) for target in targets]:
                continue
            first = isinstance(other, ast.For) and len(other.iter.args) < 3
            if isinstance(other, ast.Assign):
                values.append(other.value)
            elif first:
                values.append(first_of(other))
            else:
                return False
        return bool(values) and all(self._natural(value, seen | {node.id}) for value in values)


KNOWN = ("range", *FUNCTIONS)


def _walk(statements):
    return ast.walk(ast.Module(statements, []))


def mentions(node, names):
    return any(isinstance(child, ast.Name) and child.id in names for child in ast.walk(node))


def assigned(statements):
    """The names that are assigned to, loop variables included."""
    return {
        child.id
        for child in _walk(statements)
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    }


def assigned_first(statements, name):
    """Is the first statement that mentions the name one that assigns to it?"""
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


def first_of(loop):
    bounds = loop.iter.args
    return bounds[0] if len(bounds) > 1 else ast.Constant(0)


def difference(loop):
    """The length of a loop in steps of 1: stop - first, without what cancels out."""
    first, stop = first_of(loop), loop.iter.args[-1 if len(loop.iter.args) < 3 else 1]
    if isinstance(first, ast.Constant) and first.value == 0:
        return stop
    if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add):
        for one, other in ((stop.left, stop.right), (stop.right, stop.left)):
            if ast.dump(one) == ast.dump(first):
                return other
    return ast.BinOp(stop, ast.Sub(), first)
