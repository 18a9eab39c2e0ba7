"""Moves what is seldom executed out of innermost loops, to behind them.

A branch to a label that says `rare` jumps over such code nearly always, and a taken branch costs
cycles: turned around, it is nearly never taken.
"""

from .xtensa import OPPOSITE, Label, Op


def outline(ops, regions):
    """The instructions in their new order."""
    for region in regions:
        if region.innermost:
            ops = _outline(ops, region)
    return ops


def _outline(ops, region):
    labels = [op.args[0] if op.name == "label" else None for op in ops]
    first, last = labels.index(region.start), labels.index(region.end)
    body, outside = [], []
    i = first
    while i < last:
        op = ops[i]
        target = op.past_rare
        if target:
            back = labels.index(target)
            there = Label("rare")
            body.append(Op(OPPOSITE[op.name], [*op.args[:-1], there], op.line))
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
