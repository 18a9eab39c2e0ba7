"""Builds a kernel's tree of instructions: where each goes, and what is there already.

The scopes stack up as loops and branches open: the door (argument checks), the kernel's body,
a loop in it, and so on. An instruction that only needs what an outer scope knows is put there,
before the loop (inductions: or kept up to date by addition).
"""

import struct
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import polynomial as poly
from .inductions import close_loop, induction
from .ir import Label, Op, Register
from .subset import BUFFERS
from .xtensa import INSTRUCTIONS

DOOR, BODY, LOOP, WHILE, BRANCH = "door", "body", "loop", "while", "branch"


@dataclass(eq=False)
class Scope:
    kind: str
    depth: int
    items: list
    assigned: set = field(default_factory=set)  # webs assigned in here
    stores: set = field(default_factory=set)  # kinds of buffers stored to in here
    cache: dict = field(default_factory=dict)
    inductions: dict = field(default_factory=dict)  # register: its step, a polynomial
    symbol: poly.Symbol = None  # the loop variable
    first: poly.Polynomial = None  # its first value
    step: int = 1
    copies: dict = field(default_factory=dict)  # the variable in copies of a tiled loop's body
    least: poly.Polynomial = None  # its range, that of all loops into which one was tiled
    last: poly.Polynomial = None
    lengths: frozenset = frozenset()  # that of the loop, if it might be 0
    returns: bool = False  # whether the loop may be left before its end


