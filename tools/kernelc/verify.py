"""Verify a program between two passes. A violation is an error in the compiler.

Python statements must have the forms that the passes know. Instructions must have operands of the
right kind, jump to labels that exist, and read only registers that are written before, on every
path. A place that two registers share must hold the one that is read.
"""

import ast

from .ir import Label, Loop, Op, Register

PYTHON = (
    ast.Assign, ast.For, ast.While, ast.If, ast.Return, ast.Break, ast.Pass, ast.Expr, ast.Name,
    ast.Constant, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Call,
    ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip
COUNT = {"a": 16, "f": 16, "b": 16}


class Invalid(Exception):
    """A pass returned an invalid program."""


def verify(program):
    """Raise Invalid if the program is not valid input for the next pass; otherwise return
    nothing."""
    try:
        if program.ops is not None:
            _flat(program)
        elif program.tree is not None:
            _tree(program.tree)
        else:
            _python(program)
    except Invalid as error:
        raise Invalid(f"{program.kernel.name}: {error}") from None


def _demand(condition, text, *args):
    if not condition:
        raise Invalid(text.format(*args))


# Python


def _python(program):
    for statement in program.statements:
        for node in ast.walk(statement):
            _demand(isinstance(node, PYTHON), "{} is no form that is left", type(node).__name__)
            if isinstance(node, (ast.expr, ast.stmt)):
                _demand(getattr(node, "lineno", 0) > 0, "{} has no line", ast.dump(node))


# A tree


def _tree(tree):
    ops = list(_walk([*tree.door, *tree.body]))
    labels = {op.label for op in ops if op.label} | {*tree.refusals.values(), tree.epilogue}
    labels |= tree.tables.keys()
    written = {register for op in ops for register in op.defs}
    for op in ops:
        _operands(op, labels)
        for register in op.uses:
            _demand(register in written, "{}: {} is never written", op, register)


def _walk(items):
    for item in items:
        _demand(isinstance(item, (Op, Loop)), "{} is no instruction and no loop", item)
        if isinstance(item, Loop):
            _demand((item.count is None) != (item.exit is None), "a loop has a count or an exit")
            yield from _walk(item.items)
            if item.exit:
                yield Op("label", [item.exit])
        else:
            yield item


# A flat list


def _flat(program):
    ops = program.ops
    position = {}
    for i, op in enumerate(ops):
        _demand(op.label is None or op.label not in position, "{} stands twice", op)
        if op.label:
            position[op.label] = i
    framed = any(op.name == "entry" for op in ops)
    outside = () if framed else (*program.tree.refusals.values(), program.tree.epilogue)
    for op in ops:
        _operands(op, {*position, *outside, *program.tree.tables})
    for region in program.regions:
        places = [position.get(region.start), position.get(region.end)]
        _demand(None not in places and places[0] < places[1], "{} is no region", region.end)
    begin = {("a", 1), *((("a", n) for n in range(6)) if framed else ())}
    _written_before_read(ops, _ways(ops, position), begin)
    if program.registers and any(isinstance(arg, Register) for op in ops for arg in op.args):
        _places(ops, _ways(ops, position), program.registers)


def _operands(op, labels):
    operands = op.row.operands
    _demand(len(op.args) == len(operands), "{} has {} operands", op, len(op.args))
    for arg, operand in zip(op.args, operands, strict=True):
        if isinstance(arg, Register):
            # `mov` is in either bank, in both operands the same.
            bank = op.args[0].bank if op.name == "mov" else operand.bank
            _demand(arg.bank == bank, "{}: {} is in the wrong bank", op, arg)
        elif operand.bank:
            _demand(isinstance(arg, int), "{}: {} is no register", op, arg)
            _demand(0 <= arg < COUNT[operand.bank], "{}: there is no register {}", op, arg)
        elif isinstance(arg, Label):
            _demand(arg in labels, "{} leads nowhere", op)
        else:
            _demand(isinstance(arg, int), "{}: {} is no operand", op, arg)


def _ways(ops, position):
    """Return, for each instruction, the instructions that may come next."""
    ways = []
    for i, op in enumerate(ops):
        following = [] if op.name in ("j", "retw.n") else [i + 1]
        if op.target in position:
            following.append(position[op.target])
        ways.append([j for j in following if j < len(ops)])
    for i, op in enumerate(ops):
        if op.name == "loopgtz":
            last = position[op.target] - 1
            _demand(last > i and not ops[last].row.jumps, "{}: its body ends in a jump", op)
            ways[last].append(i + 1)
    return ways


def _flow(ops, ways, begin, step, meet):
    """Return the state before each instruction, or None if no path leads there. step(state, op)
    returns the state after an instruction; meet(one, other) combines the states of two paths."""
    states = [None] * len(ops)
    states[0] = begin
    work = [0]
    while work:
        i = work.pop()
        after = step(states[i], ops[i])
        for j in ways[i]:
            joined = after if states[j] is None else meet(states[j], after)
            if joined != states[j]:
                states[j] = joined
                work.append(j)
    return states


def _all(op, what):
    """Return the operands that are registers or flags and are read or written."""
    for arg, operand in zip(op.args, op.row.operands, strict=True):
        if operand.bank and getattr(operand, what):
            yield arg if isinstance(arg, Register) else (operand.bank, arg)


def _written_before_read(ops, ways, begin):
    def step(state, op):
        if op.name == "callx8":  # registers that a callee may change, and its result
            state = frozenset(r for r in state if isinstance(r, tuple) and r[0] == "a" and r[1] < 8)
            return state | {("a", 10)}
        state = state | frozenset(_all(op, "writes"))
        return state - {("b", 0)} if op.row.flag else state

    states = _flow(ops, ways, frozenset(begin), step, frozenset.intersection)
    for state, op in zip(states, ops, strict=True):
        for register in _all(op, "reads") if state is not None else ():
            _demand(register in state, "{} reads {}, which has no value there", op, register)


def _places(ops, ways, places):
    """Check that each place holds the register that is read from it. The state is {place: registers
    with their value there}."""

    def step(state, op):
        state = dict(state)
        for register in op.defs:
            place = register.bank, places[register]
            same = op.name == "mov" and (op.args[1].bank, places[op.args[1]]) == place
            state[place] = state.get(place, frozenset()) if same else frozenset()
            state[place] |= {register}
        return state

    def meet(one, other):
        return {place: one[place] & other[place] for place in one.keys() & other.keys()}

    for register in places:
        _demand(places[register] in range(COUNT[register.bank]), "{} has no place", register)
    states = _flow(ops, ways, {}, step, meet)
    for state, op in zip(states, ops, strict=True):
        for register in op.uses if state is not None else ():
            place = register.bank, places[register]
            _demand(register in state.get(place, ()), "{} reads another from {}", op, place)
