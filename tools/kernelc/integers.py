"""Integer operations: polynomials, where the result is one, and division that rounds down."""

import ast

from . import polynomial as poly
from .polynomial import Polynomial, Symbol, number
from .subset import OPERATORS

DIVISION = "division"  # why a call is refused: by zero
MOST_TERMS = 40


class Integers:
    """Methods that a Builder gains."""

    def symbol(self, register, natural=False):
        """An int that is in a register and no polynomial of others."""
        if register not in self.symbols:
            scope = self.scopes[self.depth_of(register)]
            self.symbols[register] = Symbol(register.name, scope, register, natural)
        return poly.of(self.symbols[register])

    def integer(self, node, otherwise):
        value = self.expression(node)
        if not isinstance(value, Polynomial):
            self.kernel.refuse(node, f"{otherwise}: this is a float; // divides ints to an int")
        return value

    def _int_operation(self, node, left, right):
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return self._product_of_ints(left, right)
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            if right.constant == 0:
                self.kernel.refuse(node, "division by zero: divide by another number")
            divisor = right if right.constant is None else right.constant
            return self.floor_division(left, divisor)[isinstance(node.op, ast.Mod)]
        self.kernel.refuse(node, f"not in the subset: {OPERATORS[type(node.op)]}")

    def _product_of_ints(self, left, right):
        """A product of long sums would have too many terms: it becomes one symbol."""
        if len(left.terms) * len(right.terms) > MOST_TERMS:
            left, right = (
                p if len(p.terms) < 2 else self.symbol(self.value(p)) for p in (left, right)
            )
        return left * right

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
