"""Loads from buffers and stores to them.

A value that was loaded or stored before is not loaded again, unless a store in between may have
changed it: to any buffer of that kind, since two parameters may be one buffer.
"""

import ast
from dataclasses import dataclass

from . import polynomial as poly
from .polynomial import Polynomial, Symbol, number
from .scopes import BRANCH, LOOP, WHILE
from .xtensa import Register

LOAD_STORE = {"floats": ("lsi", "ssi"), "ints": ("l32i", "s32i")}


@dataclass(eq=False)
class Buffer:
    name: str
    kind: str
    position: int
    base: Symbol
    length: Register  # in bytes


class Accesses:
    """Methods that a Builder gains."""

    def element_buffer(self, node):
        name = node.value.id if isinstance(node.value, ast.Name) else None
        if name not in self.buffers:
            self.kernel.refuse(
                node, "only a parameter that is annotated floats or ints has elements"
            )
        return self.buffers[name]

    def element(self, node):
        """(buffer, index) of a subscript."""
        return self.element_buffer(node), self.integer(node.slice, "an index is an int")

    def _address(self, buffer, index):
        """(register, offset) of an element."""
        address = poly.of(buffer.base) + index * number(4)
        offset = address.offset if 0 <= address.offset <= 1020 else 0
        return self.value(address - number(offset)), offset

    def load(self, buffer, index):
        checked = self.check(buffer, index)
        key = ("load", buffer, index, self.memory[buffer.kind])
        found = self.find(key)
        if found is None:
            scope = self._load_scope(buffer.kind, checked, index)
            register, offset = self._address(buffer, index)
            name = LOAD_STORE[buffer.kind][0]
            found = Register("f" if name == "lsi" else "a", buffer.name, scope)
            self.emit(name, found, register, offset, scope=scope)
            scope.cache[key] = found
        return found if buffer.kind == "floats" else self.symbol(found)

    def _load_scope(self, kind, checked, index):
        """The outermost scope to load in: nothing in between stores, and it is safe there."""
        depth = max([checked, 1, *(s.scope.depth for s in index.symbols)])
        best = self.top
        for scope in reversed(self.scopes[depth:-1]):
            inner = self.scopes[scope.depth + 1]
            if inner.kind in (BRANCH, WHILE) or kind in inner.stores:
                break
            if inner.kind == LOOP:
                best = scope
        return best

    def store(self, buffer, index, value, node):
        self.check(buffer, index)
        if buffer.kind == "floats":
            source = self.float_register(self.to_float(value))
        elif isinstance(value, Polynomial):
            source = self.value(value)
        else:
            self.kernel.refuse(node, f"{buffer.name} holds ints: int() makes one of a float")
        register, offset = self._address(buffer, index)
        self.emit(LOAD_STORE[buffer.kind][1], source, register, offset)
        self.memory[buffer.kind] += 1
        if source.web is None:
            self.top.cache["load", buffer, index, self.memory[buffer.kind]] = source
