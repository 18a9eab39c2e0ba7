"""Lower Python statements to a tree of instructions on virtual registers. expressions.py lowers the
expressions."""

import ast
from dataclasses import replace

from . import polynomial as poly
from .accesses import Accesses, Buffer
from .builder import BRANCH, LOOP, WHILE, Builder, float_bits
from .conditions import Conditions
from .expressions import Expressions
from .frame import RETURN_SLOT, SELF_SLOT, array_places, homes
from .ir import Label, Loop, Register, Tree
from .polynomial import Polynomial, Symbol, number
from .subset import BUFFERS, TABLES, leaves
from .webs import Webs

KIND = {"a": "an int", "f": "a float"}


def lower(program):
    """Turn statements into instructions on virtual registers, and hoist these out of loops.

    Return the new Program, with the `Tree` in `tree`. Raises CompileError for what is outside the
    subset."""
    statements = Statements(program.kernel, program.statements, program.module)
    builder = statements.builder
    refusals, tables = builder.refusals, statements.tables
    tree = Tree(builder.door.items, builder.top.items, refusals, statements.epilogue, tables)
    return replace(program, tree=tree)


class Statements:
    """Lowers `body`, a Kernel's statements after the earlier passes, when it is created. Then the
    instructions are in the scopes of `builder`, `epilogue` is the Label that a return jumps to, and
    `tables` is that of the `Tree`. `module` is the `frontend.Module`. Raises CompileError for what
    is outside the subset."""

    def __init__(self, kernel, body, module):
        self.kernel = kernel
        self.webs = Webs(kernel, body)
        self.builder = Builder(kernel.node.lineno)
        self.buffers = {}
        self.accesses = Accesses(self.builder)
        self.expressions = Expressions(
            kernel, module.constants, self.webs, self.builder, self.accesses, self.buffers
        )
        self.conditions = Conditions(kernel, self.builder, self.expressions)
        self.epilogue = Label("return")
        self.exits = []  # the label behind each of the surrounding loops
        offsets, _ = homes(kernel)
        for position, (name, kind) in enumerate(kernel.params, 1):
            self._parameter(name, kind, position, offsets[name])
        self.tables = {}
        self._arrays()
        names = {node.id for node in ast.walk(ast.Module(body, [])) if isinstance(node, ast.Name)}
        for name in sorted(names & module.tables.keys()):
            self._table(name, module.tables[name])
        self.block(body)
        self.accesses.bounds.check_at_door(self.buffers.values())
        if kernel.returns != "none" and self.webs.falls_through:
            kernel.refuse(kernel.node, f"{kernel.name} must end with a return on every path")

    def _parameter(self, name, kind, position, home):
        """Load a parameter from its place on the stack."""
        door, values = self.builder.door, self.expressions.values
        bank, load = ("f", "lsi") if kind == "float" else ("a", "l32i")
        web = self.webs.of_parameter[name]
        changes = self.webs.sizes[web] > 1 and kind not in BUFFERS
        again = None if changes else (load, [1, home])
        register = self.builder.register(bank, name, door, again, web if changes else None)
        self.builder.emit(load, register, 1, home, scope=door)
        if kind in BUFFERS:
            base = Symbol(name, door, register, natural=True)
            length = self.builder.register("a", f"len({name})", door, (load, [1, home + 4]))
            self.builder.emit(load, length, 1, home + 4, scope=door)
            self.buffers[name] = Buffer(name, kind, BUFFERS[kind], position, base, length)
        elif not changes:
            natural = Symbol(name, door, register, natural=True)
            values[web] = poly.of(natural) if kind == "int" else register

    def _arrays(self):
        """Give each array of the kernel its place on the stack."""
        door, pure = self.builder.door, self.builder.pure
        places, _ = array_places(self.kernel)
        for name, (offset, array) in places.items():
            again = ("array_address", [offset])
            base = pure("array_address", offset, at=door, again=again)
            self._own(name, array.kind, BUFFERS[array.kind], base, array.length)

    def _table(self, name, table):
        """Find the address of a table, which is before the code: word 3 of a function object is the
        address of its code (py/objfun.h)."""
        door, pure = self.builder.door, self.builder.pure
        convert = float_bits if table.kind == "floats" else int
        label = Label(name)
        self.tables[label] = [convert(value) for value in table.values]
        code = pure("l32i", pure("l32i", 1, SELF_SLOT, at=door), 12, at=door)
        base = pure("add", code, pure("constant", label, at=door), at=door)
        self._own(name, name, TABLES[table.kind], base, len(table.values))

    def _own(self, name, kind, elements, base, length):
        """Add a buffer that is no parameter; `length` is its number of elements."""
        door = self.builder.door
        size = self.builder.constant(length << elements.shift, door)
        symbol = Symbol(name, door, base, natural=True)
        self.buffers[name] = Buffer(name, kind, elements, 0, symbol, size)

    def block(self, statements):
        """Compile a list of statements, ast nodes: emit their instructions to the open scope.
        Raises CompileError for one that is not in the subset."""
        for statement in statements:
            self.builder.line = statement.lineno
            method = getattr(self, type(statement).__name__, None)
            if method is None:
                what = f"not in the subset: {type(statement).__name__}"
                self.kernel.refuse(statement, what)
            if not isinstance(statement, ast.Assign):
                self.builder.settle()
            method(statement)
        self.builder.settle()

    def Pass(self, node):
        """Compile `pass`, which is nothing."""
        pass

    def Expr(self, node):
        """Accept a constant, such as a docstring, and emit nothing. Raises CompileError for another
        expression as a statement."""
        if not isinstance(node.value, ast.Constant):
            self.kernel.refuse(node, "this value is not used: assign it, or drop the line")

    def Assign(self, node):
        """Compile the assignment to a variable or to an element of a buffer. Raises CompileError if
        a variable changes between int and float, for a float as an element of a buffer of ints, and
        for an assignment to the buffer itself."""
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            buffer, index = self.expressions.element(target)
            if not buffer.elements.store:
                what = f"{buffer.name} is a constant: copy it to an array and change that"
                self.kernel.refuse(target, what)
            value = self.expressions.value(node.value)
            self.accesses.bounds.check(buffer, index)
            self.accesses.store(buffer, index, self._source(buffer, value, node))
            return
        if target.id in self.buffers:
            self.kernel.refuse(target, f"{target.id} is a buffer: assign to another name")
        web = self.webs.of[id(target)]
        if self.webs.sizes[web] == 1:
            value = self.expressions.value(node.value)
            if isinstance(value, Register) and self.builder.is_variable(value):
                value = self.builder.pure("mov.s", value)
            self.expressions.values[web] = value
            return
        register = self.builder.variables.get(web)
        if register is not None:
            self.builder.settle()  # what is delayed may read the old value
        value = self.expressions.value(node.value, register)
        if register is None:
            bank = "a" if isinstance(value, Polynomial) else "f"
            register = self.builder.register(bank, target.id, self.builder.door, web=web)
        self._set(register, value, target)

    def _source(self, buffer, value, node):
        """Return the register to store in a buffer."""
        if buffer.elements.store == "ssi":
            return self.expressions.float_register(value)
        if not isinstance(value, Polynomial):
            self.kernel.refuse(node, f"{buffer.name} holds ints: int() makes one of a float")
        return self.builder.value(value)

    def _set(self, register, value, target):
        """Give a variable that is assigned more than once its new value."""
        if (register.bank == "a") != isinstance(value, Polynomial):
            message = f"{target.id} was {KIND[register.bank]}: use another name for this value"
            if register.bank == "a":
                message += ", or begin with a float (0.0 instead of 0)"
            self.kernel.refuse(target, message)
        builder = self.builder
        builder.changed(register)
        if isinstance(value, Polynomial):
            builder.emit("mov", register, builder.value(value))
        elif isinstance(value, float):
            constant = builder.float_constant(value)
            if constant.again:
                name, args = constant.again
                builder.emit(name, register, *args)
            else:
                builder.emit("mov", register, constant)
        elif value is not register:
            builder.emit("mov", register, value)

    def changes(self, node):
        """Return two sets: the webs that a loop or branch, an ast node, assigns, and the kinds of
        buffers that it stores to."""
        assigned, stores = set(), set()
        for child in ast.walk(node):
            if not isinstance(getattr(child, "ctx", None), ast.Store):
                continue
            if isinstance(child, ast.Name):
                assigned.add(self.webs.of[id(child)])
            elif isinstance(child, ast.Subscript):
                stores.add(self.expressions.buffer(child).kind)
        return assigned, stores

    def For(self, node):
        """Compile a loop over range; leave it out if it surely has no passes. Raises CompileError
        if an argument is a float, if the step is not a positive constant, or if the variable must
        keep its value beyond the loop."""
        builder, integers = self.builder, self.expressions.integers
        bounds = [self.expressions.integer(arg, "range takes ints") for arg in node.iter.args]
        first, stop = bounds[:2] if len(bounds) > 1 else (number(0), bounds[0])
        step = bounds[2].constant if len(bounds) > 2 else 1
        if not step or step < 0:
            self.kernel.refuse(node, "the step of range is a constant other than 0")
        distance = stop - first
        if step > 1:
            distance = integers.floor_division(distance + number(step - 1), step)[0]
        if distance.constant is not None and distance.constant <= 0:
            return
        web = self.webs.of[id(node.target)]
        if self.webs.sizes[web] > 1:
            what = f"{node.target.id} keeps its value beyond the loop: use another name for that"
            self.kernel.refuse(node, what)
        least, end = self._range(node, first, stop)
        length = integers.undivided(end - least)
        self.accesses.bounds.check_length(length, hasattr(node, "range"))
        count = builder.value(distance)
        items = []
        with builder.scope(LOOP, *self.changes(node), items) as scope:
            scope.first, scope.step = first, step
            scope.least, scope.last = least, end - number(1)
            scope.lengths = frozenset() if (length - number(1)).natural else frozenset([length])
            scope.returns = _may_be_left(node)
            natural = integers.surely_natural(scope.least)
            scope.symbol = Symbol(node.target.id, scope, natural=natural, loop=True)
            self.expressions.values[web] = poly.of(scope.symbol)
            self.exits.append(Label("past"))
            self.block(node.body)
        trips = distance if integers.surely_natural(distance) and not scope.returns else None
        loop = Loop(items, count, None, node.lineno, scope.inductions, trips)
        builder.top.items.append(loop)
        if leaves(node.body, ast.Break):
            builder.emit("label", self.exits[-1])
        self.exits.pop()

    def _range(self, node, first, stop):
        """Return (first, stop) of a loop as the source has it. The loops that tiling makes of it
        share these values."""
        if not hasattr(node, "range"):
            return first, stop
        return [self.expressions.integer(arg, "range takes ints") for arg in node.range]

    def While(self, node):
        """Compile a `while` loop."""
        items = []
        exit_label = Label("end")
        with self.builder.scope(WHILE, *self.changes(node), items):
            self.conditions.jump(node.test, exit_label, False)
            self.exits.append(exit_label)
            self.block(node.body)
            self.exits.pop()
        self.builder.top.items.append(Loop(items, exit=exit_label, line=node.lineno))

    def If(self, node):
        """Compile `if`, with its `else`."""
        otherwise, end = Label("else"), Label("endif")
        self.conditions.jump(node.test, otherwise, False)
        with self.builder.scope(BRANCH, *self.changes(node)):
            self.block(node.body)
        if node.orelse:
            self.builder.emit("j", end)
        self.builder.emit("label", otherwise)
        if node.orelse:
            with self.builder.scope(BRANCH, *self.changes(node)):
                self.block(node.orelse)
            self.builder.emit("label", end)

    def Break(self, node):
        """Compile `break`, which jumps behind the loop."""
        self.builder.emit("j", self.exits[-1])

    def Return(self, node):
        """Compile `return`: store the value, then jump to the kernel's end. Raises CompileError if
        the value does not fit `Kernel.returns`; for "float", an int is converted."""
        self.builder.returned = True
        returns = self.kernel.returns
        if (node.value is None) != (returns == "none"):
            self.kernel.refuse(
                node, "write -> int or -> float after the parameters, and return one"
            )
        if returns == "int":
            value = self.expressions.integer(node.value, "this kernel returns int")
            self.builder.emit("s32i", self.builder.value(value), 1, RETURN_SLOT)
        elif returns == "float":
            value = self.expressions.float_register(self.expressions.value(node.value))
            self.builder.emit("ssi", value, 1, RETURN_SLOT)
        self.builder.emit("j", self.epilogue)


def _may_be_left(loop):
    """Return True if a loop may end before its variable has had all values."""
    returns = any(isinstance(node, ast.Return) for node in ast.walk(loop))
    return returns or leaves(loop.body, ast.Break)
