"""What surrounds a kernel's code: entry with argument checks, return, and refusal.

MicroPython calls a viper function as f(self, n_args, n_kw, args) in the windowed ABI, that is
in a2 … a5, and takes an object as result (py/objfun.c, fun_viper_call). The firmware's own
functions are reached as viper code reaches them, through the table that the module's first
constant points to: self → context (word 1) → constants (word 3) → mp_fun_table
(py/emitnative.c, emit_native_start_pass). Its order is fixed for mpy v6.3 (py/nativeglue.c).

A buffer's address, length and type code come from mp_get_buffer, so memoryview slices have
their offset. Whatever is wrong is put into a7 and left to `refuse`, a Python function of the
module, which raises the exception.
"""

from .frontend import BUFFERS
from .lower import RETURN_SLOT
from .xtensa import Label, Op

# Indices in mp_fun_table.
NONE, TO_OBJECT, LOAD_ATTR, CALL, CHECK_ARGS = 0, 4, 9, 27, 44
NEW_FLOAT, GET_FLOAT, GET_BUFFER = 60, 62, 65
NATIVE_INT = 2  # MP_NATIVE_TYPE_INT

# Stack: the value to return, self, the function table, the parameters, spilled registers; above
# them the 32 bytes in which callees save our registers (manual, Windowed Register Option).
SELF_SLOT, TABLE_SLOT, FIRST_HOME = 4, 8, 12
SAVE_AREA = 32

# Why a call is refused: bits 4 … 7 of the code that `refuse` gets; 0 … 3 are the argument.
REASONS = {"buffer": 0, "int": 1, "length": 2, "index": 3, "division": 4}
TYPECODE = {"floats": ord("f"), "ints": ord("i")}


def homes(kernel):
    """Where on the stack each parameter lies: {name: offset}; and the end of them."""
    offset = FIRST_HOME
    places = {}
    for name, kind in kernel.params:
        places[name] = offset
        offset += 12 if kind in BUFFERS else 4  # mp_buffer_info_t: address, length, type code
    return places, offset


class Frame:
    """`before` and `after`: the instructions around a kernel's body.

    places says where mpy.py found things in the file: `table` and `refuse` are the indices of
    the function table among the constants and of the name `refuse` among the strings.
    """

    def __init__(self, kernel, number, stored, lowering, stack_end, places):
        self.kernel = kernel
        self.stored = stored  # names of the buffers that are written
        self.places = places
        self.refuse = Label("refuse")
        self.line = kernel.node.lineno
        self.before = self._entry((stack_end + SAVE_AREA + 15) // 16 * 16)
        self.after = [
            *self._return(lowering.epilogue),
            *self._stubs(lowering.refusals),
            *self._refuse(number),
        ]

    def _ops(self, *lines):
        return [Op(line[0], list(line[1:]), self.line) for line in lines]

    def _call(self, index, table=8):
        """Call an entry of the function table: arguments in a10 …, result in a10."""
        ops = [] if table != 8 else [("l32i", 8, 1, TABLE_SLOT)]
        return [*ops, ("l32i", 8, table, 4 * index), ("callx8", 8)]

    def _entry(self, size):
        count = len(self.kernel.params)
        ops = self._ops(
            ("entry", 1, size),
            ("s32i", 2, 1, SELF_SLOT),
            ("l32i", 8, 2, 4),
            ("l32i", 8, 8, 12),
            ("l32i", 6, 8, 4 * self.places["table"]),
            ("s32i", 6, 1, TABLE_SLOT),
            ("mov.n", 10, 3),
            ("mov.n", 11, 4),
            ("constant", 12, count << 17 | count << 1),  # MP_OBJ_FUN_MAKE_SIG
            *self._call(CHECK_ARGS, table=6),
            ("l32i", 4, 6, 4 * GET_BUFFER),
        )
        places, _ = homes(self.kernel)
        for i, (name, kind) in enumerate(self.kernel.params):
            check = self._buffer if kind in BUFFERS else getattr(self, "_" + kind)
            ops += check(i, name, kind, places[name])
        return ops

    def _buffer(self, i, name, kind, home):
        access = 3 if name in self.stored else 1  # MP_BUFFER_RW, MP_BUFFER_READ
        return self._ops(
            ("constant", 7, REASONS["buffer"] << 4 | i + 1),
            ("l32i", 10, 5, 4 * i),
            ("addi", 11, 1, home) if home < 128 else ("constant", 11, home),
            *([] if home < 128 else [("add", 11, 1, 11)]),
            ("constant", 12, access),
            ("callx8", 4),
            ("beqz", 10, self.refuse),
            ("l32i", 8, 1, home + 8),
            ("addi", 8, 8, -TYPECODE[kind]),
            ("bnez", 8, self.refuse),
        )

    def _int(self, i, name, kind, home):
        """A small int is its value doubled, plus 1; no other object is odd (py/obj.h)."""
        return self._ops(
            ("constant", 7, REASONS["int"] << 4 | i + 1),
            ("l32i", 8, 5, 4 * i),
            ("slli", 9, 8, 31),
            ("bgez", 9, self.refuse),
            ("bltz", 8, self.refuse),
            ("srai", 8, 8, 1),
            ("s32i", 8, 1, home),
        )

    def _float(self, i, name, kind, home):
        return self._ops(
            ("l32i", 10, 5, 4 * i),
            *self._call(GET_FLOAT, table=6),
            ("s32i", 10, 1, home),
        )

    def _return(self, label):
        ops = self._ops(("label", label))
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
        """refuse(code): bits 8 and up say which kernel."""
        return self._ops(
            ("label", self.refuse),
            ("l32i", 3, 1, SELF_SLOT),
            ("l32i", 10, 3, 4),  # the context begins with the module object
            ("l32i", 8, 10, 8),  # its table of strings, 16 bits each
            ("constant", 11, 2 * self.places["refuse"]),
            ("add", 8, 8, 11),
            ("l16ui", 11, 8, 0),
            *self._call(LOAD_ATTR),
            ("constant", 11, number << 9 | 1),
            ("addx2", 11, 7, 11),
            ("s32i", 11, 1, RETURN_SLOT),
            ("constant", 11, 1),
            ("mov.n", 12, 1),
            *self._call(CALL),
            ("retw.n",),  # not reached
        )
