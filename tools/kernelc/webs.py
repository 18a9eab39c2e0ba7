"""Find out which assignments reach which uses.

Assignments that can reach the same use form a web, and the later passes treat a web as one
variable. So a name with two purposes becomes two variables. A web with a single assignment is a
plain value, which may be computed early or not at all. (Muchnick, Advanced Compiler Design and
Implementation, 16.3.3, on structured code.)
"""

import ast


class Webs:
    """The webs of a kernel; a web is a value that can be a dict's key. `of[id(node)]` is the web of
    a Name node, `of_parameter[name]` the first web of a parameter, and `sizes[web]` the number of
    assignments of a web; a parameter's value at the call counts as one. `falls_through` is True if
    the kernel may end without a return. Raises CompileError for a variable that may have no value,
    and for statements that are never reached."""

    def __init__(self, kernel, body):
        self.kernel = kernel
        self.parent = {}
        self.nodes = {}
        state = {name: frozenset([name]) for name, _ in kernel.params}
        for name in state:
            self.parent[name] = name
        self.assigned = {
            node.id
            for node in ast.walk(ast.Module(body, []))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.breaks = []  # for each loop around: the states with which it is left
        self.falls_through = self._block(body, state) is not None
        self.of = {key: self._find(definition) for key, definition in self.nodes.items()}
        self.of_parameter = {name: self._find(name) for name, _ in kernel.params}
        self.sizes = {}
        for definition in self.parent:
            web = self._find(definition)
            self.sizes[web] = self.sizes.get(web, 0) + 1

    def _find(self, definition):
        while self.parent[definition] != definition:
            definition = self.parent[definition]
        return definition

    def _block(self, statements, state):
        """Return the reaching definitions after the statements, or None if no path leads there."""
        for statement in statements:
            if state is None:
                what = "after a return or break this is never reached: leave it out"
                self.kernel.refuse(statement, what)
            state = self._statement(statement, dict(state))
        return state

    def _statement(self, node, state):
        if isinstance(node, ast.For):
            self._read(node.iter, state)
            return self._loop(node, state)
        if isinstance(node, ast.While):
            return self._loop(node, state)
        if isinstance(node, ast.If):
            self._read(node.test, state)
            return _merge(self._block(node.body, state), self._block(node.orelse, state))
        self._read(node, state)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self._define(node.targets[0], state)
        if isinstance(node, ast.Break):
            self.breaks[-1].append(state)
        return None if isinstance(node, (ast.Return, ast.Break)) else state

    def _loop(self, node, state):
        before = state
        for _ in range(2):  # the second time with the assignments of the body
            inside = dict(state)
            if isinstance(node, ast.For):
                self._define(node.target, inside)
            else:
                self._read(node.test, inside)
            self.breaks.append([])
            state = _merge(before, self._block(node.body, inside))
            for left in self.breaks.pop():
                state = _merge(state, left)
        return state

    def _define(self, name, state):
        definition = (name.id, id(name))
        self.parent.setdefault(definition, definition)
        self.nodes[id(name)] = definition
        state[name.id] = frozenset([definition])

    def _read(self, node, state):
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
                self._use(child, state)

    def _use(self, name, state):
        unknown = frozenset([None] if name.id in self.assigned else [])
        definitions = state.get(name.id, unknown)
        if None in definitions:
            what = f"{name.id} may have no value here: assign it before the loop or if"
            self.kernel.refuse(name, what)
        for definition in definitions:
            first = self._find(next(iter(definitions)))
            self.parent[self._find(definition)] = first
            self.nodes[id(name)] = definition


def _merge(one, other):
    if one is None or other is None:
        return other if one is None else one
    missing = frozenset([None])
    return {name: one.get(name, missing) | other.get(name, missing) for name in one.keys() | other}
