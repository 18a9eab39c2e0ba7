"""Reorder the instructions in innermost loops so that they wait less: list scheduling.

Of the instructions whose operands are ready, the one with the longest chain of latencies after it
comes first. A new order is used only if it is better than the old one. Accesses to memory stay in
the old order, unless their places surely differ.
"""

from dataclasses import replace

from . import latency

STACK = 1  # a1


def schedule(program):
    """Reorder the straight parts of innermost loops so that they wait less for operands.

    Return the new Program, with other `ops`."""
    ops = list(program.ops)
    for region in program.regions:
        if not region.innermost:
            continue
        labels = [op.label for op in ops]
        first, last = labels.index(region.start) + 1, labels.index(region.end)
        for start, stop in _straight(ops, first, last):
            part = ops[start:stop]
            others = [op for op in [*ops[stop:last], *ops[first:start]] if not op.label]
            ops[start:stop] = _better(part, others)
    return replace(program, ops=ops)


def _straight(ops, first, last):
    """Yield (start, stop) of the runs without labels and jumps."""
    start = first
    for i in range(first, last + 1):
        if i == last or ops[i].label or ops[i].row.jumps or ops[i].name == "nop.n":
            if i - start > 2:
                yield start, i
            start = i + 1


def _better(part, others):
    """Return the part in its best order. `others` are the loop's other instructions, after it."""

    def cost(order):
        return sum(latency.steady_waits([*order, *others]))

    best = part
    for start in ((), [*part, *others]):
        order = _listed(part, start)
        if cost(order) < cost(best):
            best = order
    return best


def _listed(part, before):
    """Return the part in the order of a list scheduler; `before` are the instructions before it."""
    after, waiting = _dependences(part)
    heights = [max([1, *latency.writes(op).values()]) for op in part]
    for i in reversed(range(len(part))):
        heights[i] = max([heights[i], *(delay + heights[j] for j, delay in after[i].items())])
    earliest = [0] * len(part)
    if before:
        carried = latency.left_over(before)
        for i, op in enumerate(part):
            earliest[i] = max([0, *(carried.get(r, 0) for r in latency.reads(op))])
    ready = [i for i in range(len(part)) if not waiting[i]]
    order, now = [], 0
    while ready:
        now = max(now, min(earliest[i] for i in ready))
        chosen = max(
            (i for i in ready if earliest[i] <= now),
            key=lambda i: (part[i].row.memory == "store", heights[i], -i),
        )
        ready.remove(chosen)
        order.append(part[chosen])
        for j, delay in after[chosen].items():
            earliest[j] = max(earliest[j], now + delay)
            waiting[j] -= 1
            if not waiting[j]:
                ready.append(j)
        now += 1
    return order


def _dependences(part):
    """Return (after, waiting). after[i] is {number of an instruction that must follow: by how many
    cycles}, and waiting[i] the number of instructions that must come before."""
    after = [{} for _ in part]
    waiting = [0] * len(part)
    written, read, accesses = {}, {}, []

    def follow(i, j, delay):
        if j not in after[i]:
            waiting[j] += 1
        after[i][j] = max(delay, after[i].get(j, 0))

    where = _Where()
    for j, op in enumerate(part):
        for register in latency.reads(op):
            if register in written:
                i, delay = written[register]
                follow(i, j, delay)
            read.setdefault(register, []).append(j)
        for register, delay in latency.writes(op).items():
            for i in read.pop(register, []):
                if i != j:
                    follow(i, j, 1)
            if register in written:
                follow(written[register][0], j, 1)
            written[register] = j, delay
        if op.row.memory:
            access = where.of(op)
            for i, other in accesses:
                stores = "store" in (op.row.memory, part[i].row.memory)
                if stores and _may_be_one(access, other):
                    follow(i, j, 1)
            accesses.append((j, access))
        where.advance(op)
    return after, waiting


class _Where:
    """Tracks pointers through straight code. The place of an access is (whether it accesses ints,
    its pointer, which of the pointer's values, the distance from it)."""

    def __init__(self):
        self.at = {}  # pointer: (value, distance)

    def of(self, op):
        if op.args[1] == STACK:
            return None, STACK, 0, op.args[2]
        pointer = _key(op.args[1])
        value, distance = self.at.get(pointer, (0, 0))
        offset = 0 if op.row.operands[1].writes else op.args[2]
        return op.row.bank, pointer, value, distance + offset

    def advance(self, op):
        operands = op.row.operands
        moves = op.row.memory and operands[1].writes and not operands[2].bank
        for register in latency.writes(op):
            value, distance = self.at.get(register, (0, 0))
            if moves and register == _key(op.args[1]):
                self.at[register] = value, distance + op.args[2]
            else:
                self.at[register] = value + 1, 0


def _may_be_one(one, other):
    """Return True if two accesses may be to the same place. Floats and ints do not share
    buffers."""
    if one[:3] == other[:3]:
        return one[3] == other[3]
    return one[0] == other[0] and STACK not in (one[1], other[1])


def _key(pointer):
    return ("a", pointer) if isinstance(pointer, int) else pointer
