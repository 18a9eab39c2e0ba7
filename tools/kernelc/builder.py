"""Build a kernel's tree of instructions: place each instruction, and reuse values that exist
already.

Scopes form a stack: the door (argument checks), the kernel's body, a loop in it, and so on. An
instruction that needs only values of an outer scope is placed there, before the loop. A value that
grows evenly with the loop is updated by addition (inductions.py).
"""

import struct
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import polynomial as poly
from .inductions import close_loop, induction
from .ir import Label, Op, Register
from .xtensa import INSTRUCTIONS

DOOR, BODY, LOOP, WHILE, BRANCH = "door", "body", "loop", "while", "branch"


@dataclass(eq=False)
class Scope:
    """A part of the kernel into which instructions are emitted. `kind` is DOOR, BODY, LOOP, WHILE
    or BRANCH, and `depth` its index in `Builder.scopes`. `items` is the list of its Ops and Loops;
    a branch shares the list of the scope around it. `cache` has the values that are known in the
    scope. The fields from `inductions` on are for a LOOP."""

    kind: str
    depth: int
    items: list
    assigned: set = field(default_factory=set)  # webs that are assigned in this scope
    stores: set = field(default_factory=set)  # kinds of buffers that this scope stores to
    cache: dict = field(default_factory=dict)
    inductions: dict = field(default_factory=dict)  # register: its step, a polynomial
    symbol: poly.Symbol = None  # the loop variable
    first: poly.Polynomial = None  # its first value
    step: int = 1
    copies: dict = field(default_factory=dict)  # the variable in copies of a tiled loop's body
    least: poly.Polynomial = None  # its least value, in all loops that tiling made of one
    last: poly.Polynomial = None
    lengths: frozenset = frozenset()  # the length of the loop, if it might be 0
    returns: bool = False  # True if the loop may be left before its end


