"""Assign virtual registers to a2 … a15 and f0 … f15.

This is a linear scan (Poletto & Sarkar 1999). A register is occupied from its first to its last
mention, and to the end of every loop that it enters from outside. If there are too few registers,
the one with the fewest uses, weighted by loops, moves to the stack: with a load before each use and
a store after each definition. Then the scan starts again.
"""

from dataclasses import dataclass, replace

from .frame import homes
from .ir import Op, Register

PHYSICAL = {"a": list(range(2, 16)), "f": list(range(16))}
STACK = 1  # a1
SELDOM = 16  # a use in cold code counts as much as 1 / SELDOM others
LOAD_STORE = {"a": ("l32i", "s32i"), "f": ("lsi", "ssi")}


def allocate(program):
    """Give every virtual register a place, or room on the stack if there are too few places.

    Return the new Program: `registers` is {Register: its number}, `ops` has the loads and stores
    for the stack, and `stack` is the end of the used part in bytes."""
    _, stack = homes(program.kernel)
    scan = _LinearScan(program.ops, program.regions, stack)
    end = stack + 4 * len(scan.slots)
    return replace(program, ops=scan.ops, registers=scan.places, stack=end)


@dataclass
class Interval:
    """The part of the code in which a register's value is needed. `start` and `end` are 2i where
    instruction i reads and 2i + 1 where it writes. The register with the least `weight` moves to
    the stack first; it grows with the uses, those in loops above all, and falls with the length."""

    register: Register
    start: int
    end: int
    weight: float


class _LinearScan:
    """The allocation: `ops` with spill code, `places[register]` with the number of each register,
    and `slots` with the stack words in use, from `stack` on."""

    def __init__(self, ops, regions, stack):
        self.ops = ops
        self.regions = regions
        self.stack = stack
        self.slots = {}
        self.short = set()  # registers that spilling made: they must stay
        while spilled := self._scan():
            self._spill(spilled)

    def _intervals(self):
        """Return the intervals in which registers are occupied. The instruction at index i reads at
        2i and writes at 2i + 1."""
        mentions = {}
        position = {op.label: 2 * i for i, op in enumerate(self.ops) if op.label}
        loops = [(position[region.start], position[region.end]) for region in self.regions]
        weight = 1.0
        starts, ends = [start for start, _ in loops], [end for _, end in loops]
        uses = {}
        cold = None  # the end of the cold code
        for i, op in enumerate(self.ops):
            weight *= 8 ** starts.count(2 * i) / 8 ** ends.count(2 * i)
            if cold and op.label is cold:
                weight, cold = weight * SELDOM, None
            for where, registers in ((2 * i, op.uses), (2 * i + 1, op.defs)):
                for register in registers:
                    mentions.setdefault(register, []).append(where)
                    uses[register] = uses.get(register, 0) + weight
            if op.past_cold and not cold:
                weight, cold = weight / SELDOM, op.target
        result = []
        for register, places in mentions.items():
            start, end = places[0], places[-1]
            for loop_start, loop_end in loops:
                if start < loop_start and any(loop_start < p < loop_end for p in places):
                    end = max(end, loop_end)
            cost = uses[register] / (end - start + 2)
            if register.again:
                cost /= 2
            if register in self.short:
                cost = float("inf")
            result.append(Interval(register, start, end, cost))
        return sorted(result, key=lambda interval: interval.start)

    def _scan(self):
        """Give every register its place; return the registers that must move to the stack."""
        self.places = {}
        friends = self._friends()
        active, spilled = [], []
        for interval in self._intervals():
            active = [other for other in active if other.end >= interval.start]
            bank = interval.register.bank
            rivals = [other for other in active if other.register.bank == bank]
            taken = {self.places[other.register] for other in rivals}
            free = [place for place in PHYSICAL[bank] if place not in taken]
            if not free:
                victim = min([*rivals, interval], key=lambda other: other.weight)
                spilled.append(victim.register)
                if victim is interval:
                    continue
                active.remove(victim)
                free = [self.places.pop(victim.register)]
            liked = [self.places.get(friend) for friend in friends.get(interval.register, [])]
            liked = [place for place in liked if place in free]
            self.places[interval.register] = liked[0] if liked else free[0]
            active.append(interval)
        return spilled

    def _friends(self):
        """Return the registers that a copy joins. The copy is unnecessary if they share a place."""
        friends = {}
        for op in self.ops:
            if op.name == "mov":
                friends.setdefault(op.args[0], []).append(op.args[1])
                friends.setdefault(op.args[1], []).append(op.args[0])
        return friends

    def _spill(self, spilled):
        spilled = set(spilled)
        ops = []
        for op in self.ops:
            if any(register in spilled and register.again for register in op.defs):
                continue  # made anew at each use
            before, after = [], []
            for register in dict.fromkeys([*op.uses, *op.defs]):
                if register in spilled:
                    op = self._move(op, register, before, after)
            ops += [*before, op, *after]
        self.ops = ops

    def _move(self, op, register, before, after):
        """Let one instruction use a short-lived register instead of a spilled one."""
        room = Register(register.bank, register.name)
        self.short.add(room)
        load, store = LOAD_STORE[register.bank]
        if register in op.uses:
            name, args = register.again or (load, [1, self._slot(register)])
            before.append(Op(name, [room, *args], op.line))
        if register in op.defs:
            after.append(Op(store, [room, 1, self._slot(register)], op.line))
        return op.having(room if arg is register else arg for arg in op.args)

    def _slot(self, register):
        if register not in self.slots:
            self.slots[register] = self.stack + 4 * len(self.slots)
        return self.slots[register]


def assign(program):
    """Replace registers by their places, and remove copies to the same place and unneeded loads.

    Return the new Program, with other `ops`, whose registers are numbers."""
    places = program.registers
    holds, kept = {}, []  # {(bank, place): the stack's word whose value it has}
    for op in program.ops:
        if op.label:
            holds.clear()
        if op.name == "mov" and places[op.args[0]] == places[op.args[1]]:
            continue
        defs = [(register.bank, places[register]) for register in op.defs]
        on_stack = op.row.memory and op.args[1] == STACK
        if on_stack and op.defs and holds.get(defs[0]) == op.args[2]:
            continue
        for place in defs:
            holds.pop(place, None)
        if on_stack:
            if not op.defs:  # a store: others do not hold that word's value any more
                holds = {place: slot for place, slot in holds.items() if slot != op.args[2]}
            holds[op.args[0].bank, places[op.args[0]]] = op.args[2]
        kept.append(_placed(op, places))
    return replace(program, ops=kept)


def _placed(op, places):
    name = op.name
    if name == "mov":
        name = {"a": "mov.n", "f": "mov.s"}[op.args[0].bank]
    args = [places[arg] if isinstance(arg, Register) else arg for arg in op.args]
    return replace(op, name=name, args=args)
