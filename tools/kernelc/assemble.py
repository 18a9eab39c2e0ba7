"""Instructions with physical registers → bytes.

Short forms where they fit; conditional branches that reach too far jump around a jump; the
first instruction of a zero-overhead loop is placed so that one 4-byte fetch gets it. Constants
of more than 12 bits lie before the entry, behind a jump, as viper code has them.
"""

from .xtensa import OPPOSITE, Label, Op, OutOfRange, Register, encode, size


class LoopTooLong(Exception):
    """A zero-overhead loop's body is 256 bytes or more; `end` is its last label."""

    def __init__(self, end):
        super().__init__()
        self.end = end


class Code:
    """`bytes` of one kernel, `lines`: (address, bytes, Op) of each instruction, and `innermost`:
    where its innermost loops begin and end."""

    def __init__(self, ops, places, regions=()):
        self.literals = {}  # value: Label
        ops = [final for op in ops for final in self._finish(op, places)]
        ops = [
            op for op, after in zip(ops, [*ops[1:], None], strict=True) if not _jumps_to(op, after)
        ]
        start = Label("start")
        long = set()
        while self._place(ops, start, long):
            pass
        self.bytes, self.lines = self._encode(ops, start, long)
        self.innermost = [(r.start.address, r.end.address) for r in regions if r.innermost]

    def _finish(self, op, places):
        """The instructions of an op, in their shortest form."""
        args = [places[a] if isinstance(a, Register) else a for a in op.args]
        name, line = op.name, op.line
        if name == "mov":
            name = "mov.s" if op.args[0].bank == "f" else "mov.n"
        elif name in ("at_least", "at_most"):
            x, y = args
            compare = [0, x, y] if name == "at_least" else [0, y, x]
            return [Op("olt.s", compare, line), Op("movt.s", [x, y, 0], line)]
        elif name == "constant":
            value = args[1]
            if -2048 <= value <= 2047:
                name = "movi.n" if -32 <= value <= 95 else "movi"
            else:
                name, args[1] = "l32r", self.literals.setdefault(value, Label(f"{value:#x}"))
        elif name == "addi" and (args[2] == -1 or 1 <= args[2] <= 15):
            name = "addi.n"
        elif name == "add":
            name = "add.n"
        elif name in ("l32i", "s32i") and args[2] <= 60:
            name += ".n"
        return [Op(name, args, line)]

    def _place(self, ops, start, long):
        """Set the labels' addresses. Returns True if a branch had to become longer."""
        address = 4 if self.literals else 0
        for label in self.literals.values():
            label.address = address
            address += 4
        start.address = address
        self.padding = {}
        for i, op in enumerate(ops):
            if op.name == "label":
                op.args[0].address = address
                continue
            if op.name == "loopgtz":
                first = next(other for other in ops[i + 1 :] if other.name != "label")
                padding = 0
                while (address + padding + 3) % 4 + size(first.name) > 4:
                    padding += 2
                self.padding[i] = padding
                address += padding
            op.address = address
            address += size(op.name) + (3 if i in long else 0)
        grown = False
        for i, op in enumerate(ops):
            if op.name in OPPOSITE and i not in long:
                try:
                    encode(op, op.address)
                except OutOfRange:
                    long.add(i)
                    grown = True
        return grown

    def _encode(self, ops, start, long):
        lines = []
        code = bytearray()

        def put(op, label=None):
            try:
                data = encode(op, len(code))
            except OutOfRange:
                if op.name == "loopgtz":
                    raise LoopTooLong(op.args[-1]) from None
                raise
            lines.append((len(code), data, op))
            code.extend(data)

        if self.literals:
            put(Op("j", [start]))
            code.append(0)
            for value in self.literals:
                code.extend((value & 0xFFFFFFFF).to_bytes(4, "little"))
        for i, op in enumerate(ops):
            if op.name == "label":
                continue
            for _ in range(self.padding.get(i, 0) // 2):
                put(Op("nop.n", [], op.line))
            if i in long:
                beyond = Label()
                beyond.address = len(code) + 6
                put(Op(OPPOSITE[op.name], [*op.args[:-1], beyond], op.line))
                put(Op("j", [op.args[-1]], op.line))
            else:
                put(op)
        return bytes(code), lines


def _jumps_to(op, after):
    return op.name == "j" and after and after.name == "label" and after.args[0] is op.args[0]
