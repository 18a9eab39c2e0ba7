"""The right results of a kernel: those of Python, but with float32 numbers, int32 numbers, and a
product that is added or subtracted fused, as kernelc.expressions says."""

import ast
import operator
from fractions import Fraction

import numpy as np

COMPARE = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def float32(value):
    """Round a Fraction to the nearest float32, ties to even."""
    if not value:
        return np.float32(0)
    exponent = abs(value).numerator.bit_length() - value.denominator.bit_length()
    while abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    while abs(value) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    unit = Fraction(2) ** max(exponent - 23, -149)
    value = round(value / unit) * unit
    if abs(value) >= 2**128:
        return np.float32(np.inf if value > 0 else -np.inf)
    return np.float32(float(value))


def fused(a, b, c):
    """Return a + b·c, rounded once."""
    if not np.isfinite([a, b, c]).all():
        return np.float32(np.float64(a) + np.float64(b) * np.float64(c))
    exact = Fraction(float(b)) * Fraction(float(c)) + Fraction(float(a))
    return float32(exact)


def int32(value):
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


class Break(Exception):
    """A `break` on its way to the loop that it ends."""


class Continue(Exception):
    """A `continue` on its way to its loop."""


class Model:
    """Executes one function of the subset on arrays and numbers."""

    def __init__(self, source):
        self.function = ast.parse(source).body[0]

    def run(self, *args):
        names = [arg.arg for arg in self.function.args.args]
        self.names = dict(zip(names, args, strict=True))
        with np.errstate(all="ignore"):
            self.block(self.function.body)

    def block(self, statements):
        for node in statements:
            if isinstance(node, ast.For):
                for i in range(*(self.value(arg) for arg in node.iter.args)):
                    self.names[node.target.id] = i
                    if not self.goes_on(node.body):
                        break
            elif isinstance(node, ast.While):
                while self.test(node.test) and self.goes_on(node.body):
                    pass
            elif isinstance(node, ast.Break):
                raise Break
            elif isinstance(node, ast.Continue):
                raise Continue
            elif isinstance(node, ast.If):
                self.block(node.body if self.test(node.test) else node.orelse)
            elif isinstance(node, ast.Assign):
                self.store(node.targets[0], self.value(node.value))
            else:
                load = ast.parse(ast.unparse(node.target), mode="eval").body
                self.store(node.target, self.value(ast.BinOp(load, node.op, node.value)))

    def goes_on(self, body):
        """Execute the body of a loop once; whether the loop goes on."""
        try:
            self.block(body)
        except Break:
            return False
        except Continue:
            pass
        return True

    def store(self, target, value):
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        else:
            buffer, index = self.element(target)
            buffer[index] = value

    def element(self, node):
        """Return (buffer, index) of a subscript. Raises IndexError, also for a negative index."""
        buffer, index = self.names[node.value.id], self.value(node.slice)
        if not 0 <= index < len(buffer):
            raise IndexError(node.value.id)
        return buffer, index

    def test(self, node):
        if isinstance(node, ast.BoolOp):
            together = all if isinstance(node.op, ast.And) else any
            return together(self.test(value) for value in node.values)
        if isinstance(node, ast.UnaryOp):
            return not self.test(node.operand)
        sides = [node.left, *node.comparators]
        return all(
            bool(COMPARE[type(op)](self.value(left), self.value(right)))
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False)
        )

    def value(self, node):
        if isinstance(node, ast.Constant):
            return np.float32(node.value) if isinstance(node.value, float) else node.value
        if isinstance(node, ast.Name):
            return self.names[node.id]
        if isinstance(node, ast.Subscript):
            buffer, index = self.element(node)
            value = buffer[index]
            return value if isinstance(value, np.float32) else int(value)
        if isinstance(node, ast.IfExp):
            return self.value(node.body if self.test(node.test) else node.orelse)
        if isinstance(node, ast.UnaryOp):
            value = self.value(node.operand)
            return ~value if isinstance(node.op, ast.Invert) else -value
        if isinstance(node, ast.Call) and node.func.id in ("max", "min"):
            return self.maximum(node)
        if isinstance(node, ast.Call):
            value = self.value(node.args[0])
            return abs(value) if node.func.id == "abs" else np.float32(value)
        return self.operation(node)

    def maximum(self, node):
        x, y = (self.value(arg) for arg in node.args)
        if not (isinstance(x, int) and isinstance(y, int)):
            x, y = np.float32(x), np.float32(y)
        return y if (y > x if node.func.id == "max" else y < x) else x

    def operation(self, node):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            factors, other = self.factors(node.right), node.left
            if factors is None and isinstance(node.op, ast.Add):
                factors, other = self.factors(node.left), node.right
            if factors:
                b, c = factors
                other = np.float32(self.value(other))
                return fused(other, b if isinstance(node.op, ast.Add) else -b, c)
        left, right = self.value(node.left), self.value(node.right)
        operation = {
            ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
            ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_,
            ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
            ast.RShift: operator.rshift,
        }[type(node.op)]  # fmt: skip
        if isinstance(left, int) and isinstance(right, int):
            return int32(operation(left, right))
        return operation(np.float32(left), np.float32(right))

    def factors(self, node):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            return None
        values = [self.value(node.left), self.value(node.right)]
        if all(isinstance(value, int) for value in values):
            return None
        return [np.float32(value) for value in values]
