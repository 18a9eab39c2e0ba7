"""Statements → instructions on virtual registers; expressions are in expressions.py."""

import ast

from . import polynomial as poly
from .accesses import Buffer
from .expressions import Expressions
from .inductions import Loop
from .polynomial import Polynomial, Symbol, number
from .scopes import BRANCH, LOOP, WHILE
from .subset import BUFFERS
from .webs import Webs
from .xtensa import Label, Register

RETURN_SLOT = 0  # on the stack: the value to return
KIND = {"a": "an int", "f": "a float"}


class Lowering(Expressions):
    """One kernel's code: `door.items`, then `top.items`; `refusals` maps (kind, argument's
    position) to the label to jump to.

    homes[name] is where the entry leaves a parameter on the stack."""

    def __init__(self, kernel, body, constants, homes):
        super().__init__(kernel, Webs(kernel, body), constants)
        self.epilogue = Label("return")
        for position, (name, kind) in enumerate(kernel.params, 1):
            self._parameter(name, kind, position, homes[name])
        self.block(body)
        self.check_at_door()
        if kernel.returns != "none" and self.webs.falls_through:
            kernel.refuse(kernel.node, f"{kernel.name} must end with a return on every path")

    def _parameter(self, name, kind, position, home):
        bank, load = ("f", "lsi") if kind == "float" else ("a", "l32i")
        web = self.webs.of_parameter[name]
        changes = self.webs.sizes[web] > 1
        again = None if changes else (load, [1, home])
        register = Register(bank, name, self.door, again)
        self.emit(load, register, 1, home, scope=self.door)
        if kind in BUFFERS:
            base = Symbol(name, self.door, register, natural=True)
            length = Register("a", f"len({name})", self.door, (load, [1, home + 4]))
            self.emit(load, length, 1, home + 4, scope=self.door)
            self.buffers[name] = Buffer(name, kind, position, base, length)
        elif changes:
            register.web = web
            self.variables[web] = register
        elif kind == "int":
            self.values[web] = poly.of(Symbol(name, self.door, register, natural=True))
        else:
            self.values[web] = register

    def block(self, statements):
        for statement in statements:
            self.line = statement.lineno
            method = getattr(self, type(statement).__name__, None)
            if method is None:
                what = f"not in the subset: {type(statement).__name__}"
                self.kernel.refuse(statement, what)
            if not isinstance(statement, ast.Assign):
                self.settle()
            method(statement)
        self.settle()

    def Pass(self, node):
        pass

    def Expr(self, node):
        if not isinstance(node.value, ast.Constant):
            self.kernel.refuse(node, "this value is not used: assign it, or drop the line")

    def Assign(self, node):
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            buffer, index = self.element(target)
            self.store(buffer, index, self.expression(node.value), node)
            return
        if target.id in self.buffers:
            self.kernel.refuse(target, f"{target.id} is a buffer: assign to another name")
        web = self.webs.of[id(target)]
        if self.webs.sizes[web] == 1:
            value = self.expression(node.value)
            if isinstance(value, Register) and value.web is not None:
                value = self.pure("mov.s", value)
            self.values[web] = value
            return
        register = self.variables.get(web)
        value = self.expression(node.value, register)
        if register is None:
            bank = "a" if isinstance(value, Polynomial) else "f"
            register = self.variables[web] = Register(bank, target.id, self.door, web=web)
        self.set(register, value, target)

    def set(self, register, value, target):
        """Give a variable that is assigned more than once its new value."""
        if (register.bank == "a") != isinstance(value, Polynomial):
            message = f"{target.id} was {KIND[register.bank]}: use another name for this value"
            self.kernel.refuse(target, message)
        register.version += 1
        if isinstance(value, Polynomial):
            self.emit("mov", register, self.value(value))
        elif isinstance(value, float):
            again = self.float_constant(value)
            if again.again:
                name, args = again.again
                self.emit(name, register, *args)
            else:
                self.emit("mov", register, again)
        elif value is not register:
            self.emit("mov", register, value)

    def changes(self, node):
        """What a loop or branch assigns (webs) and stores to (kinds of buffers)."""
        assigned, stores = set(), set()
        for child in ast.walk(node):
            if not isinstance(getattr(child, "ctx", None), ast.Store):
                continue
            if isinstance(child, ast.Name):
                assigned.add(self.webs.of[id(child)])
            elif isinstance(child, ast.Subscript):
                stores.add(self.element_buffer(child).kind)
        return assigned, stores

    def For(self, node):
        bounds = [self.integer(arg, "range takes ints") for arg in node.iter.args]
        first, stop = bounds[:2] if len(bounds) > 1 else (number(0), bounds[0])
        step = bounds[2].constant if len(bounds) > 2 else 1
        if not step:
            self.kernel.refuse(node, "the step of range is a constant other than 0")
        distance = stop - first if step > 0 else first - stop
        if abs(step) > 1:
            distance = self.floor_division(distance + number(abs(step) - 1), abs(step))[0]
        if distance.constant is not None and distance.constant <= 0:
            return
        web = self.webs.of[id(node.target)]
        if self.webs.sizes[web] > 1:
            what = f"{node.target.id} keeps its value beyond the loop: use another name for that"
            self.kernel.refuse(node, what)
        count = self.value(distance)
        items = []
        with self.scope(LOOP, *self.changes(node), items) as scope:
            scope.first, scope.step = first, step
            scope.last = stop - number(1 if step > 0 else -1)
            natural = self.surely_natural(first if step > 0 else scope.last)
            scope.symbol = Symbol(node.target.id, scope, natural=natural, loop=True)
            self.values[web] = poly.of(scope.symbol)
            self.block(node.body)
        trips = distance if self.surely_natural(distance) else None
        loop = Loop(items, count, None, node.lineno, scope.inductions, trips)
        self.top.items.append(loop)

    def While(self, node):
        items = []
        exit_label = Label("end")
        with self.scope(WHILE, *self.changes(node), items):
            self.jump(node.test, exit_label, False)
            self.block(node.body)
        self.top.items.append(Loop(items, exit=exit_label, line=node.lineno))

    def If(self, node):
        if self._maximum(node):
            return
        otherwise, end = Label("else"), Label("endif")
        self.jump(node.test, otherwise, False)
        with self.scope(BRANCH, *self.changes(node)):
            self.block(node.body)
        if node.orelse:
            self.emit("j", end)
        self.emit("label", otherwise)
        if node.orelse:
            with self.scope(BRANCH, *self.changes(node)):
                self.block(node.orelse)
            self.emit("label", end)

    def Return(self, node):
        returns = self.kernel.returns
        if (node.value is None) != (returns == "none"):
            self.kernel.refuse(
                node, "write -> int or -> float after the parameters, and return one"
            )
        if returns == "int":
            value = self.integer(node.value, "this kernel returns int")
            self.emit("s32i", self.value(value), 1, RETURN_SLOT)
        elif returns == "float":
            value = self.float_register(self.to_float(self.expression(node.value)))
            self.emit("ssi", value, 1, RETURN_SLOT)
        self.emit("j", self.epilogue)
