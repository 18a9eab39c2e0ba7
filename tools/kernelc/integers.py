"""Compile integer operations: to polynomials where possible, and division that rounds down."""

import ast
import operator

from . import polynomial as poly
from .polynomial import ARITHMETIC, number

DIVISION = "division"  # why a call is refused: by zero
MOST_TERMS = 40
BITS = {ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor}


class Integers:
    """Computes with ints, which are Polynomials, as arguments and as results. Where the result is
    no polynomial of the arguments, instructions are emitted to the `Builder`, and the result is the
    Polynomial of one Symbol."""

    def __init__(self, builder):
        self.builder = builder

    def operation(self, op, left, right):
        """Return left op right, or None if ints have no such operation. `op` is an ast operator.
        The caller makes sure that a constant divisor is not 0 and a constant shift from 0 to 31;
        the check of another divisor is emitted."""
        if type(op) in (ast.FloorDiv, ast.Mod):
            divisor = right if right.constant is None else right.constant
            return self.floor_division(left, divisor)[type(op) is ast.Mod]
        if type(op) in BITS:
            return self._bits(type(op), left, right)
        if type(op) in (ast.LShift, ast.RShift):
            return self._shift(type(op), left, right)
        if type(op) not in ARITHMETIC:
            return None
        if isinstance(op, ast.Mult) and len(left.terms) * len(right.terms) > MOST_TERMS:
            left, right = map(self._one_symbol, (left, right))
        return ARITHMETIC[type(op)](left, right)

    def _bits(self, op, left, right):
        """Return left & right, left | right or left ^ right."""
        if None not in (left.constant, right.constant):
            return number(BITS[op](left.constant, right.constant))
        naturals = [self.surely_natural(p) for p in (left, right)]
        natural = any(naturals) if op is ast.BitAnd else all(naturals)
        name = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor"}[op]
        x, y = self.builder.value(left), self.builder.value(right)
        return self.builder.symbol(self.builder.pure(name, x, y), natural)

    def _shift(self, op, left, right):
        """Return left << right or left >> right; `right` is from 0 to 31."""
        n, leftwards = right.constant, op is ast.LShift
        if leftwards and n is not None:
            return left * number(1 << n)
        if n == 0 or n is not None and left.constant is not None:
            return left if n == 0 else number(left.constant >> n)
        x, natural = self.builder.value(left), not leftwards and self.surely_natural(left)
        if n is not None:
            return self.builder.symbol(self.builder.pure("srai", x, n), natural)
        name = "shift_left" if leftwards else "shift_right"
        result = self.builder.pure(name, x, self.builder.value(right))
        return self.builder.symbol(result, natural)

    def _one_symbol(self, p):
        """Return a polynomial of one symbol, because a product of long sums has too many terms."""
        return p if len(p.terms) < 2 else self.builder.symbol(self.builder.value(p))

    def maximum(self, name, x, y):
        """Emit the instruction `name`, "max" or "min", on two Polynomials; return its result as a
        Polynomial."""
        registers = self.builder.value(x), self.builder.value(y)
        result = self.builder.symbol(self.builder.pure(name, *registers))
        self.builder.made_of[result] = name, x, y
        return result

    def undivided(self, p):
        """Return a Polynomial that is above 0 in the same cases as p: a - b + 1 if p is a // b."""
        kind, a, b = self.builder.made_of.get(p, (None, None, None))
        return a - number(b - 1) if kind == "//" and type(b) is int and b > 0 else p

    def surely_natural(self, p):
        """Return True if the Polynomial p is ≥ 0 for all arguments. A sum or product might overflow
        32 bits, so this is True only for a constant, a single symbol, or a parameter (below 2³⁰)
        plus a constant."""
        if p.constant is not None:
            return p.constant >= 0
        if not p.natural or p - number(p.offset) not in map(poly.of, p.symbols):
            return False
        (symbol,) = p.symbols
        if symbol.loop:
            ends = (symbol.scope.first, symbol.scope.last)
            return p.offset == 0 and all(self.surely_natural(end + poly.ONE) for end in ends)
        return p.offset == 0 or symbol.scope is self.builder.door and p.offset < 1 << 30

    def floor_division(self, a, b):
        """Return the Polynomials (a // b, a % b) as Python defines them. a is a Polynomial, and b a
        Polynomial or an int that is not 0. If b is a Polynomial, emit a check that refuses the call
        if b is 0."""
        if isinstance(b, int) and a.constant is not None:
            return number(a.constant // b), number(a.constant % b)
        quotient, rest = self._divide(a, b)
        self.builder.made_of[quotient] = "//", a, b
        return quotient, rest

    def _divide(self, a, b):
        builder = self.builder
        x = builder.value(a)
        if isinstance(b, int) and b > 0 and b & (b - 1) == 0:
            if b == 1:
                return a, number(0)
            quotient = builder.pure("srai", x, b.bit_length() - 1)
            rest = builder.pure("and", x, builder.constant(b - 1))
            return builder.symbol(quotient, self.surely_natural(a)), builder.symbol(rest, True)
        at = None
        if isinstance(b, int):
            natural = self.surely_natural(a) and b > 0
            y = builder.constant(b)
        else:
            # Dividing by zero would be a processor exception: it must not move before its check.
            natural = self.surely_natural(a) and self.surely_natural(b)
            y = builder.value(b)
            at = builder.top
            builder.emit("beqz", y, builder.refusal(DIVISION))
        quotient, rest = builder.pure("quos", x, y, at=at), builder.pure("rems", x, y, at=at)
        if not natural:
            # Truncation rounds up if the remainder and the divisor have different signs: correct
            # it.
            wrong = builder.pure("srai", builder.pure("xor", rest, y), 31)
            some = builder.pure("srai", builder.pure("or", rest, builder.pure("neg", rest)), 31)
            wrong = builder.pure("and", wrong, some)
            quotient = builder.pure("add", quotient, wrong)
            rest = builder.pure("add", rest, builder.pure("and", y, wrong))
        return builder.symbol(quotient, natural), builder.symbol(rest, natural)
