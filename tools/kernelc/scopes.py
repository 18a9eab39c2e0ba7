"""Where an instruction goes: scopes, hoisting, and integer values kept up to date by addition.

The scopes stack up as loops and branches open: the door (argument checks), the kernel's body,
a loop in it, and so on. An instruction that only needs what an outer scope knows is put there,
before the loop. A polynomial that grows evenly with a loop variable becomes a register to
which the loop adds a step: addresses are polynomials, so inner loops bump pointers.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

from . import polynomial as poly
from .xtensa import Op, Register

DOOR, BODY, LOOP, WHILE, BRANCH = "door", "body", "loop", "while", "branch"


LOADS_AT_ONCE = 6  # with 8 sums they fit into 16 registers


@dataclass(eq=False)
class Loop:
    """`items` run `count` times (a register), or until they jump to `exit`."""

    items: list
    count: Register = None
    exit: object = None
    line: int = 0


@dataclass(eq=False)
class Scope:
    kind: str
    depth: int
    items: list
    assigned: set = field(default_factory=set)  # webs assigned in here
    stores: set = field(default_factory=set)  # kinds of buffers stored to in here
    cache: dict = field(default_factory=dict)
    inductions: list = field(default_factory=list)  # (register, step)
    symbol: poly.Symbol = None  # the loop variable, with its first value and step
    first: poly.Polynomial = None
    last: poly.Polynomial = None
    step: int = 1


class Builder:
    """Appends instructions to the scopes of one kernel."""

    def __init__(self):
        door = Scope(DOOR, 0, [])
        self.scopes = [door, Scope(BODY, 1, [])]
        self.line = 0
        self.memory = {"floats": 0, "ints": 0}  # counts what may have changed a buffer
        self.variables = {}  # the register of each web that is assigned more than once

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
            _loads_first(scope)
        for register, step in scope.inductions:
            self._advance(scope, register, step)
        self.scopes.pop()
        self._forget(scope)

    def _forget(self, scope):
        """At a loop's begin and end: what it changes has no known value any more."""
        if scope.kind in (LOOP, WHILE):
            for web in scope.assigned & self.variables.keys():
                self.variables[web].version += 1
            for kind in scope.stores:
                self.memory[kind] += 1

    def depth_of(self, register):
        """Depth of the scope from which on the register's value stays the same."""
        depth = register.scope.depth if register.scope in self.scopes else 0
        for scope in self.scopes:
            if register.web is not None and register.web in scope.assigned:
                depth = max(depth, scope.depth)
        return depth

    def placement(self, depth):
        """The outermost scope to compute in what needs values of that depth: before a loop, or
        here. A computation never moves out of a branch alone."""
        for scope in self.scopes[depth:-1]:
            if self.scopes[scope.depth + 1].kind in (LOOP, WHILE):
                return scope
        return self.top

    # Instructions

    def emit(self, name, *args, scope=None):
        """Append an instruction, here unless a scope is given."""
        scope = scope or self.top
        op = Op(name, list(args), self.line, scope.kind == BRANCH)
        scope.items.append(op)
        return op

    def pure(self, name, *args, at=None, bank=None, again=None):
        """The result of an instruction without side effects: found, or computed as far out as
        its operands allow (or in the scope `at`)."""
        key = (name, *((a, a.version) if isinstance(a, Register) else a for a in args))
        found = self.find(key, at)
        if found is not None:
            return found
        if at is None:
            depths = [self.depth_of(a) for a in args if isinstance(a, Register)]
            at = self.placement(max(depths, default=1))
        if bank is None:
            bank = "f" if name in FLOAT_RESULT else "a"
        result = Register(bank, name, at, again)
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

    def constant(self, value, at=None):
        return self.pure("constant", value, at=at, again=("constant", [value]))

    def value(self, p):
        """A register that holds the polynomial here."""
        if p.constant is not None:
            return self.constant(p.constant)
        found = self.find(p)
        if found is not None:
            return found
        symbol = max(p.symbols, key=lambda s: (s.scope.depth, s.register is not None, s.order))
        slope = p.slope(symbol)
        if symbol.register is None and slope is not None:
            result = self._induction(p, symbol, slope)
        else:
            result = self._sum(p, symbol)
        scope = self.scopes[min(self.depth_of(result), self.top.depth)]
        scope.cache[p] = result
        return result

    def _sum(self, p, symbol):
        """p = symbol · factor + rest."""
        inside, rest = p.split(lambda monomial, _: symbol in monomial)
        factor = {}
        for monomial, c in inside.terms.items():
            shorter = list(monomial)
            shorter.remove(symbol)
            factor[tuple(shorter)] = c
        factor = poly.Polynomial(factor)
        register = symbol.register or self.value(poly.of(symbol))
        c = factor.constant
        if rest == poly.ZERO:
            return self._times(register, factor)
        if c == 1 and rest.constant is not None and -128 <= rest.constant <= 127:
            return self.pure("addi", register, rest.constant)
        if c == -1:
            return self.pure("sub", self.value(rest), register)
        if c in (2, 4, 8):
            return self.pure(f"addx{c}", register, self.value(rest))
        return self.pure("add", self._times(register, factor), self.value(rest))

    def _times(self, register, factor):
        c = factor.constant
        if c == 1:
            return register
        if c == -1:
            return self.pure("neg", register)
        if c is not None and c > 1 and c & (c - 1) == 0 and c < 1 << 31:
            return self.pure("slli", register, c.bit_length() - 1)
        return self.pure("mull", register, self.value(factor))

    def _induction(self, p, symbol, slope):
        """A register that starts with p's first value and grows with the loop."""
        loop = symbol.scope
        first = self.value(p.replace(symbol, loop.first))
        step = slope * poly.number(loop.step)
        if step.constant is None or not -128 <= step.constant <= 127:
            step = self.value(step)
        else:
            step = step.constant
        register = Register("a", f"{p}", loop)
        self.emit("mov", register, first, scope=self.scopes[loop.depth - 1])
        loop.inductions.append((register, step))
        return register

    def _advance(self, loop, register, step):
        """Add the step at the loop's end, or in the last access through the register."""
        _zero_last(loop.items, register)
        last = next((i for i in reversed(loop.items) if _mentions(i, register)), None)
        constant = isinstance(step, int)
        if isinstance(last, Op) and not last.conditional and last.args[-1] == 0:
            post = {"lsi": "lsip", "ssi": "ssip"} if constant else {"lsi": "lsxp", "ssi": "ssxp"}
            if last.name in post and last.args[1] is register and (not constant or step >= 0):
                at = loop.items.index(last)
                loop.items[at] = Op(post[last.name], [last.args[0], register, step], last.line)
                return
        self.emit("addi" if constant else "add", register, register, step, scope=loop)

    # Floats

    def float_constant(self, value, at=None):
        """A register that holds the float32 nearest to value."""
        bits = float_bits(value)
        if bits in CONST_S:
            index = CONST_S[bits]
            return self.pure("const.s", index, at=at, again=("const.s", [index]))
        return self.pure("wfr", self.constant(signed(bits), at), at=at)


