"""Compile loads from buffers and stores to them.

A value that was loaded or stored before is not loaded again, unless a store in between may have
changed it. Any store to a buffer of the same kind may have, because two parameters may be the same
buffer.
"""

from dataclasses import dataclass

from . import polynomial as poly
from .bounds import Bounds
from .builder import BRANCH, LOOP, WHILE
from .ir import Register
from .polynomial import Symbol, number
from .subset import Elements
from .xtensa import INSTRUCTIONS


@dataclass(eq=False)
class Buffer:
    """A buffer: a parameter, an array of the kernel or a table. `position` is its number among all
    parameters, from 1, or 0. Stores to a buffer may change others of the same `kind`, which is a
    key of `subset.BUFFERS`, or the name of a table. `elements` describes its elements. `base` is
    its address, and `length` the register with its length in bytes."""

    name: str
    kind: str
    elements: Elements
    position: int
    base: Symbol
    length: Register  # in bytes


class Accesses:
    """Emits loads and stores of buffer elements to a `Builder`. `bounds` checks the indices: `load`
    calls it; before `store`, the caller must."""

    def __init__(self, builder):
        self.builder = builder
        self.bounds = Bounds(builder)

    def _address(self, buffer, index):
        """Return (register, offset) of an element's address."""
        shift = buffer.elements.shift
        address = poly.of(buffer.base) + index * number(1 << shift)
        offset = address.offset if 0 <= address.offset <= 255 << shift else 0
        return self.builder.value(address - number(offset)), offset

    def load(self, buffer, index):
        """Emit the check of the index, a Polynomial, and the load of buffer[index]; return the
        register with the element. If a register already has the element, emit no load and return
        that register. Do not change the register: others may use it."""
        depth, guards = self.bounds.check(buffer, index)
        index = index.expanded()
        key = ("load", buffer, index, self.builder.memory[buffer.kind])
        found = self.builder.find(key)
        if found is None:
            scope = self._load_scope(buffer.kind, index, depth, guards)
            register, offset = self._address(buffer, index)
            name = buffer.elements.load
            found = self.builder.register(INSTRUCTIONS[name].bank, buffer.name, scope)
            self.builder.emit(name, found, register, offset, scope=scope)
            if buffer.elements.sign_bit:
                found = self.builder.pure("sext", found, buffer.elements.sign_bit)
            if buffer.elements.as_bits:
                found = self.builder.pure("wfr", found)
            scope.cache[key] = found
        return found

    def _load_scope(self, kind, index, depth, guards):
        """Return the outermost scope in which to load: nothing stores to such a buffer in between,
        and the index is checked before."""
        depth = max([depth, 1, *(s.scope.depth for s in index.symbols)])
        best = self.builder.top
        for scope in reversed(self.builder.scopes[depth:-1]):
            inner = self.builder.scopes[scope.depth + 1]
            if inner.kind in (BRANCH, WHILE) or kind in inner.stores:
                break
            if not guards <= self.builder.lengths_around(scope):
                break
            if inner.kind == LOOP:
                best = scope
        return best

    def store(self, buffer, index, source):
        """Emit the store of the register `source` to buffer[index]; the index is a Polynomial.
        `source` is a float register for float elements, else an int register. The index is not
        checked here: call `bounds.check` before."""
        builder, index = self.builder, index.expanded()
        register, offset = self._address(buffer, index)
        builder.emit(buffer.elements.store, source, register, offset)
        builder.memory[buffer.kind] += 1
        if not builder.is_variable(source) and buffer.elements.shift == 2:
            builder.top.cache["load", buffer, index, builder.memory[buffer.kind]] = source
