"""Tests → branches, and the one test that needs none: a running maximum or minimum."""

import ast

from .polynomial import Polynomial
from .scopes import BRANCH
from .xtensa import Label

COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class Conditions:
    """Methods that a Builder gains."""

    def jump(self, test, label, when):
        """Jump to the label if the test is (when=True) or is not fulfilled, else go on."""
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

    def _maximum(self, node):
        """`if x > top: top = x` (or <) without a branch."""
        test, body = node.test, node.body
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and len(body) == 1):
            return False
        assign, x, top = body[0], test.left, test.comparators[0]
        if not (isinstance(assign, ast.Assign) and isinstance(assign.targets[0], ast.Name)):
            return False
        rising = isinstance(test.ops[0], ast.Gt)
        if not rising and not isinstance(test.ops[0], ast.Lt) or node.orelse:
            return False
        same = ast.dump(x) == ast.dump(assign.value) and isinstance(top, ast.Name)
        register = self.variables.get(self.webs.of[id(assign.targets[0])])
        if not same or top.id != assign.targets[0].id or register is None or register.bank != "f":
            return False
        if self.variables.get(self.webs.of.get(id(top))) is not register:
            return False
        value = self.expression(x)
        if isinstance(value, Polynomial):
            return False
        self.emit("at_least" if rising else "at_most", register, self.float_register(value))
        register.version += 1
        return True
