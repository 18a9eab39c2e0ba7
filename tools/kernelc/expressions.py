"""Expressions → values.

An int expression is a Polynomial, a float expression a register or, if it is known now, a
Python float. A product that is added to something or subtracted from something is fused:
`a + b*c` and `a - b*c` round once (of two products, the right one is fused).
"""

import ast
import math

from .accesses import Accesses
from .bounds import Bounds
from .conditions import Conditions
from .integers import Integers
from .mathops import MathOps
from .polynomial import Polynomial, number
from .scopes import Builder
from .subset import FUNCTIONS, INSTEAD, OPERATORS
from .webs import Webs
from .xtensa import Label, Register

SUBSET = "tools/kernelc/README.md lists what there is"
FLOAT_OPERATION = {ast.Add: "add.s", ast.Sub: "sub.s", ast.Mult: "mul.s"}


class Expressions(Builder, Accesses, Bounds, Conditions, Integers, MathOps):
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

    def to_float(self, value):
        if not isinstance(value, Polynomial):
            return value
        if value.constant is not None:
            return float(value.constant)
        return self.pure("float.s", self.value(value), 0)

    def float_register(self, value):
        return self.float_constant(value) if isinstance(value, float) else value

    # Expressions

    def expression(self, node, into=None):
        """The value; a float may be left in the register `into` by the last instruction."""
        method = getattr(self, "_" + type(node).__name__, None)
        if method is None:
            what = INSTEAD.get(type(node), f"{type(node).__name__} as a number: {SUBSET}")
            self.kernel.refuse(node, f"not in the subset: {what}")
        value = method(node, into)
        known = value.constant if isinstance(value, Polynomial) else None
        if known is not None and not -(1 << 31) <= known < 1 << 31:
            self.kernel.refuse(node, f"{known} does not fit in 32 bits: write a float")
        return value

    def _result(self, into, name, *args):
        if into is None or into.bank == "a":
            return self.pure(name, *args)
        self.emit(name, into, *args)
        return into

    def _Constant(self, node, into):
        return node.value if type(node.value) is float else number(int(node.value))

    def _Name(self, node, into):
        web = self.webs.of.get(id(node))
        if node.id in self.buffers:
            self.kernel.refuse(node, f"{node.id} is a buffer: index it")
        if web is None:
            if node.id not in self.constants:
                what = f"{node.id} is no parameter, variable or constant here: assign it before"
                self.kernel.refuse(node, what)
            value = self.constants[node.id]
            if not isinstance(value, (int, float)):
                self.kernel.refuse(node, f"{node.id} is {value!r:.40}: kernels compute numbers")
            return value if isinstance(value, float) else number(int(value))
        if web in self.values:
            return self.values[web]
        register = self.variables[web]
        return register if register.bank == "f" else self.symbol(self.pure("mov", register))

    def _Subscript(self, node, into):
        return self.load(*self.element(node))

    def _UnaryOp(self, node, into):
        if isinstance(node.op, (ast.Not, ast.Invert)):
            self.kernel.refuse(
                node, "not in the subset: not and ~ as numbers; write an if statement"
            )
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

    def _division(self, node, left, right):
        if isinstance(right, float):
            if right == 0:
                self.kernel.refuse(node, "division by zero: divide by another number")
            if isinstance(left, float):
                return left / right
        if left == 1.0:
            return self.reciprocal(self.float_register(right))
        return self.quotient(self.float_register(left), self.float_register(right))

    def _float_operation(self, node, left, right, into):
        name = FLOAT_OPERATION.get(type(node.op))
        if name is None:
            self.kernel.refuse(node, f"not in the subset: {OPERATORS[type(node.op)]}")
        if isinstance(left, float) and isinstance(right, float):
            if name == "mul.s":
                return left * right
            return left + right if name == "add.s" else left - right
        return self._result(into, name, self.float_register(left), self.float_register(right))

    def _Call(self, node, into):
        name = node.func.id
        if name not in FUNCTIONS or len(node.args) != 1:
            there = "there are exp, log, sqrt, abs, float, int and the kernels of this file"
            what = f"no function {name} of {len(node.args)} arguments here"
            self.kernel.refuse(node, f"{what}: {there}")
        value = self.expression(node.args[0])
        if name == "int":
            if isinstance(value, Polynomial):
                return value
            if isinstance(value, float):
                if not math.isfinite(value):
                    self.kernel.refuse(node, f"int({value}) is no number: write another float")
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
