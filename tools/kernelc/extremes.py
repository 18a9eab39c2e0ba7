"""How small and how large an index or a loop's length gets over the passes of loops.

`made_of` is that of the `Builder`.
"""

from math import prod

from . import polynomial as poly
from .builder import DOOR


def extremes(low, high, loop):
    """Return (least, largest) over the loop's values, or None if a factor's sign is unknown."""
    ends = []
    for p, least in ((low, True), (high, False)):
        for symbol in variables(p, loop):
            slope = p.slope(symbol)
            if slope is None or not (slope.natural or (-slope).natural):
                return None
            p = p.replace(symbol, loop.least if slope.natural == least else loop.last)
        ends.append(p)
    return ends


def variables(p, loop):
    """Return the symbols of the loop's variable, and of the variable in copies of its body."""
    return sorted(symbol for symbol in p.symbols if symbol.loop and symbol.scope is loop)


def of_all_strips(high, guards, loop, made_of):
    """Return (high, guards) without the end of a strip, if the Scope `loop` runs over strips;
    otherwise the same two. `high` is a largest index, and `guards` are lengths of loops.

    A strip of 32 is `for i in range(a, min(a + 32, n))`, in `for a in range(start, n, 32)`. No
    strip is empty, and the last one ends at n.
    """
    for symbol in high.symbols:
        kind, *ends = made_of.get(poly.of(symbol), (None,))
        for end, n in (ends, ends[::-1]) if kind == "min" else ():
            size = end.slope(loop.symbol)
            if size is None or size.constant is None or size.constant <= 0:
                continue
            start = end.replace(loop.symbol, poly.ZERO) - size
            passes = "//", n - start + size - poly.ONE, size.constant
            whole = high.replace(symbol, n)
            if (
                (loop.first, loop.step) == (poly.ZERO, 1)
                and made_of.get(loop.last + poly.ONE) == passes
                and all(s.scope.depth < loop.depth for s in start.symbols | n.symbols)
                and not variables(whole, loop)
                and (high.slope(symbol) or -poly.ONE).natural
            ):
                length = poly.of(symbol) - start - size * poly.of(loop.symbol)
                return whole, guards - {length}
    return high, guards


def least(length, made_of):
    """Return an int that the Polynomial `length` is surely not below."""
    for symbol in sorted(length.symbols):
        slope = length.slope(symbol)
        if symbol.loop and slope is not None and (-slope).natural:
            length = length.replace(symbol, symbol.scope.last)
    for symbol in sorted(length.symbols):
        kind, *of = made_of.get(poly.of(symbol), (None,))
        if kind == "//" and type(of[1]) is int and length.slope(symbol) == -poly.number(of[1]):
            length = length.replace(symbol, poly.ZERO) - of[0]  # b · (a // b) is at most a
    least = 0
    for monomial, c in length.terms.items():
        most = prod(1 << 30 if symbol.scope.kind == DOOR else 1 << 31 for symbol in monomial)
        least += min(c, 0) * most  # parameters are below 2³⁰
    return least
