"""Removes instructions without effect, and copies that need not be."""

from .xtensa import Register

# What must stay even if no register it writes is read.
EFFECTS = {"label", "j", "s32i", "ssi", "lsip", "ssip", "lsxp", "ssxp", "loopgtz", "nop.n"}
COMPARES = {"olt.s", "ole.s", "oeq.s"}


def _has_effect(op):
    return op.name in EFFECTS or op.name in COMPARES or op.name.startswith("b")


def tidy(ops):
    ops = _remove_dead(_retarget(_propagate(ops)))
    return [op for op in ops if not (op.name == "mov" and op.args[0] is op.args[1])]


def _remove_dead(ops):
    """Keep what has an effect, and what computes a register that is kept code's operand."""
    definitions = {}
    for op in ops:
        for register in op.defs:
            definitions.setdefault(register, []).append(op)
    needed = {id(op) for op in ops if _has_effect(op)}
    work = [op for op in ops if id(op) in needed]
    while work:
        for register in work.pop().uses:
            for op in definitions.get(register, []):
                if id(op) not in needed:
                    needed.add(id(op))
                    work.append(op)
    return [op for op in ops if id(op) in needed]


def _count(ops):
    """How often each register is read and written."""
    reads, writes = {}, {}
    for op in ops:
        for register in op.uses:
            reads[register] = reads.get(register, 0) + 1
        for register in op.defs:
            writes[register] = writes.get(register, 0) + 1
    return reads, writes


def _propagate(ops):
    """After `mov copy, x`, read x where only straight code lies between and x is unchanged."""
    reads, writes = _count(ops)
    for i, op in enumerate(ops):
        if op.name != "mov" or writes[op.args[0]] != 1:
            continue
        copy, x = op.args
        users = []
        for later in ops[i + 1 :]:
            if later.name == "label":
                break
            if copy in later.uses:
                users.append(later)
            if x in later.defs:
                break
        if sum(user.uses.count(copy) for user in users) == reads.get(copy, 0):
            for user in users:
                user.args = [x if arg is copy else arg for arg in user.args]
            op.args = [copy, copy]
    return ops


def _retarget(ops):
    """`op t, …` followed by `mov x, t` writes x at once, if nothing else reads t."""
    reads, writes = _count(ops)
    for op, after in zip(ops, ops[1:], strict=False):
        if after.name != "mov" or not op.args or op.name == "label":
            continue
        x, t = after.args
        single = isinstance(t, Register) and reads.get(t) == 1 and writes.get(t) == 1
        if single and op.defs == [t] and t not in op.uses and op.args[0] is t:
            op.args[0] = x
            after.args = [x, x]
    return ops
