"""Represent integer expressions as polynomials.

Every int expression of a kernel is a polynomial over symbols: parameters, loop variables, buffer
addresses, and a symbol for each value that is no polynomial (a token read from a buffer, a
quotient). A polynomial shows whether a value depends on a loop, whether it grows evenly with it,
and the largest value of an index.
"""

import ast
import operator


class Symbol:
    """An int that is unknown at compile time.

    `register` holds it and is defined in `scope`; a loop variable (`loop`) gets a register only if
    it needs one. `natural` means that it is never negative. `is_copy` is set for the loop variable
    in a copy of a body: a polynomial of the variable of the loop that contains the copies.
    """

    count = 0

    def __init__(self, name, scope, register=None, natural=False, loop=False, is_copy=None):
        Symbol.count += 1
        self.order = Symbol.count
        self.name = name
        self.scope = scope
        self.register = register
        self.natural = natural
        self.loop = loop
        self.is_copy = is_copy

    def __lt__(self, other):
        return self.order < other.order

    def __repr__(self):
        return self.name


class Polynomial:
    """An immutable sum of products. `terms` is {tuple of Symbols in order: int coefficient}, no
    coefficient 0; the constant term has the empty tuple. `+`, `-`, `*` and `==` take Polynomials
    only."""

    __slots__ = ("terms", "_key")

    def __init__(self, terms):
        self.terms = {m: c for m, c in terms.items() if c}
        self._key = frozenset(self.terms.items())

    def __eq__(self, other):
        return self._key == other._key

    def __hash__(self):
        return hash(self._key)

    def __repr__(self):
        return " + ".join(
            "*".join([str(c)] * (c != 1 or not m) + [repr(s) for s in m])
            for m, c in sorted(self.terms.items(), key=lambda term: [s.order for s in term[0]])
        )

    def __add__(self, other):
        terms = dict(self.terms)
        for m, c in other.terms.items():
            terms[m] = terms.get(m, 0) + c
        return Polynomial(terms)

    def __neg__(self):
        return Polynomial({m: -c for m, c in self.terms.items()})

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        terms = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                key = tuple(sorted(m + n))
                terms[key] = terms.get(key, 0) + c * d
        return Polynomial(terms)

    def order(self):
        """Return a list to sort polynomials by."""
        return sorted(([s.order for s in m], c) for m, c in self.terms.items())

    @property
    def symbols(self):
        """The set of the symbols that occur."""
        return {s for m in self.terms for s in m}

    @property
    def constant(self):
        """The value, an int, if there are no symbols, else None."""
        return None if any(self.terms) else self.terms.get((), 0)

    @property
    def offset(self):
        """The constant term, an int."""
        return self.terms.get((), 0)

    @property
    def natural(self):
        """True if all coefficients are positive and all symbols natural; so no term is negative."""
        return all(c > 0 and all(s.natural for s in m) for m, c in self.terms.items())

    def split(self, predicate):
        """Return two Polynomials: the terms for which predicate(tuple of symbols, coefficient) is
        true, and the other terms."""
        yes = {m: c for m, c in self.terms.items() if predicate(m, c)}
        return Polynomial(yes), Polynomial({m: c for m, c in self.terms.items() if m not in yes})

    def slope(self, symbol):
        """Return the factor of a symbol, a Polynomial, which is 0 if the symbol does not occur.
        Return None if the symbol occurs in a power."""
        factor = {}
        for m, c in self.terms.items():
            if m.count(symbol) > 1:
                return None
            if symbol in m:
                rest = list(m)
                rest.remove(symbol)
                factor[tuple(rest)] = c
        return Polynomial(factor)

    def replace(self, symbol, value):
        """Return a new Polynomial with `value`, a Polynomial, in place of a symbol."""
        result = ZERO
        for m, c in self.terms.items():
            term = Polynomial({tuple(s for s in m if s is not symbol): c})
            for _ in range(m.count(symbol)):
                term = term * value
            result += term
        return result

    def expanded(self):
        """Return the Polynomial with each copy of a loop variable replaced by its `is_copy`, a
        Polynomial of the variable."""
        result = self
        for symbol in self.symbols:
            if symbol.is_copy:
                result = result.replace(symbol, symbol.is_copy)
        return result


def number(value):
    """Return the Polynomial of a constant int."""
    return Polynomial({(): value})


def of(symbol):
    """Return the Polynomial of one symbol."""
    return Polynomial({(symbol,): 1})


ZERO = number(0)
ONE = number(1)


def polynomial(node, leaf):
    """Return the Polynomial of an int expression, an ast node, of int constants, +, - and *. For
    any other node in it, leaf(node) returns its Polynomial or None. Return None if a leaf is None,
    or if a constant is no int."""
    if isinstance(node, ast.Constant):
        return number(node.value) if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = polynomial(node.operand, leaf)
        return None if operand is None else -operand
    if not isinstance(node, ast.BinOp) or type(node.op) not in ARITHMETIC:
        return leaf(node)
    left, right = polynomial(node.left, leaf), polynomial(node.right, leaf)
    return None if left is None or right is None else ARITHMETIC[type(node.op)](left, right)


ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
