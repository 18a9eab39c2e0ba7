"""Structured code → a flat list of instructions with labels.

An innermost loop becomes a zero-overhead loop if its body is under 256 bytes (manual, Loop
Option): `loopgtz` skips it for counts of 0 and below, where plain `loop` would run 2³² times.
"""

from dataclasses import dataclass

from .inductions import Loop
from .xtensa import Label, Op, Register

HARDWARE_BYTES = 245  # room for a few instructions that spilling may add


@dataclass(eq=False)
class Region:
    """A loop in flat code: from its first to its last label."""

    start: Label
    end: Label
    innermost: bool


class Flat:
    """`ops`, and `regions`: the loops, inner ones first."""

    def __init__(self, items, software_loops=()):
        self.regions = []
        self.software_loops = software_loops  # numbers of those that turned out too long
        self.ops = self._flatten(items)

    def _flatten(self, items):
        ops = []
        for item in items:
            if isinstance(item, Op):
                ops.append(item)
            elif item.count is None:
                ops += self._while(item)
            else:
                ops += self._range(item)
        return ops

    def _while(self, loop):
        top = Label("while")
        body = self._flatten(loop.items)
        self.regions.append(Region(top, loop.exit, _is_innermost(loop)))
        line = loop.line
        return [Op("label", [top], line), *body, Op("j", [top], line), _label(loop.exit, line)]

    def _range(self, loop):
        body = self._flatten(loop.items)
        innermost = _is_innermost(loop)
        start, end = Label("loop"), Label("end")
        self.regions.append(Region(start, end, innermost))
        number = len(self.regions) - 1
        line = loop.line
        short = sum(3 * len(expand(op)) for op in _usual(body)) <= HARDWARE_BYTES
        if innermost and short and number not in self.software_loops:
            # The last instruction of a body is no branch and no branch's target.
            if not body or body[-1].name[0] in "bj" or body[-1].name == "label":
                body.append(Op("nop.n", [], line))
            head = Op("loopgtz", [loop.count, end], line)
            return [head, _label(start, line), *body, _label(end, line)]
        counter = Register("a", "counter")
        return [
            Op("mov", [counter, loop.count], line),
            Op("blti", [counter, 1, end], line),
            _label(start, line),
            *body,
            Op("addi", [counter, counter, -1], line),
            Op("bnez", [counter, start], line),
            _label(end, line),
        ]


def _usual(ops):
    """Instructions without labels, and without what a branch to a rare label jumps over."""
    until = None
    for op in ops:
        if op.name == "label":
            until = None if op.args[0] is until else until
        elif until is None:
            yield op
            until = op.past_rare


def _is_innermost(loop):
    return not any(isinstance(item, Loop) for item in loop.items)


def _label(label, line):
    return Op("label", [label], line)


def expand(op):
    """Three-operand pseudo-instructions as what the coprocessor has, which works in place."""
    in_place = {
        "fma": "madd.s",
        "fms": "msub.s",
        "raise_to": "at_least",
        "lower_to": "at_most",
    }.get(op.name)
    if in_place is None:
        return [op]
    result, first, *others = op.args
    if result is first:
        return [Op(in_place, [result, *others], op.line)]
    if result not in others:
        # What is read beside the copy may be read from the copy.
        others = [result if other is first else other for other in others]
        return [_copy(result, first, op.line), Op(in_place, [result, *others], op.line)]
    room = Register("f", "room")
    return [
        _copy(room, first, op.line),
        Op(in_place, [room, *others], op.line),
        Op("mov", [result, room], op.line),
    ]


def _copy(result, first, line):
    """A constant of the coprocessor is made anew, which takes as long and no register."""
    if first.again and first.again[0] == "const.s":
        return Op("const.s", [result, *first.again[1]], line)
    return Op("mov", [result, first], line)
