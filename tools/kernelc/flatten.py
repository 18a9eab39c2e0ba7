"""Turn the tree into a flat list of instructions with labels.

The processor's zero-overhead loops have bodies of at most 256 bytes (manual, Loop Option). An
innermost loop becomes one if its body, without cold code, has at most HARDWARE_BYTES at three bytes
an instruction. If the body turns out longer than 256 bytes, `assemble` raises LoopTooLong.
`loopgtz` skips the loop for counts of 0 and below; plain `loop` would run 2³² times."""

from dataclasses import replace

from .ir import Label, Op, Region, Register

HARDWARE_BYTES = 245  # room for a few instructions that spilling may add
OPENED = Label("opened")  # between the checks at the door and the body


def flatten(program):
    """Turn loops into labels and branches, short innermost ones into zero-overhead loops.

    Return the new Program: `ops` is the list of all instructions, `regions` the list of the loops
    in it. Loops in `in_software` always get branches."""
    flat = _Flat(program.in_software)
    ops = flat.items([*program.tree.door, Op("label", [OPENED]), *program.tree.body])
    return replace(program, ops=ops, regions=flat.regions)


class _Flat:
    def __init__(self, in_software):
        self.in_software = in_software
        self.regions = []  # the loops, inner ones first

    def items(self, items):
        ops = []
        for item in items:
            if isinstance(item, Op):
                ops.append(item)
            elif item.count is None:
                ops += self.while_loop(item)
            else:
                ops += self.range_loop(item)
        return ops

    def while_loop(self, loop):
        top = Label("while")
        body = self.items(loop.items)
        self.regions.append(Region(top, loop.exit, loop))
        line = loop.line
        return [_label(top, line), *body, Op("j", [top], line), _label(loop.exit, line)]

    def range_loop(self, loop):
        body = self.items(loop.items)
        start, end = Label("loop"), Label("end")
        self.regions.append(Region(start, end, loop))
        line = loop.line
        short = sum(3 * len(expanded(op)) for op in _usual(body)) <= HARDWARE_BYTES
        if loop.innermost and short and loop not in self.in_software:
            # The last instruction of a body must be neither a branch nor the target of a branch.
            if not body or body[-1].row.jumps or body[-1].label:
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
    """Return the instructions without labels and without cold code."""
    until = None
    for op in ops:
        if op.label:
            until = None if op.label is until else until
        elif until is None:
            yield op
            until = op.past_cold


def _label(label, line):
    return Op("label", [label], line)


def expand(program):
    """Replace instructions that have a form in place by that form, with copies where needed.

    Return the new Program, with other `ops`."""
    return replace(program, ops=[part for op in program.ops for part in expanded(op)])


def expanded(op):
    """Return a list of Ops that do the same as `op`. If the processor has only a form of it that
    changes its first operand in place, the list has that form, with copies where they are needed;
    otherwise it has only `op`."""
    in_place = op.row.in_place
    if not in_place:
        return [op]
    result, first, *others = op.args
    if result is first:
        return [Op(in_place, [result, *others], op.line)]
    if result not in others:
        # Other operands that are the copied register may be read from the copy.
        others = [result if other is first else other for other in others]
        return [_copy(result, first, op.line), Op(in_place, [result, *others], op.line)]
    room = Register("f", "room")
    return [
        _copy(room, first, op.line),
        Op(in_place, [room, *others], op.line),
        Op("mov", [result, room], op.line),
    ]


def _copy(result, first, line):
    """Return a copy of a value. A constant of the coprocessor is made again instead: this takes as
    long, and keeps no register busy."""
    if first.again and first.again[0] == "const.s":
        return Op("const.s", [result, *first.again[1]], line)
    return Op("mov", [result, first], line)
