"""The lengths that the buffers must have, checked before they are touched.

Every int parameter is ≥ 0 (the entry sees to it), so the least and the largest index that an
access can reach are polynomials: loop variables are replaced, from the innermost outwards, by
their first or last value, whichever side the factor's sign says. What remains is computed
once, before the loops: at the door if it holds parameters only, else where its last value (a
token read from a buffer, say) becomes known. An access in a branch, in a while loop, or with a
factor of unknown sign is checked each time instead.

The polynomial is evaluated in float32 from non-negative terms. Below 2²⁴ elements that is
exact, and beyond it rounds to no less than 2²⁴: products that overflow 32 bits are caught.
"""

from . import polynomial as poly
from .builder import BRANCH, DOOR, LOOP, WHILE

INDEX, LENGTH = "index", "length"
HUGE = 1 << 26  # bytes: more than any buffer has


class Bounds:
    def __init__(self, builder, buffers):
        self.builder = builder
        self.buffers = buffers

    def check(self, buffer, index):
        """Make sure that buffer[index] exists. Returns the depth of the scope from which on it
        does."""
        key = ("checked", buffer, index)
        found = self.builder.find(key)
        if found is not None:
            return found
        self._require_natural(buffer, index)
        scope, low, high = self._hoist(index)
        if scope is self.builder.top and low == high:
            self._check_here(buffer, index)
        else:
            self._demand(buffer, scope, self._check_low, -low)
            self._demand(buffer, scope, self._check_high, high)
        scope.cache[key] = scope.depth
        return scope.depth

    def _hoist(self, index):
        """(scope, least, largest index): the outermost scope that can compute both ends, each
        a sum of terms that are not negative."""
        best = self.builder.top, index, index
        low = high = index
        scope = self.builder.top
        while scope.kind not in (DOOR, BRANCH, WHILE):
            ends = _extremes(low, high, scope) if scope.kind == LOOP else (low, high)
            if ends is None:
                break
            low, high = ends
            scope = self.builder.scopes[scope.depth - 1]
            symbols = low.symbols | high.symbols
            if any(s.scope.depth > scope.depth for s in symbols):
                break
            if all(s.natural for s in symbols):
                best = scope, low, high
        return best

    def _demand(self, buffer, scope, check, end):
        """Check an end, unless a check of the same buffer there implies it. Those at the door
        wait for each other until the whole kernel is known."""
        demands = scope.cache.setdefault((check.__name__, buffer), [])
        if any((other - end).natural for other in demands):
            return
        if scope is self.builder.door:
            demands[:] = [other for other in demands if not (end - other).natural]
        else:
            check(buffer, end, scope)
        demands.append(end)

    def check_at_door(self):
        """Write down the checks that wait at the door."""
        for check in (self._check_low, self._check_high):
            for buffer in self.buffers.values():
                for end in self.builder.door.cache.get((check.__name__, buffer), []):
                    check(buffer, end, self.builder.door)

    def _require_natural(self, buffer, index):
        """Check, where it becomes known, that a value read from a buffer or computed is ≥ 0."""
        for symbol in sorted(index.symbols):
            between = self.builder.scopes[symbol.scope.depth + 1 :]
            if symbol.natural or symbol.loop or any(s.kind in (BRANCH, WHILE) for s in between):
                continue
            refused = self.builder.refusal(INDEX, buffer.position)
            self.builder.emit("bltz", symbol.register, refused, scope=symbol.scope)
            symbol.natural = True

    def _check_here(self, buffer, index):
        """Compare the index itself; a negative one is a huge one without its sign."""
        length = self.builder.pure("srai", buffer.length, 2)
        self.builder.emit(
            "bgeu", self.builder.value(index), length, self.builder.refusal(INDEX, buffer.position)
        )

    def _check_low(self, buffer, minus_low, scope):
        """low ≥ 0."""
        if (-minus_low).natural:
            return
        plus, minus = self._sides(-minus_low, scope)
        self._check_huge(plus, buffer, scope)
        self.builder.emit(
            "blt", plus, minus, self.builder.refusal(INDEX, buffer.position), scope=scope
        )

    def _check_high(self, buffer, high, scope):
        """high < length, in bytes: 4·high + 4 ≤ length, with the negative terms on the right."""
        plus, minus = self._sides(high + poly.ONE, scope)
        length = buffer.length
        if minus is not None:
            self._check_huge(plus, buffer, scope)
            plus = self.builder.pure("sub", plus, minus, at=scope)
            self.builder.emit(
                "blt", length, plus, self.builder.refusal(LENGTH, buffer.position), scope=scope
            )
        else:
            self.builder.emit(
                "bltu", length, plus, self.builder.refusal(LENGTH, buffer.position), scope=scope
            )

    def _check_huge(self, plus, buffer, scope):
        excess = self.builder.pure("srai", plus, HUGE.bit_length() - 1, at=scope)
        self.builder.emit(
            "bnez", excess, self.builder.refusal(LENGTH, buffer.position), scope=scope
        )

    def _sides(self, p, scope):
        """The sums of the positive and of the negative terms, times 4, as int registers."""
        plus, minus = p.split(lambda _, c: c > 0)
        sides = []
        for side in (plus, -minus):
            total = None
            for monomial, c in sorted(side.terms.items(), reverse=True):
                total = self._add_term(total, monomial, 4 * c, scope)
            sides.append(total and self.builder.pure("trunc.s", total, 0, at=scope))
        if sides[0] is None:
            sides[0] = self.builder.constant(0, scope)
        return sides

    def _add_term(self, total, monomial, c, scope):
        product = None
        for symbol in monomial:
            register = symbol.register or self.builder.value(poly.of(symbol))
            factor = self.builder.pure("float.s", register, 0, at=scope)
            product = (
                factor if product is None else self.builder.pure("mul.s", product, factor, at=scope)
            )
        coefficient = self.builder.float_constant(c, scope)
        if product is None:
            term = coefficient
        elif total is not None:
            return self.builder.pure("fma", total, product, coefficient, at=scope)
        else:
            term = self.builder.pure("mul.s", product, coefficient, at=scope)
        return term if total is None else self.builder.pure("add.s", total, term, at=scope)


def _extremes(low, high, loop):
    """(least, largest) over the loop's values, or None if that depends on a factor's sign."""
    ends = []
    for p, least in ((low, True), (high, False)):
        slope = p.slope(loop.symbol)
        if slope is None or not (slope.natural or (-slope).natural):
            return None
        ends.append(p.replace(loop.symbol, loop.first if slope.natural == least else loop.last))
    return ends
