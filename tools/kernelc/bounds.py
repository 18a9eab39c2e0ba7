"""Check that indices are within their buffers, before the buffers are used.

The least and the largest index of an access are polynomials: each loop variable, from the innermost
loop outwards, is replaced by its first or last value, depending on the sign of its factor. The
result is checked once, in the outermost scope that knows its values: at the door if these are
parameters, which are ≥ 0 (the entry checks this). An access in a branch, in a while loop, or with a
factor of unknown sign is checked each time instead.

The index as a whole must be in range; its terms need not be. If the least index is a sum of terms ≥
0 and a constant, both ends are computed in float32. This is exact below 2²⁴ elements; beyond, where
there are no buffers, the error is smaller than the excess. Otherwise the least index is computed in
32 bits, as the access will do it, and compared with the room that is left for it after the distance
to the largest index.

An access that does not happen must not be refused, such as an access in a loop that runs zero
times. So a check has `guards`: the lengths of the loops that it was moved out of.
"""

from dataclasses import dataclass

from . import polynomial as poly
from .builder import BODY, DOOR, LOOP
from .extremes import extremes, least, of_all_strips, variables
from .ir import Label
from .xtensa import INSTRUCTIONS

INDEX, LENGTH = "index", "length"
EXACT_BITS = 24  # ints below 2²⁴ are exact in float32; no buffer has 2²⁴ elements
LARGEST_CONSTANT = 1 << 20  # elements; far below the length of any buffer that exceeds 2²⁴


