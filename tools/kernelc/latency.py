"""Estimate the cost of loops: one cycle for each instruction, and the stalls.

An instruction stalls if it reads a result that is not ready yet (xtensa.py has the latencies). The
estimate leaves out the cost of taken branches, which zero-overhead loops do not have, and slow
memory.
"""

from dataclasses import dataclass

from .ir import Register


@dataclass
class Loop:
    """An innermost loop in machine code. `lines` is the list of its instructions as (address,
    bytes, Op). `waits` is {address: cycles that the instruction waits} in a pass that follows
    another pass, without the instructions that do not wait."""

    lines: list
    waits: dict
    branches: bool  # True if it branches; the cost is for a pass that executes every instruction

    @property
    def stalls(self):
        """The cycles of a pass in which the processor waits for a result."""
        return sum(self.waits.values())

    @property
    def cycles(self):
        """The cycles of a pass."""
        return len(self.lines) + self.stalls


def loops(code):
    """Return the list of the innermost loops of a kernel's `assemble.Code`, as Loops in the order
    of the code."""
    return [_loop(code, start, end) for start, end in sorted(code.innermost)]


def _loop(code, start, end):
    lines = [line for line in code.lines if start <= line[0] < end]
    ops = [op for _, _, op in lines]
    waits = steady_waits(ops)
    jumps = [op for op in ops[:-1] if op.row.jumps]
    return Loop(
        lines,
        {address: wait for (address, _, _), wait in zip(lines, waits, strict=True) if wait},
        bool(jumps),
    )


def steady_waits(ops):
    """Return the list of the cycles that each instruction of a loop's body waits for its operands,
    when passes follow each other."""
    return _run(ops * 3)[0][2 * len(ops) :]


def waits(ops):
    """Return the list of the cycles that each of these instructions waits, executed one after
    another."""
    return _run(ops)[0]


def left_over(ops):
    """Return {register: cycles after these instructions until it can be read}, without the
    registers that can be read at once. A register is as in `reads`."""
    waits, ready = _run(ops)
    end = len(ops) + sum(waits)
    return {register: at - end for register, at in ready.items() if at > end}


def _run(ops):
    """Return (the cycles that each instruction of straight code waits, {register: the cycle from
    which it can be read})."""
    ready, now, waits, known = {}, 0, [], {}
    for op in ops:
        if id(op) not in known:
            known[id(op)] = reads(op), writes(op).items()
        wait = 0
        for register in known[id(op)][0]:
            wait = max(wait, ready.get(register, 0) - now)
        waits.append(wait)
        now += wait
        for register, after in known[id(op)][1]:
            ready[register] = now + after
        now += 1
    return waits, ready


def reads(op):
    """Return the list of the registers that an instruction reads: Registers, or (bank, number) for
    physical ones."""
    return [register for register, operand in _registers(op) if operand.reads]


def writes(op):
    """Return {register that an instruction writes: cycles until it can be read}; registers are as
    in `reads`. A pointer that a load or store advances can be read by the next instruction: 1
    cycle."""
    result = {
        register: op.row.latency if operand is op.row.operands[0] else 1
        for register, operand in _registers(op)
        if operand.writes
    }
    if op.row.flag:
        result["b", 0] = 1
    return result


def _registers(op):
    """Return (register, operand) for the operands that are registers: a Register, or (bank, number)
    once it has a place."""
    pairs = zip(op.args, op.row.operands, strict=True)
    return [
        (arg if isinstance(arg, Register) else (operand.bank, arg), operand)
        for arg, operand in pairs
        if operand.bank
    ]