class Builder:
    """Appends instructions to the scopes of one kernel."""

    def __init__(self, line):
        door = Scope(DOOR, 0, [])
        self.scopes = [door, Scope(BODY, 1, [])]
        self.line = line  # of the source, for the instructions to come
        self.memory = dict.fromkeys(BUFFERS, 0)  # counts what may have changed a buffer
        self.variables = {}  # the register of each web that is assigned more than once
        self.unsettled = {}  # register: what emits the rest of its computation
        self.returned = False  # whether the kernel may have returned before what comes now
        self.refusals = {}  # (reason, position of the argument): where to jump
        self.symbols = {}  # register: its symbol
        self._scope_of = {}  # register: the scope in which it gets its value
        self._web_of = {}  # register of a variable: its web
        self._versions = {}  # register of a variable: how many values it has had

    @property
    def door(self):
        return self.scopes[0]

    @property
    def top(self):
        return self.scopes[-1]

    # Scopes

    @contextmanager
    def scope(self, kind, assigned=(), stores=(), items=None):
        """Open a scope: a loop's body with items of its own, or a branch in the present ones."""
        shared = self.top.items if items is None else items
        scope = Scope(kind, len(self.scopes), shared, set(assigned), set(stores))
        self._forget(scope)
        self.scopes.append(scope)
        yield scope
        if kind == LOOP:
            close_loop(self, scope)
        self.scopes.pop()
        self._forget(scope)

    def _forget(self, scope):
        """At a loop's begin and end: what it changes has no known value any more."""
        if scope.kind in (LOOP, WHILE):
            for web in scope.assigned & self.variables.keys():
                self.changed(self.variables[web])
            for kind in scope.stores:
                self.memory[kind] += 1

    def depth_of(self, register):
        """Depth of the scope from which on the register's value stays the same."""
        scope, web = self._scope_of.get(register), self._web_of.get(register)
        depth = scope.depth if scope in self.scopes else 0
        for scope in self.scopes:
            if web is not None and web in scope.assigned:
                depth = max(depth, scope.depth)
        return depth

    def lengths_around(self, scope):
        """The lengths of the loops around a scope: none is 0 there."""
        return frozenset().union(*(s.lengths for s in self.scopes[: scope.depth + 1]))

    def placement(self, depth):
        """The outermost scope to compute in what needs values of that depth: before a loop, or
        here. A computation never moves out of a branch alone."""
        for scope in self.scopes[depth:-1]:
            if self.scopes[scope.depth + 1].kind in (LOOP, WHILE):
                return scope
        return self.top

    # Registers

    def register(self, bank, name, scope, again=None, web=None):
        """A new register that gets its value in the scope; a variable's has the variable's web."""
        register = Register(bank, name, again)
        self._scope_of[register] = scope
        if web is not None:
            self._web_of[register] = web
            self.variables[web] = register
        return register

    def is_variable(self, register):
        return register in self._web_of

    def changed(self, register):
        """A variable has another value from here on."""
        self._versions[register] = self._versions.get(register, 0) + 1

    # Instructions

    def later(self, register, rest):
        """Call `rest` to complete the register's computation when it is first read."""
        self.unsettled[register] = rest

    def settle(self, args=None):
        """Complete the computations that were put off, if one of these is among them."""
        if args is not None and self.unsettled.keys().isdisjoint(args):
            return
        while self.unsettled:
            self.unsettled.pop(next(iter(self.unsettled)))()

    def emit(self, name, *args, scope=None):
        """Append an instruction, here unless a scope is given."""
        self.settle(args)
        scope = scope or self.top
        scope.items.append(Op(name, args, self.line, scope.kind == BRANCH))

    def refusal(self, reason, position=0):
        """The label to jump to when the call must be refused, for this argument."""
        return self.refusals.setdefault((reason, position), Label(f"{reason}{position}"))

    def pure(self, name, *args, at=None, again=None):
        """The result of an instruction without side effects: found, or computed as far out as
        its operands allow (or in the scope `at`)."""
        self.settle(args)
        key = (
            name,
            *((a, self._versions.get(a, 0)) if isinstance(a, Register) else a for a in args),
        )
        found = self.find(key, at)
        if found is not None:
            return found
        if at is None:
            depths = [self.depth_of(a) for a in args if isinstance(a, Register)]
            at = self.placement(max(depths, default=1))
        result = self.register(INSTRUCTIONS[name].bank, name, at, again)
        self.emit(name, result, *args, scope=at)
        at.cache[key] = result
        return result

    def find(self, key, at=None):
        """A value computed before in this or an enclosing scope."""
        for scope in reversed(self.scopes[: at.depth + 1] if at else self.scopes):
            if key in scope.cache:
                return scope.cache[key]
        return None

    # Integers

    def symbol(self, register, natural=False):
        """An int that is in a register and no polynomial of others."""
        if register not in self.symbols:
            scope = self.scopes[self.depth_of(register)]
            self.symbols[register] = poly.Symbol(register.name, scope, register, natural)
        return poly.of(self.symbols[register])

    def constant(self, value, at=None):
        return self.pure("constant", value, at=at, again=("constant", [value]))

    def value(self, p, at=None):
        """A register that holds the polynomial, here or in the scope `at`."""
        p = p.expanded()
        if p.constant is not None:
            return self.constant(p.constant, at)
        found = self.find(p, at)
        if found is not None:
            return found
        symbol = max(p.symbols, key=lambda s: (s.scope.depth, s.register is not None, s.order))
        slope = p.slope(symbol)
        if symbol.register is None and slope is not None:
            result = induction(self, p, symbol, slope)
        else:
            result = self._sum(p, symbol, at)
        scope = at or self.scopes[min(self.depth_of(result), self.top.depth)]
        scope.cache[p] = result
        return result

    def _sum(self, p, symbol, at):
        """p = symbol · factor + rest."""
        inside, rest = p.split(lambda monomial, _: symbol in monomial)
        factor = {}
        for monomial, c in inside.terms.items():
            shorter = list(monomial)
            shorter.remove(symbol)
            factor[tuple(shorter)] = c
        factor = poly.Polynomial(factor)
        register = symbol.register or self.value(poly.of(symbol), at)
        c = factor.constant
        if rest == poly.ZERO:
            return self._times(register, factor, at)
        if c == 1 and rest.constant is not None and -128 <= rest.constant <= 127:
            return self.pure("addi", register, rest.constant, at=at)
        if c == -1:
            return self.pure("sub", self.value(rest, at), register, at=at)
        if c in (2, 4, 8):
            return self.pure(f"addx{c}", register, self.value(rest, at), at=at)
        return self.pure("add", self._times(register, factor, at), self.value(rest, at), at=at)

    def _times(self, register, factor, at):
        c = factor.constant
        if c == 1:
            return register
        if c == -1:
            return self.pure("neg", register, at=at)
        if c is not None and c > 1 and c & (c - 1) == 0 and c < 1 << 31:
            return self.pure("slli", register, c.bit_length() - 1, at=at)
        return self.pure("mull", register, self.value(factor, at), at=at)

    # Floats

    def float_constant(self, value, at=None):
        """A register that holds the float32 nearest to value."""
        bits = float_bits(value)
        if bits in CONST_S:
            index = CONST_S[bits]
            return self.pure("const.s", index, at=at, again=("const.s", [index]))
        return self.pure("wfr", self.constant(signed(bits), at), at=at)


def float_bits(value):
    try:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    except OverflowError:
        return 0x7F800000 if value > 0 else 0xFF800000


def signed(bits):
    return bits - (1 << 32) if bits >> 31 else bits


CONST_S = {float_bits(value): i for i, value in enumerate((0.0, 1.0, 2.0, 0.5))}
