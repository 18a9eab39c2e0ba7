"""Loads from buffers and stores to them.

A value that was loaded or stored before is not loaded again, unless a store in between may have
changed it: to any buffer of that kind, since two parameters may be one buffer.
"""

from dataclasses import dataclass

from . import polynomial as poly
from .bounds import Bounds
from .builder import BRANCH, LOOP, WHILE
from .ir import Register
from .polynomial import Symbol, number
from .xtensa import INSTRUCTIONS

LOAD_STORE = {"floats": ("lsi", "ssi"), "ints": ("l32i", "s32i")}


@dataclass(eq=False)
class Buffer:
    name: str
    kind: str
    position: int
    base: Symbol
    length: Register  # in bytes


class Accesses:
    def __init__(self, builder):
        self.builder = builder
        self.bounds = Bounds(builder)

    def _address(self, buffer, index):
        """(register, offset) of an element."""
        address = poly.of(buffer.base) + index * number(4)
        offset = address.offset if 0 <= address.offset <= 1020 else 0
        return self.builder.value(address - number(offset)), offset

    def load(self, buffer, index):
        depth, guards = self.bounds.check(buffer, index)
        index = index.expanded()
        key = ("load", buffer, index, self.builder.memory[buffer.kind])
        found = self.builder.find(key)
        if found is None:
            scope = self._load_scope(buffer.kind, index, depth, guards)
            register, offset = self._address(buffer, index)
            name = LOAD_STORE[buffer.kind][0]
            found = self.builder.register(INSTRUCTIONS[name].bank, buffer.name, scope)
            self.builder.emit(name, found, register, offset, scope=scope)
            scope.cache[key] = found
        return found

    def _load_scope(self, kind, index, depth, guards):
        """The outermost scope to load in: nothing in between stores, and the index was checked."""
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
        """Store a register, of the buffer's bank, in an element that was checked."""
        builder, index = self.builder, index.expanded()
        register, offset = self._address(buffer, index)
        builder.emit(LOAD_STORE[buffer.kind][1], source, register, offset)
        builder.memory[buffer.kind] += 1
        if not builder.is_variable(source):
            builder.top.cache["load", buffer, index, builder.memory[buffer.kind]] = source
