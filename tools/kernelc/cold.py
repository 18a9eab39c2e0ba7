"""Move cold code, which is seldom executed, out of innermost loops.

A branch to a label with `cold` nearly always jumps over such code, and a taken branch costs cycles.
After the code is moved behind the loop, the opposite branch is nearly never taken.
"""

from dataclasses import replace

from .ir import Label, Op


def move_cold(program):
    """Move cold code from innermost loops to the place behind them.

    Return the new Program, with other `ops`."""
    ops = program.ops
    for region in program.regions:
        if region.innermost:
            ops = _move(ops, region)
    return replace(program, ops=ops)


def _move(ops, region):
    labels = [op.label for op in ops]
    first, last = labels.index(region.start), labels.index(region.end)
    body, outside = [], []
    i = first
    while i < last:
        op = ops[i]
        target = op.past_cold
        if target:
            back = labels.index(target)
            there = Label("cold")
            body.append(Op(op.row.opposite, [*op.args[:-1], there], op.line))
            outside.append(Op("label", [there], op.line))
            outside += [*ops[i + 1 : back], Op("j", [target], op.line)]
            i = back
        else:
            body.append(op)
            i += 1
    if not outside:
        return ops
    past = Label("past")
    around = [Op("j", [past], ops[last].line), *outside, Op("label", [past], ops[last].line)]
    return [*ops[:first], *body, ops[last], *around, *ops[last + 1 :]]
