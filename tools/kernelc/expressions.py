"""Compile expressions to values.

The value of an int expression is a Polynomial. The value of a float expression is a register, or a
Python float if it is known at compile time. A product that is added or subtracted is fused:
`a + b*c` and `a - b*c` round once. Of two products, the right one is fused.
"""

import ast
import math

from . import polynomial as poly
from .integers import Integers
from .ir import Register
from .mathops import MathOps
from .polynomial import Polynomial, Symbol, number
from .subset import FUNCTIONS, INSTEAD, NO_FUNCTION, OPERATORS

SUBSET = "tools/kernelc/README.md lists what there is"
FLOAT_OPERATION = {ast.Add: "add.s", ast.Sub: "sub.s", ast.Mult: "mul.s"}


class Expressions:
    """Compiles expressions. The value of an int expression is a Polynomial, that of a float
    expression a Register, or a Python float if it is known. `values` maps each web that is assigned
    once to its value. Instructions go to the `Builder`. `constants` has the module's constants by
    name, and `buffers` is {name: Buffer}."""

    def __init__(self, kernel, constants, webs, builder, accesses, buffers):
        self.kernel = kernel
        self.constants = constants
        self.webs = webs
        self.builder = builder
        self.accesses = accesses
        self.buffers = buffers
        self.integers = Integers(builder)
        self.math = MathOps(builder)
        self.values = {}

    # Conversions

    def to_float(self, value):
        """Return the value as a float: a Python float if it is known, else a float register. Emit
        the conversion of an int that is not known."""
        if not isinstance(value, Polynomial):
            return value
        if value.constant is not None:
            return float(value.constant)
        return self.builder.pure("float.s", self.builder.value(value), 0)

    def float_register(self, value):
        """Return a float register with the value, which is a Python float, a Polynomial or a float
        register. Emit the instructions that this needs."""
        value = self.to_float(value)
        return self.builder.float_constant(value) if isinstance(value, float) else value

    def integer(self, node, otherwise):
        """Return the Polynomial of an expression that must be an int. Raises CompileError if it is
        a float; the text `otherwise` begins the message."""
        value = self.value(node)
        if not isinstance(value, Polynomial):
            self.kernel.refuse(node, f"{otherwise}: this is a float; // divides ints to an int")
        return value

    # Expressions

    def value(self, node, into=None):
        """Emit the instructions of an expression and return its value (see the class). If the last
        of them computes a float, it may write to the register `into`, which is then the value.
        Raises CompileError for what is outside the subset and for a known int beyond 32 bits."""
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
            return self.builder.pure(name, *args)
        self.builder.emit(name, into, *args)
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
        register = self.builder.variables[web]
        if register.bank == "f":
            return register
        return self.builder.symbol(self.builder.pure("mov", register))

    def _Subscript(self, node, into):
        buffer, index = self.element(node)
        found = self.accesses.load(buffer, index)
        if found.bank == "f":
            return found
        return self.builder.symbol(found, buffer.elements.natural)

    def element(self, node):
        """Return (Buffer, index as a Polynomial) of an `ast.Subscript`. Emit the instructions that
        the index needs, but do not check whether the buffer has it. Raises CompileError if the
        node is no element of a buffer, if the index is a float, and for a negative constant
        index."""
        buffer = self.buffer(node)
        index = self.integer(node.slice, "an index is an int")
        if isinstance(node.slice, ast.UnaryOp) and (index.constant or 0) < 0:
            what = f"{buffer.name}[{index.constant}] counts from the end in Python, not here"
            self.kernel.refuse(node, f"{what}: write {buffer.name}[n - {-index.constant}]")
        return buffer, index

    def buffer(self, node):
        """Return the Buffer of an `ast.Subscript`. Raises CompileError if it is not of a buffer
        parameter, an array of the kernel or a table."""
        name = node.value.id if isinstance(node.value, ast.Name) else None
        if name not in self.buffers:
            what = "only a parameter that is annotated floats, ints or the like has elements"
            self.kernel.refuse(node, what)
        return self.buffers[name]

    def _UnaryOp(self, node, into):
        if isinstance(node.op, ast.Not):
            what = "not in the subset: not as a number; write 0 if x else 1"
            self.kernel.refuse(node, what)
        if isinstance(node.op, ast.Invert):
            return number(-1) - self.integer(node.operand, "~ takes an int")
        value = self.value(node.operand)
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(value, Register):
            return self._result(into, "neg.s", value)
        return -value

    def _BinOp(self, node, into):
        if hasattr(node, "is_copy"):
            return self._copy(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            fused = self._fused(node, into)
            if fused is not None:
                return fused
        divides = isinstance(node.op, ast.Div)
        if divides and is_plain(node.left) and adds_to_root(node.right):
            terms = (node.left, node.right.left.args[0], node.right.right)
            values = [self.to_float(self.value(term)) for term in terms]
            return self.math.over_root_and(*map(self.float_register, values))
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, Polynomial) and isinstance(right, Polynomial) and not divides:
            return self._int_operation(node, left, right)
        if divides:
            return self._division(node, self.to_float(left), self.to_float(right))
        return self._float_operation(node, self.to_float(left), self.to_float(right), into)

    def _copy(self, node):
        """Return the variable of a tiled loop in the k-th copy of its body."""
        (symbol,) = self.value(node.left).symbols
        copies = symbol.scope.copies
        if node.is_copy not in copies:
            value = poly.of(symbol) + number(node.is_copy)
            natural = symbol.natural
            copies[node.is_copy] = Symbol(
                f"{symbol}+{node.is_copy}", symbol.scope, None, natural, True, value
            )
        return poly.of(copies[node.is_copy])

    def _fused(self, node, into):
        """Compile a + b*c, b*c + a or a - b*c to one instruction; return None for other nodes."""
        factors, other = self._product(node.right), node.left
        if factors is None and isinstance(node.op, ast.Add):
            factors, other = self._product(node.left), node.right
        if factors is None:
            return None
        other = self.float_register(self.value(other))
        factors = [self.float_register(factor) for factor in factors]
        return self._result(into, "fma" if isinstance(node.op, ast.Add) else "fms", other, *factors)

    def _product(self, node):
        """Return the factors of a float product that is not known at compile time, or None."""
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            return None
        values = [self.value(node.left), self.value(node.right)]
        if all(isinstance(v, Polynomial) for v in values):
            return None
        values = [self.to_float(v) for v in values]
        return None if all(isinstance(v, float) for v in values) else values

    def _int_operation(self, node, left, right):
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)) and right.constant == 0:
            self.kernel.refuse(node, "division by zero: divide by another number")
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            n = right.constant
            if n is not None and not 0 <= n < 32:
                self.kernel.refuse(node, "an int has 32 bits: shift by 0 to 31")
        value = self.integers.operation(node.op, left, right)
        if value is None:
            self.kernel.refuse(node, f"not in the subset: {OPERATORS[type(node.op)]}")
        return value

    def _division(self, node, left, right):
        if isinstance(right, float):
            if right == 0:
                self.kernel.refuse(node, "division by zero: divide by another number")
            if isinstance(left, float):
                return left / right
        if left == 1.0:
            return self.math.reciprocal(self.float_register(right))
        return self.math.quotient(self.float_register(left), self.float_register(right))

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
        if name not in FUNCTIONS or len(node.args) != FUNCTIONS[name]:
            there = f"there are {', '.join(FUNCTIONS)} and the kernels of this file"
            what = f"no function {name} of {len(node.args)} arguments here"
            self.kernel.refuse(node, f"{what}: {NO_FUNCTION.get(name, there)}")
        if name in ("max", "min"):
            return self._maximum(node, into)
        if name == "from_bits":
            bits = self.integer(node.args[0], "from_bits takes the bits as an int")
            return self.builder.pure("wfr", self.builder.value(bits))
        value = self.value(node.args[0])
        if name == "int":
            return self._to_int(node, value)
        if name == "abs" and isinstance(value, Polynomial):
            return self.integers.maximum("max", value, -value)
        value = self.to_float(value)
        if name == "float":
            return value
        x = self.float_register(value)
        if name == "to_bits":
            return self.builder.symbol(self.builder.pure("rfr", x))
        if name == "abs":
            return self._result(into, "abs.s", x)
        functions = {
            "exp": self.math.exponential,
            "log": self.math.logarithm,
            "sqrt": self.math.square_root,
            "sin": self.math.sine,
            "cos": self.math.cosine,
        }
        return functions[name](x)

    def _to_int(self, node, value):
        if isinstance(value, Polynomial):
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                self.kernel.refuse(node, f"int({value}) is no number: write another float")
            return number(int(value))
        return self.builder.symbol(self.builder.pure("trunc.s", value, 0))

    def _maximum(self, node, into):
        """Compile max(x, y) as Python defines it, also for NaN: y if y > x else x."""
        x, y = (self.value(arg) for arg in node.args)
        name = node.func.id
        if isinstance(x, Polynomial) and isinstance(y, Polynomial):
            return self.integers.maximum(name, x, y)
        x, y = self.float_register(x), self.float_register(y)
        if x is into:
            self.builder.emit("at_least" if name == "max" else "at_most", into, y)
            return into
        return self._result(into, "raise_to" if name == "max" else "lower_to", x, y)


def is_plain(node):
    """Return True for a name or a number."""
    return isinstance(node, (ast.Name, ast.Constant))


def adds_to_root(node):
    """Return True for sqrt(x) + c, where c is a name or a number."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add)
        and isinstance(node.left, ast.Call)
        and node.left.func.id == "sqrt"
        and len(node.left.args) == 1
        and is_plain(node.right)
    )
