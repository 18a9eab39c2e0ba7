"""What a loop costs: a cycle an instruction, and the stalls of those that wait for an operand.

A result can be read so many cycles after the instruction that makes it as GCC's model of these
processors says (gcc/config/xtensa/xtensa.md, "Pipeline model"); what reads it earlier stalls.
Not counted: what a taken branch costs (a zero-overhead loop has none), and slow memory.
"""

from dataclasses import dataclass

from .xtensa import Register

FLOAT, LOAD, CONVERSION, PRODUCT = 4, 2, 2, 2
LATENCY = dict.fromkeys(("add.s", "sub.s", "mul.s", "madd.s", "msub.s", "fma", "fms"), FLOAT)
LATENCY |= dict.fromkeys(("lsi", "lsip", "lsxp", "l32i", "l32i.n", "l32r", "l16ui"), LOAD)
LATENCY |= {"float.s": CONVERSION, "trunc.s": CONVERSION, "round.s": CONVERSION, "mull": PRODUCT}
MAXIMA = ("at_least", "at_most", "raise_to", "lower_to")


@dataclass
class Loop:
    """An innermost loop: its instructions as (address, bytes, Op), and by address how many
    cycles each waits in a pass that follows another."""

    lines: list
    waits: dict
    branches: bool  # the cost is that of a pass that executes every instruction

    @property
    def stalls(self):
        return sum(self.waits.values())

    @property
    def cycles(self):
        return len(self.lines) + self.stalls


def loops(code):
    """The innermost loops of a kernel's code, in its order."""
    return [_loop(code, start, end) for start, end in sorted(code.innermost)]


def _loop(code, start, end):
    lines = [line for line in code.lines if start <= line[0] < end]
    ops = [op for _, _, op in lines]
    waits = steady_waits(ops)
    jumps = [op for op in ops[:-1] if op.name[0] in "bj"]
    return Loop(
        lines,
        {address: wait for (address, _, _), wait in zip(lines, waits, strict=True) if wait},
        bool(jumps),
    )


def steady_waits(ops, place=None):
    """How many cycles each instruction of a loop's body waits for its operands, when passes
    follow each other."""
    return _run(ops * 3, place)[0][2 * len(ops) :]


def waits(ops):
    """How many cycles each of these instructions waits, executed one after another."""
    return _run(ops, None)[0]


def left_over(ops, place=None):
    """{register: how many cycles after these instructions it can be read}."""
    waits, ready = _run(ops, place)
    end = len(ops) + sum(waits)
    return {register: at - end for register, at in ready.items() if at > end}


def _run(ops, place):
    """(cycles that each instruction of straight code waits, {register: when it can be read})."""
    ready, now, waits, known = {}, 0, [], {}
    for op in ops:
        if id(op) not in known:
            known[id(op)] = reads(op, place), writes(op, place).items()
        wait = 0
        for register in known[id(op)][0]:
            wait = max(wait, ready.get(register, 0) - now)
        waits.append(wait)
        now += wait
        for register, after in known[id(op)][1]:
            ready[register] = now + after
        now += 1
    return waits, ready


def reads(op, place=None):
    return [register for register, _, role in _registers(op, place) if role in "r+"]


def writes(op, place=None):
    """{register: cycles until it can be read}. A pointer that a load moves is ready at once."""
    latency = LATENCY.get(op.name, 1)
    result = {
        register: latency if position == 0 else 1
        for register, position, role in _registers(op, place)
        if role in "<+"
    }
    if op.name in MAXIMA:  # they become a comparison and a move
        result["b", 0] = 1
    return result


def _registers(op, place):
    """(register, position, role) of the operands that are registers: a Register, or if `place`
    gives each its number or it has one already, its bank and that."""
    result = []
    for position, (arg, spec) in enumerate(zip(op.args, op.fields, strict=True)):
        if isinstance(arg, Register):
            result.append(((arg.bank, place[arg]) if place else arg, position, spec[2:] or "r"))
        elif spec[0] in "afb" and spec[1:2] in ("r", "s", "t"):
            # A comparison writes its flag, a branch or a move reads it.
            role = "<" if spec == "br" else spec[2:] or "r"
            result.append(((spec[0], arg), position, role))
    return result
