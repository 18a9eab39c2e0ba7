"""Turn instructions with physical registers into bytes.

Instructions take their short forms where these fit. A conditional branch to a distant label becomes
the opposite branch around a jump. The first instruction of a zero-overhead loop is placed so that
one 4-byte fetch reads it. Constants of more than 12 bits, and tables, lie before the entry, after a
jump, as in viper code.
"""

from dataclasses import replace

from .ir import Label, Op
from .xtensa import OutOfRange, encode, size


class LoopTooLong(Exception):
    """The body of a zero-overhead loop has more than 256 bytes. `loop` is its `ir.Loop` in the
    tree."""

    def __init__(self, loop):
        super().__init__()
        self.loop = loop


def assemble(program):
    """Replace the last instructions that are not real, and turn all into bytes. Raises LoopTooLong.

    Return the new Program, with the `Code` in `code`. Raises CompileError if the kernel is too
    large."""
    kernel = program.kernel
    try:
        return replace(program, code=Code(program.ops, program.regions, program.tree.tables))
    except OutOfRange:
        kernel.refuse(kernel.node, f"{kernel.name} is too large: make two kernels of it")


class Code:
    """The machine code of one kernel. `bytes` is the code, with its large constants and tables at
    the start. `lines` is a list of (address, bytes, Op) of the instructions, with addresses instead
    of labels, and `innermost` a list of (start, end) of the innermost loops: the loop's code is at
    start ≤ address < end. Address 0 is the first byte. It is made from the Ops with physical
    registers, their Regions and the tables of the `Tree`. Making it raises LoopTooLong, or
    OutOfRange if the kernel is too large."""

    def __init__(self, ops, regions=(), tables=None):
        self.literals = {}  # value: Label
        self.addresses = {}  # of labels
        self.regions = regions
        used = {arg for op in ops for arg in op.args}
        self.tables = {label: words for label, words in (tables or {}).items() if label in used}
        ops = [final for op in ops for final in self._finish(op)]
        ops = [
            op for op, after in zip(ops, [*ops[1:], None], strict=True) if not _jumps_to(op, after)
        ]
        start = Label("start")
        long = set()
        while self._place(ops, start, long):
            pass
        self.bytes, self.lines = self._encode(ops, start, long)
        where = self.addresses
        self.innermost = [(where[r.start], where[r.end]) for r in regions if r.innermost]

    def _finish(self, op):
        """Return the instructions of an op in their shortest form."""
        name, args, line = op.name, list(op.args), op.line
        if name in ("at_least", "at_most"):
            x, y = args
            compare = [0, x, y] if name == "at_least" else [0, y, x]
            return [Op("olt.s", compare, line), Op("movt.s", [x, y, 0], line)]
        elif name in ("shift_left", "shift_right"):
            result, x, n = args
            amount, shift = ("ssl", "sll") if name == "shift_left" else ("ssr", "sra")
            return [Op(amount, [n], line), Op(shift, [result, x], line)]
        elif name == "constant":
            name = "movi"
            value = args[1]  # an int, or the Label of a table: its address
            if isinstance(value, Label) or not -2048 <= value <= 2047:
                label = Label(f"address of {value}" if isinstance(value, Label) else f"{value:#x}")
                name, args[1] = "l32r", self.literals.setdefault(value, label)
        final = Op(name, args, line)
        return [_shortened(final)]

    def _place(self, ops, start, long):
        """Set the addresses of labels. Returns True if a branch had to become longer."""
        address = 4 if self.literals else 0
        for label in self.literals.values():
            self.addresses[label] = address
            address += 4
        for label, words in self.tables.items():
            self.addresses[label] = address
            address += 4 * len(words)
        self.addresses[start] = address
        self.padding, places = {}, []
        for i, op in enumerate(ops):
            if op.label:
                self.addresses[op.label] = address
            if op.name == "loopgtz":
                first = next(other for other in ops[i + 1 :] if not other.label)
                padding = 0
                while (address + padding + 3) % 4 + size(first.name) > 4:
                    padding += 2
                self.padding[i] = padding
                address += padding
            places.append(address)
            if not op.label:
                address += size(op.name) + (3 if i in long else 0)
        grown = False
        for i, op in enumerate(ops):
            if op.row.opposite and i not in long:
                try:
                    self._bytes(op, places[i])
                except OutOfRange:
                    long.add(i)
                    grown = True
        return grown

    def _bytes(self, op, address):
        return encode(op.name, [self.addresses.get(arg, arg) for arg in op.args], address)

    def _encode(self, ops, start, long):
        lines = []
        code = bytearray()

        def put(op):
            try:
                data = self._bytes(op, len(code))
            except OutOfRange:
                if op.name != "loopgtz":
                    raise
                raise LoopTooLong(self._loop(op.target)) from None
            resolved = op.having(self.addresses.get(arg, arg) for arg in op.args)
            lines.append((len(code), data, resolved))
            code.extend(data)

        if self.literals:
            put(Op("j", [start]))
            code.append(0)
            constants = [self.addresses.get(value, value) for value in self.literals]
            for word in [*constants, *(word for words in self.tables.values() for word in words)]:
                code.extend((word & 0xFFFFFFFF).to_bytes(4, "little"))
        for i, op in enumerate(ops):
            if op.label:
                continue
            for _ in range(self.padding.get(i, 0) // 2):
                put(Op("nop.n", [], op.line))
            if i in long:
                put(Op(op.row.opposite, [*op.args[:-1], len(code) + 6], op.line))
                put(Op("j", [op.target], op.line))
            else:
                put(op)
        return bytes(code), lines

    def _loop(self, end):
        return next(region.loop for region in self.regions if region.end is end)


def _shortened(op):
    """Return the instruction in its 16-bit form if it has one and the operands fit, else as it
    is."""
    if op.row.short:
        short = Op(op.row.short, op.args, op.line)
        try:
            encode(short.name, short.args, 0)
            return short
        except OutOfRange:
            pass
    return op


def _jumps_to(op, after):
    return op.name == "j" and after and after.label is op.target
