"""Expressions → values.

An int expression is a Polynomial, a float expression a register or, if it is known now, a
Python float. A product that is added to something or subtracted from something is fused:
`a + b*c` and `a - b*c` round once (of two products, the right one is fused).
"""

import ast
from dataclasses import dataclass

from . import polynomial as poly
from .bounds import Bounds
from .mathops import MathOps
from .polynomial import Polynomial, Symbol, number
from .scopes import BRANCH, LOOP, WHILE, Builder
from .webs import Webs
from .xtensa import Label, Register

LOAD_STORE = {"floats": ("lsi", "ssi"), "ints": ("l32i", "s32i")}
FLOAT_OPERATION = {ast.Add: "add.s", ast.Sub: "sub.s", ast.Mult: "mul.s"}
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
DIVISION = "division"


@dataclass(eq=False)
class Buffer:
    name: str
    kind: str
    position: int
    base: Symbol
    length: Register  # in bytes


class Expressions(Builder, MathOps, Bounds):
    def __init__(self, kernel, webs: Webs, constants):
        super().__init__()
        self.kernel = kernel
        self.webs = webs
        self.line = kernel.node.lineno
        self.constants = constants
        self.values = {}  # the value of each web that is assigned once
        self.buffers = {}
        self.symbols = {}  # the symbol of a register
        self.refusals = {}

    def refusal(self, kind, buffer=None):
        """The label to jump to when an argument must be refused."""
        key = (kind, buffer.position if buffer else 0)
        return self.refusals.setdefault(key, Label(f"{kind}{key[1]}"))

    # Conversions

    def symbol(self, register, natural=False):
        """An int that is in a register and no polynomial of others."""
        if register not in self.symbols:
            scope = self.scopes[self.depth_of(register)]
            self.symbols[register] = Symbol(register.name, scope, register, natural)
        return poly.of(self.symbols[register])

    def to_float(self, value):
        if not isinstance(value, Polynomial):
            return value
        if value.constant is not None:
            return float(value.constant)
        return self.pure("float.s", self.value(value), 0)

    def float_register(self, value):
        return self.float_constant(value) if isinstance(value, float) else value

    def integer(self, node, otherwise):
        value = self.expression(node)
        if not isinstance(value, Polynomial):
            self.kernel.refuse(node, f"{otherwise}: this is a float; // divides ints to an int")
        return value

    # Buffers

    def element_buffer(self, node):
        name = node.value.id if isinstance(node.value, ast.Name) else None
        if name not in self.buffers:
            self.kernel.refuse(node, "index a parameter that is annotated floats or ints")
        return self.buffers[name]

    def element(self, node):
        """(buffer, index) of a subscript."""
        return self.element_buffer(node), self.integer(node.slice, "an index is an int")

    def _address(self, buffer, index):
        """(register, offset) of an element."""
        address = poly.of(buffer.base) + index * number(4)
        offset = address.offset if 0 <= address.offset <= 1020 else 0
        return self.value(address - number(offset)), offset

    def load(self, buffer, index):
        checked = self.check(buffer, index)
        key = ("load", buffer, index, self.memory[buffer.kind])
        found = self.find(key)
        if found is None:
            scope = self._load_scope(buffer.kind, checked, index)
            register, offset = self._address(buffer, index)
            name = LOAD_STORE[buffer.kind][0]
            found = Register("f" if name == "lsi" else "a", buffer.name, scope)
            self.emit(name, found, register, offset, scope=scope)
            scope.cache[key] = found
        return found if buffer.kind == "floats" else self.symbol(found)

    def _load_scope(self, kind, checked, index):
        """The outermost scope to load in: nothing in between stores, and it is safe there."""
        depth = max([checked, 1, *(s.scope.depth for s in index.symbols)])
        best = self.top
        for scope in reversed(self.scopes[depth:-1]):
            inner = self.scopes[scope.depth + 1]
            if inner.kind in (BRANCH, WHILE) or kind in inner.stores:
                break
            if inner.kind == LOOP:
                best = scope
        return best

    def store(self, buffer, index, value, node):
        self.check(buffer, index)
        if buffer.kind == "floats":
            source = self.float_register(self.to_float(value))
        elif isinstance(value, Polynomial):
            source = self.value(value)
        else:
            self.kernel.refuse(node, f"{buffer.name} holds ints: int() makes one of a float")
        register, offset = self._address(buffer, index)
        self.emit(LOAD_STORE[buffer.kind][1], source, register, offset)
        self.memory[buffer.kind] += 1
        if source.web is None:
            self.top.cache["load", buffer, index, self.memory[buffer.kind]] = source

    # Expressions

    def expression(self, node, into=None):
        """The value; a float may be left in the register `into` by the last instruction."""
        method = getattr(self, "_" + type(node).__name__, None)
        if method is None:
            self.kernel.refuse(node, f"not in the subset: {type(node).__name__} as a number")
        return method(node, into)

    def _result(self, into, name, *args):
        if into is None or into.bank == "a":
            return self.pure(name, *args)
        self.emit(name, into, *args)
        return into

    def _Constant(self, node, into):
        if type(node.value) is float:
            return node.value
        if not -(1 << 31) <= node.value < 1 << 31:
            self.kernel.refuse(node, f"{node.value} does not fit in 32 bits: write a float")
        return number(int(node.value))

    def _Name(self, node, into):
        web = self.webs.of.get(id(node))
        if node.id in self.buffers:
            self.kernel.refuse(node, f"{node.id} is a buffer: index it")
        if web is None:
            if node.id not in self.constants:
                self.kernel.refuse(node, f"{node.id} is no parameter, variable or constant here")
            value = self.constants[node.id]
            return value if isinstance(value, float) else number(int(value))
        if web in self.values:
            return self.values[web]
        register = self.variables[web]
        return register if register.bank == "f" else self.symbol(self.pure("mov", register))

    def _Subscript(self, node, into):
        return self.load(*self.element(node))

    def _UnaryOp(self, node, into):
        if isinstance(node.op, (ast.Not, ast.Invert)):
            self.kernel.refuse(node, "not in the subset: not and ~ as numbers; write an if")
        value = self.expression(node.operand)
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(value, Register):
            return self._result(into, "neg.s", value)
        return -value

    def _BinOp(self, node, into):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            fused = self._fused(node, into)
            if fused is not None:
                return fused
        divides = isinstance(node.op, ast.Div)
        left = self.expression(node.left)
        if divides and isinstance(left, float) and left == 1.0 and self.adds_to_root(node.right):
            root, c = node.right.left.args[0], node.right.right
            values = [self.to_float(self.expression(term)) for term in (root, c)]
            return self.reciprocal_of_root_and(*map(self.float_register, values))
        right = self.expression(node.right)
        if isinstance(left, Polynomial) and isinstance(right, Polynomial) and not divides:
            return self._int_operation(node, left, right)
        if divides:
            return self._division(node, self.to_float(left), self.to_float(right))
        return self._float_operation(node, self.to_float(left), self.to_float(right), into)

    def _fused(self, node, into):
        """a + b*c, b*c + a or a - b*c as one instruction, if that is what the node is."""
        factors, other = self._product(node.right), node.left
        if factors is None and isinstance(node.op, ast.Add):
            factors, other = self._product(node.left), node.right
        if factors is None:
            return None
        other = self.float_register(self.to_float(self.expression(other)))
        factors = [self.float_register(factor) for factor in factors]
        return self._result(into, "fma" if isinstance(node.op, ast.Add) else "fms", other, *factors)

    def _product(self, node):
        """The factors of a float product that is not known now."""
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            return None
        values = [self.expression(node.left), self.expression(node.right)]
        if all(isinstance(v, Polynomial) for v in values):
            return None
        values = [self.to_float(v) for v in values]
        return None if all(isinstance(v, float) for v in values) else values

    def _int_operation(self, node, left, right):
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            if right.constant == 0:
                self.kernel.refuse(node, "division by zero")
            divisor = right if right.constant is None else right.constant
            return self.floor_division(left, divisor)[isinstance(node.op, ast.Mod)]
        what = type(node.op).__name__
        self.kernel.refuse(node, f"not in the subset: {what} of ints; take + - * // %")

    def surely_natural(self, p):
        """Is p ≥ 0 whatever the arguments are? A sum or product might overflow 32 bits: so only
        a symbol alone, or a parameter (below 2³⁰) and a constant."""
        if p.constant is not None:
            return p.constant >= 0
        if not p.natural or p - number(p.offset) not in map(poly.of, p.symbols):
            return False
        (symbol,) = p.symbols
        if symbol.loop:
            ends = (symbol.scope.first, symbol.scope.last)
            return p.offset == 0 and all(self.surely_natural(end + poly.ONE) for end in ends)
        return p.offset == 0 or symbol.scope is self.door and p.offset < 1 << 30

    def floor_division(self, a, b):
        """(a // b, a % b) as Python defines them; b is a polynomial or a constant."""
        if isinstance(b, int) and a.constant is not None:
            return number(a.constant // b), number(a.constant % b)
        x = self.value(a)
        if isinstance(b, int) and b > 0 and b & (b - 1) == 0:
            if b == 1:
                return a, number(0)
            quotient = self.pure("srai", x, b.bit_length() - 1)
            rest = self.pure("and", x, self.constant(b - 1))
            return self.symbol(quotient, self.surely_natural(a)), self.symbol(rest, True)
        at = None
        if isinstance(b, int):
            natural = self.surely_natural(a) and b > 0
            y = self.constant(b)
        else:
            # Dividing by zero would be a processor exception: it must not move before its check.
            natural = self.surely_natural(a) and self.surely_natural(b)
            y = self.value(b)
            at = self.top
            self.emit("beqz", y, self.refusal(DIVISION))
        quotient, rest = self.pure("quos", x, y, at=at), self.pure("rems", x, y, at=at)
        if not natural:
            # Round down where truncation rounded up: a rest with a sign other than the divisor's.
            wrong = self.pure("srai", self.pure("xor", rest, y), 31)
            some = self.pure("srai", self.pure("or", rest, self.pure("neg", rest)), 31)
            wrong = self.pure("and", wrong, some)
            quotient = self.pure("add", quotient, wrong)
            rest = self.pure("add", rest, self.pure("and", y, wrong))
        return self.symbol(quotient, natural), self.symbol(rest, natural)

    def _division(self, node, left, right):
        if isinstance(right, float):
            if right == 0:
                self.kernel.refuse(node, "division by zero")
            if isinstance(left, float):
                return left / right
        if left == 1.0:
            return self.reciprocal(self.float_register(right))
        return self.quotient(self.float_register(left), self.float_register(right))

    def _float_operation(self, node, left, right, into):
        name = FLOAT_OPERATION.get(type(node.op))
        if name is None:
            what = type(node.op).__name__
            self.kernel.refuse(node, f"not in the subset: {what} of floats; take + - * /")
        if isinstance(left, float) and isinstance(right, float):
            if name == "mul.s":
                return left * right
            return left + right if name == "add.s" else left - right
        return self._result(into, name, self.float_register(left), self.float_register(right))

    def _Call(self, node, into):
        name = node.func.id
        if name not in ("exp", "log", "sqrt", "abs", "float", "int") or len(node.args) != 1:
            self.kernel.refuse(
                node, f"no function {name} of {len(node.args)} arguments here: "
                "there are exp, log, sqrt, abs, float, int and the kernels of this file"
            )  # fmt: skip
        value = self.expression(node.args[0])
        if name == "int":
            if isinstance(value, Polynomial):
                return value
            if isinstance(value, float):
                return number(int(value))
            return self.symbol(self.pure("trunc.s", value, 0))
        if name == "abs" and isinstance(value, Polynomial):
            x = self.value(value)
            return self.symbol(self.pure("max", x, self.pure("neg", x)))
        value = self.to_float(value)
        if name == "float":
            return value
        x = self.float_register(value)
        if name == "abs":
            return self._result(into, "abs.s", x)
        function = {"exp": self.exponential, "log": self.logarithm, "sqrt": self.square_root}
        return function[name](x)

    # Conditions

    def jump(self, test, label, when):
        """Jump to the label if the test is (when=True) or is not fulfilled, else go on."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.jump(test.operand, label, not when)
        elif isinstance(test, ast.BoolOp):
            self._jump_chain(test, label, when)
        elif isinstance(test, ast.Compare):
            if len(test.ops) != 1 or not isinstance(test.ops[0], COMPARISONS):
                self.kernel.refuse(test, "not in the subset: compare two numbers, join with and")
            self._compare(type(test.ops[0]), test.left, test.comparators[0], label, when)
        elif isinstance(test, ast.Constant):
            if bool(test.value) == when:
                self.emit("j", label)
        else:
            self._compare(ast.NotEq, test, ast.copy_location(ast.Constant(0), test), label, when)

    def _jump_chain(self, test, label, when):
        """and, or: the later operands are evaluated only if the earlier ones do not decide."""
        decided = isinstance(test.op, ast.Or)
        first, *others = test.values
        if len(others) > 1:
            rest = ast.copy_location(ast.BoolOp(test.op, others), test)
        else:
            rest = others[0]
        end = label if decided == when else Label("decided")
        self.jump(first, end, decided)
        with self.scope(BRANCH):
            self.jump(rest, label, when)
        if end is not label:
            self.emit("label", end)

    def _compare(self, op, left, right, label, when):
        left, right = self.expression(left), self.expression(right)
        if op in (ast.Gt, ast.LtE):  # a > b is b < a, a <= b is b >= a
            op = {ast.Gt: ast.Lt, ast.LtE: ast.GtE}[op]
            left, right = right, left
        if isinstance(left, Polynomial) and isinstance(right, Polynomial):
            name = {ast.Lt: "blt", ast.GtE: "bge", ast.Eq: "beq", ast.NotEq: "bne"}[op]
            if not when:
                name = {"blt": "bge", "bge": "blt", "beq": "bne", "bne": "beq"}[name]
            self.emit(name, self.value(left), self.value(right), label)
            return
        left = self.float_register(self.to_float(left))
        right = self.float_register(self.to_float(right))
        # Each is false for a NaN, but != is true.
        if op is ast.GtE:
            left, right = right, left
        name = {ast.Lt: "olt.s", ast.GtE: "ole.s"}.get(op, "oeq.s")
        self.emit(name, 0, left, right)
        self.emit("bt" if when != (op is ast.NotEq) else "bf", 0, label)