def _loads_first(loop):
    """In an innermost loop without branches, load before computing: a load's result is ready
    two instructions later. Of the loads through one pointer that at offset 0 comes last, so
    that it can advance the pointer."""
    steps = {register for register, _ in loop.inductions}
    early = []
    for item in loop.items:
        if isinstance(item, Loop) or item.conditional or item.name in ("label", "j"):
            return
        if item.name in ("ssi", "s32i") or len(early) == LOADS_AT_ONCE:
            break
        if item.name == "lsi" and item.args[1] in steps:
            early.append(item)
    early.sort(key=lambda op: op.args[-1] == 0)
    loop.items[:] = early + [item for item in loop.items if item not in early]


def _zero_last(items, register):
    """Of the stores with which the accesses through a pointer end, let that at offset 0 be last."""
    stores = [item for item in items if _mentions(item, register)]
    run = []
    while stores and isinstance(stores[-1], Op) and stores[-1].name == "ssi":
        if stores[-1].args[1] is not register or stores[-1].conditional:
            break
        run.append(stores.pop())
    zero = next((op for op in run[1:] if op.args[2] == 0), None)
    if zero is None or run[0].args[2] == 0:
        return
    first, last = items.index(zero), items.index(run[0])
    if all(item in run for item in items[first : last + 1]):
        items.insert(last, items.pop(first))


def _mentions(item, register):
    if isinstance(item, Loop):
        return item.count is register or any(_mentions(i, register) for i in item.items)
    return register in item.args


def float_bits(value):
    import struct

    try:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    except OverflowError:
        return 0x7F800000 if value > 0 else 0xFF800000


def signed(bits):
    return bits - (1 << 32) if bits >> 31 else bits


CONST_S = {float_bits(value): i for i, value in enumerate((0.0, 1.0, 2.0, 0.5))}
FLOAT_RESULT = {
    "add.s", "sub.s", "mul.s", "mov.s", "abs.s", "neg.s", "const.s", "wfr", "float.s", "lsi",
    "fma", "fms", "raise_to", "lower_to",
}  # fmt: skip