class Bounds:
    """Emits the checks of indices to a `Builder`, as far out of the loops as possible. The checks
    for the door wait in `at_door` until `check_at_door` is called."""

    def __init__(self, builder):
        self.builder = builder
        self.at_door = []  # demands that wait until the whole kernel is known

    def check(self, buffer, index):
        """Emit a check that buffer[index] exists, or make it wait for `check_at_door`; do nothing
        if an earlier check suffices. The index is a Polynomial. Return (the depth of the scope of
        the check, the frozenset of the loop lengths, as Polynomials, that excuse it): if one of
        these lengths is 0 or less at run time, nothing is checked."""
        key = ("checked", buffer, index)
        around = self.builder.lengths_around(self.builder.top)
        for scope in reversed(self.builder.scopes):
            for guards in scope.cache.get(key, ()):
                if guards <= around:
                    return scope.depth, guards
        scope, low, high, guards = self._hoist(index)
        for demand in _demands(buffer, low, high, guards, scope):
            if scope.kind == DOOR:
                self.at_door.append(demand)
            else:
                self._demand(demand, scope)
        scope.cache.setdefault(key, []).append(guards)
        return scope.depth, guards

    def _hoist(self, index):
        """Return (scope, least index, largest index, guards), with the outermost scope that can
        check both ends."""
        scope = self.builder.top
        low = high = index
        guards = frozenset()
        best = scope, low, high, guards
        while scope.kind in (LOOP, BODY):
            if scope.kind == LOOP:
                high, guards = of_all_strips(high, guards, scope, self.builder.made_of)
                ends = extremes(low, high, scope)
                dependent = any(variables(length, scope) for length in guards)
                if ends is None or dependent or scope.returns:
                    break
                low, high = ends
                guards |= scope.lengths
            elif self.builder.returned:
                break
            scope = self.builder.scopes[scope.depth - 1]
            symbols = frozenset().union(*(p.symbols for p in (low, high, *guards)))
            if any(symbol.scope.depth > scope.depth for symbol in symbols):
                break
            if _is_computable(low, high):
                best = scope, low, high, guards
        return best

    def _demand(self, demand, scope):
        """Check a demand in a scope, unless another check there implies it."""
        made = scope.cache.setdefault("demands", [])
        around = self.builder.lengths_around(scope)
        if not any(other.implies(demand, around) for other in made):
            made.append(demand)
            self._write(demand, scope)

    def check_length(self, length, tiled):
        """Emit checks that a loop length, a Polynomial, does not exceed 32 bits: a negative one
        would become positive. For a loop that is `tiled`, the other way round, too: its remainder
        would begin far below. Do nothing if that cannot be, or for a product, whose indices are
        checked anyway."""
        plus, minus = length.split(lambda _, c: c > 0)
        made_of = self.builder.made_of
        parts = [-minus] if least(length, made_of) < -1 << 31 else []
        product = length.constant is None and _factors(length)
        if tiled and not product and least(-length, made_of) < -1 << 31:
            parts.append(plus)
        for part in parts:
            size = self._float(part, 0, None)  # 2³¹ − 1 if it does not fit; 1 more is negative
            more = self.builder.pure("addi", size, 1)
            self.builder.emit("blt", more, size, self.builder.refusal(INDEX))

    def check_at_door(self, buffers):
        """Emit the checks that wait for the door, to the door's scope. `buffers` must have all
        Buffers of the kernel: checks of other Buffers are left out. At run time a check is skipped
        if one of the loop lengths that excuse it is 0 or less."""
        demands = []
        for demand in self.at_door:
            if not any(other.implies(demand) for other in demands):
                demands = [other for other in demands if not demand.implies(other)] + [demand]
        groups = {}
        for buffer in buffers:
            for demand in demands:
                if demand.buffer is buffer:
                    groups.setdefault(demand.guards, []).append(demand)
        common = frozenset.intersection(*groups) if groups else frozenset()
        all_checked = Label("checked")
        self._excuse(common, all_checked, self.builder.door)
        for guards, group in groups.items():
            self._group(group, guards - common)
        if common:
            self.builder.emit("label", all_checked, scope=self.builder.door)

    # Instructions

    def _group(self, demands, guards):
        """Check demands at the door unless a guard is 0. Their computations come before the jump
        over the checks, because other code uses them, too."""
        door, end = self.builder.door, Label("excused")
        tests = [test for demand in demands for test in self._tests(demand, door)]
        self._excuse(guards, end, door)
        for branch, *args in tests:
            self.builder.emit(branch, *args, scope=door)
        if guards:
            self.builder.emit("label", end, scope=door)

    def _write(self, demand, scope):
        """Check a demand in a scope. The guards are tested only if the demand is not fulfilled."""
        emit, guards = self.builder.emit, demand.guards
        for branch, *args, label in self._tests(demand, scope):
            if not guards:
                emit(branch, *args, label, scope=scope)
                continue
            end = Label("excused")
            self._lengths(guards, scope)
            emit(INSTRUCTIONS[branch].opposite, *args, end, scope=scope)
            self._excuse(guards, end, scope)
            emit("j", label, scope=scope)
            emit("label", end, scope=scope)

    def _tests(self, demand, scope):
        """Return the branches that refuse the call, as (name, operands …, label); compute their
        operands."""
        buffer, low, high = demand.buffer, demand.low, demand.high
        at = scope if scope.kind == DOOR else None
        beyond = LENGTH if at else INDEX
        if low is not None and high is not None:
            tests, length = [], buffer.length
            if low != high:
                tests, way = self._bytes(high - low, buffer, at, beyond)
                left = self.builder.pure("sub", length, way, at=at)
                length = self.builder.pure("max", left, self.builder.constant(0, at), at=at)
            if buffer.elements.shift:
                length = self.builder.pure("srai", length, buffer.elements.shift, at=at)
            label = self.builder.refusal(INDEX, buffer.position)
            return [*tests, ("bgeu", self.builder.value(low, at), length, label)]
        if low is not None:
            return [("bltz", self._float(low, 0, at), self.builder.refusal(INDEX, buffer.position))]
        tests, end = self._bytes(high + poly.ONE, buffer, at, beyond)
        branch = "bltu" if (high + poly.ONE).natural else "blt"
        return [*tests, (branch, buffer.length, end, self.builder.refusal(beyond, buffer.position))]

    def _bytes(self, p, buffer, at, beyond):
        """Return (tests, the size of p elements in bytes). If p has negative terms, a test refuses
        the call unless the positive terms are exact."""
        shift = buffer.elements.shift
        if _is_natural(p):
            return [], self._float(p, shift, at)
        plus, minus = p.split(lambda _, c: c > 0)
        plus, minus = self._float(plus, shift, at), self._float(-minus, shift, at)
        excess = self.builder.pure("srai", plus, EXACT_BITS + shift, at=at)
        label = self.builder.refusal(beyond, buffer.position)
        return [("bnez", excess, label)], self.builder.pure("sub", plus, minus, at=at)

    def _excuse(self, guards, end, scope):
        """Jump to the end if one of the guards is 0, or less."""
        for register in self._lengths(guards, scope):
            self.builder.emit("blti", register, 1, end, scope=scope)

    def _lengths(self, guards, scope):
        """Return registers that are all above 0 if the guards are."""
        at = scope if scope.kind == DOOR else None
        lengths = []
        for length in sorted(guards, key=poly.Polynomial.order):
            registers = [symbol.register for symbol in _factors(length) or ()]
            if not registers or None in registers:
                registers = [self.builder.value(length, at)]
            lengths += registers
        return dict.fromkeys(lengths)

    def _float(self, p, scale, at):
        """Return an int register with the polynomial · 2^scale, computed in float32."""
        total = None
        for monomial, c in sorted(p.terms.items(), reverse=True):
            total = self._add_term(total, monomial, c, at)
        if total is None:
            return self.builder.constant(0, at)
        return self.builder.pure("trunc.s", total, scale, at=at)

    def _add_term(self, total, monomial, c, at):
        pure = self.builder.pure
        factors = []
        for symbol in monomial:
            register = symbol.register or self.builder.value(poly.of(symbol), at)
            factors.append(pure("float.s", register, 0, at=at))
        if abs(c) != 1 or not factors:
            factors.append(self.builder.float_constant(abs(c), at))
        *others, last = factors
        product = others[0] if others else None
        for factor in others[1:]:
            product = pure("mul.s", product, factor, at=at)
        if total is not None:
            if product is None:
                return pure("add.s" if c > 0 else "sub.s", total, last, at=at)
            return pure("fma" if c > 0 else "fms", total, product, last, at=at)
        if product is not None:
            last = pure("mul.s", product, last, at=at)
        return last if c > 0 else pure("neg.s", last, at=at)


