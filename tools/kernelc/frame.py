"""Add the code around a kernel: the entry with its argument checks, the return, and the refusal.

MicroPython calls a viper function as f(self, n_args, n_kw, args) in the windowed ABI, that is
in a2 … a5, and takes an object as result (py/objfun.c, fun_viper_call). The firmware's own
functions are reached as viper code reaches them, through the table that the module's first
constant points to: self → context (word 1) → constants (word 3) → mp_fun_table
(py/emitnative.c, emit_native_start_pass). Its order is fixed for mpy v6.3 (py/nativeglue.c).

A buffer's address, length and type code come from mp_get_buffer, which knows the offset of
memoryview slices. If an argument is wrong, a7 gets a code, and `refuse`, a Python function of the
module, raises the exception.
"""

import ast
from dataclasses import replace

from .flatten import OPENED
from .ir import Label, Op
from .subset import BUFFERS

# Indices in mp_fun_table.
NONE, TO_OBJECT, LOAD_ATTR, CALL = 0, 4, 9, 27
NEW_FLOAT, GET_FLOAT, GET_BUFFER = 60, 62, 65
NATIVE_INT = 2  # MP_NATIVE_TYPE_INT

# The stack holds the value to return, self, the function table, the parameters, spilled registers
# and arrays. Above them are 32 bytes in which callees save our registers (manual, Windowed Register
# Option).
RETURN_SLOT, SELF_SLOT, TABLE_SLOT, FIRST_HOME = 0, 4, 8, 12
SAVE_AREA = 32

# The kinds of arguments. BUFFER and WRITE are flags of mp_get_buffer.
BUFFER, WRITE, INTS = 1, 2, 4
INT, FLOAT = 2, 4  # without BUFFER
HOME_BYTES = 12  # mp_buffer_info_t: address, length in bytes, type code

# The reason for a refusal is in bits 4 … 7 of the code for `refuse`; bits 0 … 3 are the argument.
REASONS = {"type": 0, "arguments": 1, "length": 2, "index": 3, "division": 4}


def homes(kernel):
    """Return ({parameter's name: its offset on the stack}, the offset after them), in bytes."""
    offsets = {name: FIRST_HOME + HOME_BYTES * i for i, (name, _) in enumerate(kernel.params)}
    return offsets, FIRST_HOME + HOME_BYTES * len(offsets)


def array_places(kernel):
    """Return ({name: (offset, `arrays.Array`)} of the arrays that the kernel creates, the offset
    after them). Offsets are in bytes, from the first array."""
    places, end = {}, 0
    for name, array in kernel.arrays.items():
        places[name] = end, array
        end += 4 * array.length
    return places, end


def frame(program):
    """Add the code around a kernel: the entry, which checks the arguments, the return, and the code
    that raises the exception for a refused call.

    Return the new Program; its `ops` have these instructions and those of the kernel."""
    parts = _Frame(program)
    ops = [final for op in program.ops for final in parts.with_address(op)]
    split = [op.label for op in ops].index(OPENED)
    door, body = ops[:split], ops[split:]
    # Refusals lie between, in reach of short branches from both sides.
    ops = [*parts.entry(), *door, *parts.between(), *body, *parts.leave()]
    return replace(program, ops=ops)


