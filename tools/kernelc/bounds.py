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
from .scopes import BRANCH, DOOR, LOOP, WHILE

INDEX, LENGTH = "index", "length"
HUGE = 1 << 26  # bytes: more than any buffer has


class Bounds:
    """Methods that a Builder gains."""

    def check(self, buffer, index):
        """Make sure that buffer[index] exists. Returns the depth of the scope from which on it
        does."""
        key = ("checked", buffer, index)
        found = self.find(key)
        if found is not None:
            return found
        self._require_natural(buffer, index)
        scope, low, high = self._hoist(index)
        if scope is self.top and low == high:
            self._check_here(buffer, index)
        else:
            self._demand(buffer, scope, self._check_low, -low)
            self._demand(buffer, scope, self._check_high, high)
        scope.cache[key] = scope.depth
        return scope.depth

    def _hoist(self, index):
        """(scope, least, largest index): the outermost scope that can compute both ends, each
        a sum of terms that are not negative."""
        best = self.top, index, index
        low = high = index
        scope = self.top
        while scope.kind not in (DOOR, BRANCH, WHILE):
            ends = _extremes(low, high, scope) if scope.kind == LOOP else (low, high)
            if ends is None:
                break
            low, high = ends
            scope = self.scopes[scope.depth - 1]
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
        if scope is self.door:
            demands[:] = [other for other in demands if not (end - other).natural]
        else:
            check(buffer, end, scope)
        demands.append(end)

    def check_at_door(self):
        """Write down the checks that wait at the door."""
        for check in (self._check_low, self._check_high):
            for buffer in self.buffers.values():
                for end in self.door.cache.get((check.__name__, buffer), []):
                    check(buffer, end, self.door)

    def _require_natural(self, buffer, index):
        """Check, where it becomes known, that a value read from a buffer or computed is ≥ 0."""
        for symbol in sorted(index.symbols):
            between = self.scopes[symbol.scope.depth + 1 :]
            if symbol.natural or symbol.loop or any(s.kind in (BRANCH, WHILE) for s in between):
                continue
            refused = self.refusal(INDEX, buffer)
            self.emit("bltz", symbol.register, refused, scope=symbol.scope)
            symbol.natural = True

    def _check_here(self, buffer, index):
        """Compare the index itself; a negative one is a huge one without its sign."""
        length = self.pure("srai", buffer.length, 2)
        self.emit("bgeu", self.value(index), length, self.refusal(INDEX, buffer))

    def _check_low(self, buffer, minus_low, scope):
        """low ≥ 0."""
        if (-minus_low).natural:
            return
        plus, minus = self._sides(-minus_low, scope)
        self._check_huge(plus, buffer, scope)
        self.emit("blt", plus, minus, self.refusal(INDEX, buffer), scope=scope)

    def _check_high(self, buffer, high, scope):
        """high < length, in bytes: 4·high + 4 ≤ length, with the negative terms on the right."""
        plus, minus = self._sides(high + poly.ONE, scope)
        length = buffer.length
        if minus is not None:
            self._check_huge(plus, buffer, scope)
            plus = self.pure("sub", plus, minus, at=scope)
            self.emit("blt", length, plus, self.refusal(LENGTH, buffer), scope=scope)
        else:
            self.emit("bltu", length, plus, self.refusal(LENGTH, buffer), scope=scope)

    def _check_huge(self, plus, buffer, scope):
        excess = self.pure("srai", plus, HUGE.bit_length() - 1, at=scope)
        self.emit("bnez", excess, self.refusal(LENGTH, buffer), scope=scope)

    def _sides(self, p, scope):
        """The sums of the positive and of the negative terms, times 4, as int registers."""
        plus, minus = p.split(lambda _, c: c > 0)
        sides = []
        for side in (plus, -minus):
            total = None
            for monomial, c in sorted(side.terms.items(), reverse=True):
                total = self._add_term(total, monomial, 4 * c, scope)
            sides.append(total and self.pure("trunc.s", total, 0, at=scope, bank="a"))
        if sides[0] is None:
            sides[0] = self.constant(0, scope)
        return sides

    def _add_term(self, total, monomial, c, scope):
        product = None
        for symbol in monomial:
            register = symbol.register or self.value(poly.of(symbol))
            factor = self.pure("float.s", register, 0, at=scope)
            product = factor if product is None else self.pure("mul.s", product, factor, at=scope)
        coefficient = self.float_constant(c, scope)
        if product is None:
            term = coefficient
        elif total is not None:
            return self.pure("fma", total, product, coefficient, at=scope)
        else:
            term = self.pure("mul.s", product, coefficient, at=scope)
        return term if total is None else self.pure("add.s", total, term, at=scope)


def _extremes(low, high, loop):
    """(least, largest) over the loop's values, or None if that depends on a factor's sign."""
    ends = []
    for p, least in ((low, True), (high, False)):
        slope = p.slope(loop.symbol)
        if slope is None or not (slope.natural or (-slope).natural):
            return None
        rising = slope.natural == (loop.step > 0)
        ends.append(p.replace(loop.symbol, loop.first if rising == least else loop.last))
    return ends