@dataclass(frozen=True)
class _Demand:
    """A demand: unless a guard is 0, `low` is not below the buffer's first index, and `high` not
    above its last. If both are given, they must be checked together."""

    buffer: object
    low: poly.Polynomial
    high: poly.Polynomial
    guards: frozenset

    def implies(self, other, around=frozenset()):
        """Return True if this demand implies the other one, when none of the lengths `around` is
        0."""
        if self.buffer is not other.buffer or not self.guards <= other.guards | around:
            return False
        if (self.low is None, self.high is None) != (other.low is None, other.high is None):
            return False
        low = self.low is None or (other.low - self.low).natural
        return low and (self.high is None or (self.high - other.high).natural)


def _demands(buffer, low, high, guards, scope):
    together = low == high and scope.kind != DOOR
    if together or not _is_natural(low) or not _has_natural_symbols(high):
        return [_Demand(buffer, low, high, guards)]
    demands = [] if low.natural else [_Demand(buffer, low, None, guards)]
    needed = frozenset(guard for guard in guards if not _excuses_itself(guard, high))
    return [*demands, _Demand(buffer, None, high, needed)]


def _excuses_itself(length, high):
    """Return True if the largest index is surely below 0 when the length is 0."""
    end = high + poly.ONE
    factors = _factors(length)
    return bool(factors) and all((-end.replace(s, poly.ZERO)).natural for s in factors)


def _factors(length):
    """Return the symbols whose product is the length, or None if it is no product of naturals."""
    ((monomial, c), *others) = length.terms.items()
    single = not others and c == 1 and all(symbol.natural for symbol in monomial)
    return monomial if single else None


def _is_computable(low, high):
    """Return True if both ends can be compared with a length."""
    if _is_natural(low) and _has_natural_symbols(high):
        return True
    return _has_natural_symbols(high - low)


def _has_natural_symbols(p):
    return all(symbol.natural for symbol in p.symbols)


def _is_natural(p):
    """Return True if p is a sum of terms that are not negative, plus a constant."""
    return (p - poly.number(p.offset)).natural and -p.offset <= LARGEST_CONSTANT
