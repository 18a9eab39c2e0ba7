"""Compile tests to branches."""

import ast

from .builder import BRANCH
from .ir import Label
from .polynomial import Polynomial
from .xtensa import INSTRUCTIONS

COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class Conditions:
    """Compiles tests, which are ast expressions, to jumps, and appends these to the `Builder`."""

    def __init__(self, kernel, builder, expressions):
        self.kernel = kernel
        self.builder = builder
        self.expressions = expressions

    def jump(self, test, label, when):
        """Emit code that jumps to the Label if the test is true (when=True) or if it is false
        (when=False), and otherwise goes on. Raises CompileError if the test is not in the
        subset."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.jump(test.operand, label, not when)
        elif isinstance(test, ast.BoolOp):
            self._jump_chain(test, label, when)
        elif isinstance(test, ast.Compare):
            if len(test.ops) != 1 or not isinstance(test.ops[0], COMPARISONS):
                self.kernel.refuse(
                    test,
                    "not in the subset: compare two numbers, with < <= > >= == !=; join with and",
                )
            self._compare(type(test.ops[0]), test.left, test.comparators[0], label, when)
        elif isinstance(test, ast.Constant):
            if bool(test.value) == when:
                self.builder.emit("j", label)
        else:
            self._compare(ast.NotEq, test, ast.copy_location(ast.Constant(0), test), label, when)

    def _jump_chain(self, test, label, when):
        """Compile `and` and `or`. Later operands are evaluated only if earlier ones do not
        decide."""
        decided = isinstance(test.op, ast.Or)
        first, *others = test.values
        if len(others) > 1:
            rest = ast.copy_location(ast.BoolOp(test.op, others), test)
        else:
            rest = others[0]
        end = label if decided == when else Label("decided")
        self.jump(first, end, decided)
        with self.builder.scope(BRANCH):
            self.jump(rest, label, when)
        if end is not label:
            self.builder.emit("label", end)

    def _compare(self, op, left, right, label, when):
        builder, expressions = self.builder, self.expressions
        left, right = expressions.value(left), expressions.value(right)
        if op in (ast.Gt, ast.LtE):  # a > b is b < a, a <= b is b >= a
            op = {ast.Gt: ast.Lt, ast.LtE: ast.GtE}[op]
            left, right = right, left
        if isinstance(left, Polynomial) and isinstance(right, Polynomial):
            name = {ast.Lt: "blt", ast.GtE: "bge", ast.Eq: "beq", ast.NotEq: "bne"}[op]
            if not when:
                name = INSTRUCTIONS[name].opposite
            builder.emit(name, builder.value(left), builder.value(right), label)
            return
        left, right = expressions.float_register(left), expressions.float_register(right)
        # For a NaN, != is true and all others are false.
        if op is ast.GtE:
            left, right = right, left
        name = {ast.Lt: "olt.s", ast.GtE: "ole.s"}.get(op, "oeq.s")
        builder.emit(name, 0, left, right)
        builder.emit("bt" if when != (op is ast.NotEq) else "bf", 0, label)