class Builder:
    """Appends instructions to the scopes of one kernel. `scopes` has the open scopes, the outermost
    first: at the start the door and the body. Set `line` to the source line of the next
    instructions."""

    def __init__(self, line):
        door = Scope(DOOR, 0, [])
        self.scopes = [door, Scope(BODY, 1, [])]
        self.line = line  # the source line of the next instructions
        self.memory = Counter()  # the stores so far to each kind of buffer
        self.variables = {}  # the register of each web that is assigned more than once
        self.unsettled = {}  # register: a function that emits the rest of its computation
        self.returned = False  # True if the kernel may have returned before this point
        self.refusals = {}  # (reason, position of the argument): the label to jump to
        self.symbols = {}  # register: its symbol
        self.made_of = {}  # Polynomial: ("min", x, y), ("max", x, y) or ("//", x, y) that it is
        self._scope_of = {}  # register: the scope in which it gets its value
        self._web_of = {}  # register of a variable: its web
        self._versions = {}  # register of a variable: the number of values that it has had

    @property
    def door(self):
        """The outermost scope, which runs once before all loops."""
        return self.scopes[0]

    @property
    def top(self):
        """The innermost scope that is open."""
        return self.scopes[-1]

    # Scopes

    @contextmanager
    def scope(self, kind, assigned=(), stores=(), items=None):
        """Open a Scope of this kind for a `with` block; `as` gives the Scope. A loop needs a new
        list `items` for its instructions, and the caller makes the `ir.Loop` of it afterwards.
        Without `items`, as for a branch, they go to the list of the scope around it. `assigned` are
        the webs that the scope assigns, and `stores` the kinds of buffers that it stores to."""
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
        """Forget the known values that a loop changes; call this at its start and at its end."""
        if scope.kind in (LOOP, WHILE):
            for web in scope.assigned & self.variables.keys():
                self.changed(self.variables[web])
            for kind in scope.stores:
                self.memory[kind] += 1

    def depth_of(self, register):
        """Return the depth of the innermost scope in which the register's value can change."""
        scope, web = self._scope_of.get(register), self._web_of.get(register)
        depth = scope.depth if scope in self.scopes else 0
        for scope in self.scopes:
            if web is not None and web in scope.assigned:
                depth = max(depth, scope.depth)
        return depth

    def lengths_around(self, scope):
        """Return the frozenset of the loop lengths (Polynomials) that are surely not 0 inside this
        scope, because otherwise the scope and the loops around it would not run."""
        return frozenset().union(*(s.lengths for s in self.scopes[: scope.depth + 1]))

    def placement(self, depth):
        """Return the outermost Scope for a computation whose operands have at most this depth (see
        `depth_of`): one with a loop directly inside, or the innermost open one. A computation moves
        out of a branch only together with a loop."""
        for scope in self.scopes[depth:-1]:
            if self.scopes[scope.depth + 1].kind in (LOOP, WHILE):
                return scope
        return self.top

    # Registers

    def register(self, bank, name, scope, again=None, web=None):
        """Return a new Register that gets its value in the scope; emit nothing. `bank` and `again`
        are those of `ir.Register`. If the register is for a variable, `web` is the variable's web:
        then `variables[web]` is set to the register."""
        register = Register(bank, name, again)
        self._scope_of[register] = scope
        if web is not None:
            self._web_of[register] = web
            self.variables[web] = register
        return register

    def is_variable(self, register):
        """Return True if the register belongs to a variable that is assigned more than once."""
        return register in self._web_of

    def changed(self, register):
        """Note that a variable's register has another value from here on. So results that were
        computed from the old value are not used again."""
        self._versions[register] = self._versions.get(register, 0) + 1

    # Instructions

    def later(self, register, rest):
        """Keep `rest`, a function without arguments that emits the end of the register's
        computation. `settle` calls it before the register is first read."""
        self.unsettled[register] = rest

    def settle(self, args=None):
        """Complete all computations that `later` delayed, if one of the registers in `args` waits
        for one, or if `args` is None. Otherwise do nothing."""
        if args is not None and self.unsettled.keys().isdisjoint(args):
            return
        while self.unsettled:
            self.unsettled.pop(next(iter(self.unsettled)))()

    def emit(self, name, *args, scope=None):
        """Append the instruction `name` to the scope, by default the innermost open one. `args` are
        its operands, as in `ir.Op`; delayed computations of these are completed first."""
        self.settle(args)
        scope = scope or self.top
        scope.items.append(Op(name, args, self.line, scope.kind == BRANCH))

    def refusal(self, reason, position=0):
        """Return the Label to jump to in order to refuse the call. `reason` is a key of
        `frame.REASONS`, and `position` the number of the argument at fault, from 1, or 0 for
        none."""
        return self.refusals.setdefault((reason, position), Label(f"{reason}{position}"))

    def pure(self, name, *args, at=None, again=None):
        """Return a register with the result of an instruction that has no side effects. `name` is
        the instruction, and `args` are its operands without the result.

        A register that has this result already is returned. Otherwise emit the instruction: to the
        scope `at`, or else to the outermost scope that has all operands. `again` becomes the new
        register's `Register.again`."""
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
        """Return the value for this key in the `cache` of a scope, or None. Search from the scope
        `at`, by default the innermost open one, outwards."""
        for scope in reversed(self.scopes[: at.depth + 1] if at else self.scopes):
            if key in scope.cache:
                return scope.cache[key]
        return None

    # Integers

    def symbol(self, register, natural=False):
        """Return the Polynomial of one Symbol, for an int register whose value is no polynomial of
        other ints. `natural` says that it is never negative. The same register gives the same
        Symbol again, and then `natural` is ignored."""
        if register not in self.symbols:
            scope = self.scopes[self.depth_of(register)]
            self.symbols[register] = poly.Symbol(register.name, scope, register, natural)
        return poly.of(self.symbols[register])

    def constant(self, value, at=None):
        """Return a register with the int `value`; emit the instruction unless one has it already.
        `at` is as in `pure`."""
        return self.pure("constant", value, at=at, again=("constant", [value]))

    def value(self, p, at=None):
        """Return a register with the value of the Polynomial p, here or in the scope `at`; emit the
        instructions for it unless a register has it already. Do not change this register: others
        may use it."""
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
        """Return a register with p, computed as symbol · factor + rest."""
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
        """Return a register with the float32 nearest to `value`; emit the instructions unless one
        has it already. `at` is as in `pure`."""
        bits = float_bits(value)
        if bits in CONST_S:
            index = CONST_S[bits]
            return self.pure("const.s", index, at=at, again=("const.s", [index]))
        return self.pure("wfr", self.constant(signed(bits), at), at=at)


def float_bits(value):
    """Return the bits of a number that is rounded to float32, as an int from 0 to 2³² − 1. Numbers
    that are too large become ±infinity."""
    try:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    except OverflowError:
        return 0x7F800000 if value > 0 else 0xFF800000


def signed(bits):
    """Return the int32 with these bits, which are an int from 0 to 2³² − 1."""
    return bits - (1 << 32) if bits >> 31 else bits


CONST_S = {float_bits(value): i for i, value in enumerate((0.0, 1.0, 2.0, 0.5))}
