"""Remove instructions without effect, and unnecessary copies."""

from dataclasses import replace

from .ir import Register


def tidy(program):
    """Remove instructions without effect, and unnecessary copies.

    Return the new Program, with other `ops`."""
    ops = _remove_dead(_retarget(_propagate(program.ops)))
    ops = [op for op in ops if not (op.name == "mov" and op.args[0] is op.args[1])]
    return replace(program, ops=ops)


def _remove_dead(ops):
    """Keep only instructions that have an effect or compute an operand of a kept instruction."""
    definitions = {}
    for op in ops:
        for register in op.defs:
            definitions.setdefault(register, []).append(op)
    needed = {id(op) for op in ops if op.row.stays}
    work = [op for op in ops if id(op) in needed]
    while work:
        for register in work.pop().uses:
            for op in definitions.get(register, []):
                if id(op) not in needed:
                    needed.add(id(op))
                    work.append(op)
    return [op for op in ops if id(op) in needed]


def _count(ops):
    """Return how often each register is read, and how often it is written."""
    reads, writes = {}, {}
    for op in ops:
        for register in op.uses:
            reads[register] = reads.get(register, 0) + 1
        for register in op.defs:
            writes[register] = writes.get(register, 0) + 1
    return reads, writes


def _propagate(ops):
    """After `mov copy, x`, read x instead of the copy, in straight code that does not change x."""
    ops = list(ops)
    reads, writes = _count(ops)
    for i, op in enumerate(ops):
        if op.name != "mov" or writes[op.args[0]] != 1:
            continue
        copy, x = op.args
        users = []
        for j, later in enumerate(ops[i + 1 :], i + 1):
            if later.label:
                break
            if copy in later.uses:
                users.append(j)
            if x in later.defs:
                break
        if sum(ops[j].uses.count(copy) for j in users) == reads.get(copy, 0):
            for j in users:
                ops[j] = ops[j].having(x if arg is copy else arg for arg in ops[j].args)
            ops[i] = op.having([copy, copy])
    return ops


def _retarget(ops):
    """Replace `op t, …` and a following `mov x, t` by `op x, …`, if nothing else reads t."""
    ops = list(ops)
    reads, writes = _count(ops)
    for i, after in enumerate(ops[1:]):
        op = ops[i]
        if after.name != "mov" or not op.args or op.label:
            continue
        x, t = after.args
        single = isinstance(t, Register) and reads.get(t) == 1 and writes.get(t) == 1
        if single and op.defs == [t] and t not in op.uses and op.args[0] is t:
            ops[i] = op.having([x, *op.args[1:]])
            ops[i + 1] = after.having([x, x])
    return ops