class _Frame:
    """Emits the instructions around a kernel's code."""

    def __init__(self, program):
        self.program = program
        self.kernel = program.kernel
        self.places = program.places
        self.refuse = Label("refuse")
        self.line = program.kernel.node.lineno

    def with_address(self, op):
        """Return a list with the instruction, or with those that compute the address of an array,
        which is above the spilled registers."""
        if op.name != "array_address":
            return [op]
        place, offset = op.args
        constant = Op("constant", [place, self.program.stack + offset], op.line)
        return [constant, Op("add", [place, place, 1], op.line)]

    def between(self):
        body = Label("body")
        return [
            *self._ops(("j", body)),
            *self._stubs(self.program.tree.refusals),
            *self._refuse(self.program.number),
            *self._ops(("label", body)),
        ]

    def _ops(self, *lines):
        return [Op(line[0], list(line[1:]), self.line) for line in lines]

    def _call(self, index, table=8):
        """Call an entry of the function table: arguments in a10 …, result in a10."""
        ops = [] if table != 8 else [("l32i", 8, 1, TABLE_SLOT)]
        return [*ops, ("l32i", 8, table, 4 * index), ("callx8", 8)]

    def entry(self):
        """Emit the checks of all arguments: a loop over a word with three bits for each."""
        _, arrays = array_places(self.kernel)
        size = (self.program.stack + arrays + SAVE_AREA + 15) // 16 * 16
        stored = _stored(self.program.statements)
        params = self.kernel.params
        kinds = [_kind(kind, name in stored) for name, kind in params]
        simple = all(kind in ("floats", "ints") for _, kind in params if kind in BUFFERS)
        loop, buffer, number, following = Label(), Label(), Label(), Label()
        ops = self._ops(
            ("entry", 1, size),
            ("s32i", 2, 1, SELF_SLOT),
            ("l32i", 8, 2, 4),
            ("l32i", 8, 8, 12),
            ("l32i", 6, 8, 4 * self.places["table"]),
            ("s32i", 6, 1, TABLE_SLOT),
            ("constant", 7, REASONS["arguments"] << 4),
            ("addi", 8, 3, -len(kinds)),
            ("or", 8, 8, 4),
            ("bnez", 8, self.refuse),
        )
        if not kinds:
            return ops
        ops += self._ops(
            ("l32i", 4, 6, 4 * GET_BUFFER),
            ("constant", 3, sum(kind << 3 * i for i, kind in enumerate(kinds))),
            ("addi", 2, 1, FIRST_HOME),
            ("constant", 7, 0),
            ("label", loop),
            ("l32i", 10, 5, 0),
            ("addi", 5, 5, 4),
            ("addi", 7, 7, 1),
            ("bbsi", 3, 0, buffer),
        )
        if FLOAT in kinds:
            ops += self._ops(
                ("slli", 8, 3, 29),
                ("bgez", 8, number),
                *self._call(GET_FLOAT, table=6),
                ("s32i", 10, 2, 0),
                ("j", following),
            )
        # The type code minus "f" is 3 for "i". Each other kind of buffer has a separate check.
        ints = [("extui", 9, 3, 2, 1), ("addx2", 9, 9, 9), ("sub", 8, 8, 9)]
        typecode = [
            ("l32i", 8, 2, 8),
            ("addi", 8, 8, -ord("f")),
            *(ints if any(kind & BUFFER and kind & INTS for kind in kinds) else []),
            ("bnez", 8, self.refuse),
        ]
        # A small int is 2 · value + 1; no other object is odd (py/obj.h).
        return ops + self._ops(
            ("label", number),
            ("slli", 8, 10, 31),
            ("bgez", 8, self.refuse),
            ("bltz", 10, self.refuse),
            ("srai", 10, 10, 1),
            ("s32i", 10, 2, 0),
            ("j", following),
            ("label", buffer),
            ("mov.n", 11, 2),
            ("extui", 12, 3, 0, 2),
            ("callx8", 4),
            ("beqz", 10, self.refuse),
            *(typecode if simple else []),
            ("label", following),
            ("srai", 3, 3, 3),
            ("addi", 2, 2, HOME_BYTES),
            ("bnez", 3, loop),
            *([] if simple else self._typecodes()),
        )

    def _typecodes(self):
        """Emit the comparison of each buffer's type code with the codes that it may have."""
        lines = []
        for position, (_, kind) in enumerate(self.kernel.params):
            if kind not in BUFFERS:
                continue
            *others, last = BUFFERS[kind].typecodes
            right = Label("right")
            lines += [
                ("constant", 7, REASONS["type"] << 4 | position + 1),
                ("l32i", 9, 1, FIRST_HOME + HOME_BYTES * position + 8),
                *(line for code in others for line in (("addi", 8, 9, -code), ("beqz", 8, right))),
                ("addi", 8, 9, -last),
                ("bnez", 8, self.refuse),
                ("label", right),
            ]
        return lines

    def leave(self):
        """Emit the return of None, or of the number in its place on the stack."""
        ops = self._ops(("label", self.program.tree.epilogue))
        if self.kernel.returns == "none":
            return ops + self._ops(
                ("l32i", 2, 1, TABLE_SLOT), ("l32i", 2, 2, 4 * NONE), ("retw.n",)
            )
        make = [("l32i", 10, 1, RETURN_SLOT)]
        if self.kernel.returns == "int":
            make += [("constant", 11, NATIVE_INT), *self._call(TO_OBJECT)]
        else:
            make += self._call(NEW_FLOAT)
        return ops + self._ops(*make, ("mov.n", 2, 10), ("retw.n",))

    def _stubs(self, refusals):
        ops = []
        for (kind, position), label in refusals.items():
            code = REASONS[kind] << 4 | position
            ops += self._ops(("label", label), ("constant", 7, code), ("j", self.refuse))
        return ops

    def _refuse(self, number):
        """Emit the call _refuse(code, number of the kernel), with its arguments in the place of
        self."""
        return self._ops(
            ("label", self.refuse),
            ("l32i", 10, 1, SELF_SLOT),
            ("l32i", 10, 10, 4),  # the context begins with the module object
            ("l32i", 8, 10, 8),  # its table of strings, 16 bits each
            ("l16ui", 11, 8, 2 * self.places["refuse"]),
            *self._call(LOAD_ATTR),
            ("constant", 11, 1),
            ("addx2", 8, 7, 11),
            ("s32i", 8, 1, RETURN_SLOT),
            ("constant", 8, number << 1 | 1),
            ("s32i", 8, 1, RETURN_SLOT + 4),
            ("constant", 11, 2),
            ("mov.n", 12, 1),
            *self._call(CALL),
            ("retw.n",),  # not reached
        )


def _kind(kind, stored):
    """Return the three bits for a parameter that the entry checks."""
    if kind in BUFFERS:
        return BUFFER | WRITE * stored | INTS * (kind == "ints")
    return INT if kind == "int" else FLOAT


def _stored(statements):
    """Return the names of the buffers that are written."""
    return {
        node.value.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
