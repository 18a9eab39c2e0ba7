"""Run compiled kernels under qemu-user, in a small static ELF file with a replacement for the
firmware's function table.

Here each of the firmware's functions is a few instructions. A refused call, which raises a Python
exception in the firmware, ends the program with its code. There are guard words between buffers.
"""

import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tools.kernelc import frame, xtensa
from tools.kernelc.assemble import Code
from tools.kernelc.ir import Label, Op

QEMU = shutil.which("qemu-xtensa")
REASON = "needs qemu-xtensa with its de233_fpu core (Debian: apt install qemu-user)"
COMMAND = [QEMU or "", "-cpu", "de233_fpu"]

xtensa.INSTRUCTIONS["syscall"] = xtensa.row(0x005000)

BASE = 0x100000
SYS_EXIT, SYS_WRITE = 118, 13  # linux/arch/xtensa, unistd.h
ARRAY, FLOAT = 0xA110C8ED, 0xF10A7001  # the first words of objects here
GUARD = 0xDEADBEEF


class Refused(Exception):
    """The kernel would have raised: (reason, position of the argument)."""

    @property
    def reason(self):
        return self.args[0]


class Memory:
    """An image under construction at BASE."""

    def __init__(self):
        self.data = bytearray()

    def here(self):
        while len(self.data) % 4:
            self.data.append(0)
        return BASE + len(self.data)

    def words(self, *values):
        address = self.here()
        for value in values:
            self.data += struct.pack("<I", value & 0xFFFFFFFF)
        return address

    def code(self, code):
        address = self.here()
        self.data += code.bytes
        return address

    def assemble(self, *lines):
        ops = [Op(name, args) for name, *args in lines]
        return self.code(Code(ops))


TYPECODES = {
    "float32": "f", "int32": "i", "int16": "h", "uint16": "H", "int8": "b", "uint8": "B",
}  # fmt: skip


class Argument:
    """An array as an object for the replaced get_buffer; start and stop make it a slice."""

    def __init__(self, array, start=0, stop=None, typecode=None, writable=True):
        self.array = array
        self.start = start
        self.stop = len(array) if stop is None else stop
        self.typecode = ord(typecode or TYPECODES[array.dtype.name])
        self.writable = writable


class Wrong:
    """An object that is neither a buffer nor a small int."""


def run(code, *args, n_args=None, n_kw=0):
    """Call one kernel, which updates arrays in place; return its result: None, an int or a float.
    Raises Refused."""
    return run_all([(code, args, n_args, n_kw)])[0]


def trace(code, *args):
    """Call one kernel; return the addresses of the executed instructions, relative to its code, in
    order. Raises Refused."""
    log = []
    run_all([(code, args, None, 0)], log)
    function, *executed = log
    return [address - function for address in executed if 0 <= address - function < len(code.bytes)]


def run_all(calls, log=None):
    """Do several calls in one process, each a (code, args, n_args, n_kw). A list `log` receives the
    address of the last kernel and the addresses of all executed instructions."""
    memory = Memory()
    places = {}
    table = _function_table(memory)
    _objects(memory, calls, places)
    results = memory.words(*[0] * len(calls))
    main = [("entry", 1, 64)]
    for i, (code, args, n_args, n_kw) in enumerate(calls):
        function = memory.code(code)
        objects = memory.words(*(places[id(arg)] if id(arg) in places else arg << 1 | 1
                                 for arg in args))  # fmt: skip
        constants = memory.words(table)
        strings = memory.words(0)
        context = memory.words(0, 0, strings, constants)
        main += [
            ("constant", 10, memory.words(0, context, 0, function)),
            ("constant", 11, len(args) if n_args is None else n_args),
            ("constant", 12, n_kw),
            ("constant", 13, objects),
            ("constant", 8, function),
            ("callx8", 8),
            ("constant", 9, results + 4 * i),
            ("s32i", 10, 9, 0),
        ]
    dump = memory.words(0, 0)  # length; refusal
    main += [("constant", 8, _writer(memory, dump)), ("callx8", 8)]
    start = memory.assemble(*main)
    refused = table - BASE + 4 * frame.CALL
    struct.pack_into("<I", memory.data, refused, _refuser(memory, dump))
    memory.here()
    struct.pack_into("<I", memory.data, dump - BASE, len(memory.data))
    if log is not None:
        log.append(function)
    image = _execute(memory, start, log)
    refusal = struct.unpack_from("<I", image, dump - BASE + 4)[0]
    _read_back(image, calls, places)
    if refusal:
        reasons = {number: reason for reason, number in frame.REASONS.items()}
        raise Refused(reasons[refusal >> 5 & 15], refusal >> 1 & 15)
    values = struct.unpack_from(f"<{len(calls)}I", image, results - BASE)
    return [_result(value) for value in values]


def _result(value):
    if value == 0:
        return None
    return value >> 1 if value < 1 << 31 else (value - (1 << 32)) >> 1


def _objects(memory, calls, places):
    kept = places.setdefault("kept", [])
    arrays = {}
    for _, args, _, _ in calls:
        for arg in args:
            if isinstance(arg, (bool, int)) and arg is not True and arg is not False:
                continue
            if id(arg) in places:
                continue
            kept.append(arg)
            if isinstance(arg, float):
                places[id(arg)] = memory.words(FLOAT, *struct.unpack("<I", struct.pack("<f", arg)))
                continue
            if isinstance(arg, np.ndarray):
                view = Argument(arg)
            elif isinstance(arg, Argument):
                view = arg
            else:
                places[id(arg)] = memory.words(0)
                continue
            array = view.array
            if id(array) not in arrays:
                memory.words(GUARD, GUARD)
                arrays[id(array)] = memory.here()
                memory.data += array.tobytes()
                memory.data += struct.pack("<II", GUARD, GUARD)
                places["arrays"] = places.get("arrays", []) + [(array, arrays[id(array)])]
            places[id(arg)] = memory.words(
                ARRAY,
                arrays[id(array)] + array.itemsize * view.start,
                array.itemsize * (view.stop - view.start),
                view.typecode,
                view.writable,
            )


def _read_back(image, calls, places):
    for array, address in places.get("arrays", []):
        begin = address - BASE
        guards = image[begin - 8 : begin] + image[begin + array.nbytes : begin + array.nbytes + 8]
        assert guards == struct.pack("<I", GUARD) * 4, "a kernel wrote beyond a buffer"
        array[:] = np.frombuffer(image, array.dtype, array.size, begin)


def _function_table(memory):
    wrong, read_only = Label(), Label()
    get_buffer = memory.assemble(
        ("entry", 1, 32),
        ("slli", 8, 2, 31),  # an int
        ("bnez", 8, wrong),
        ("l32i", 8, 2, 0),
        ("constant", 9, ARRAY - (1 << 32)),
        ("bne", 8, 9, wrong),
        ("l32i", 8, 2, 16),
        ("bnez", 8, read_only),
        ("srai", 4, 4, 1),
        ("bnez", 4, wrong),
        ("label", read_only),
        *(line for i in range(3) for line in (("l32i", 8, 2, 4 + 4 * i), ("s32i", 8, 3, 4 * i))),
        ("movi", 2, 1),
        ("retw.n",),
        ("label", wrong),
        ("movi", 2, 0),
        ("retw.n",),
    )  # fmt: skip
    to_object = memory.assemble(("entry", 1, 32), ("slli", 2, 2, 1), ("addi", 2, 2, 1), ("retw.n",))
    get_float = memory.assemble(("entry", 1, 32), ("l32i", 2, 2, 4), ("retw.n",))
    same = memory.assemble(("entry", 1, 32), ("retw.n",))
    entries = [0] * 70
    entries[frame.TO_OBJECT] = to_object
    entries[frame.LOAD_ATTR] = same
    entries[frame.NEW_FLOAT] = same
    entries[frame.GET_FLOAT] = get_float
    entries[frame.GET_BUFFER] = get_buffer
    return memory.words(*entries)


def _writer(memory, dump):
    """Write the whole image to standard output and exit."""
    return memory.assemble(
        ("entry", 1, 32),
        ("constant", 9, dump),
        ("l32i", 4, 9, 0),
        ("constant", 3, BASE),
        ("movi", 6, 1),
        ("movi", 2, SYS_WRITE),
        ("syscall",),
        ("movi", 6, 0),
        ("movi", 2, SYS_EXIT),
        ("syscall",),
    )


def _refuser(memory, dump):
    """call(refuse, 2, [code, kernel]) as the function table has it: keep the code, write, exit."""
    return memory.assemble(
        ("entry", 1, 32),
        ("l32i", 8, 4, 0),
        ("constant", 9, dump),
        ("s32i", 8, 9, 4),
        ("constant", 8, _writer(memory, dump)),
        ("callx8", 8),
    )


def elf(memory, start):
    """Return a static little-endian Xtensa executable with one segment."""
    size = len(memory.data)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2, 94, 1, start, 52, 0, 0, 52, 32, 1, 0, 0, 0,
    )  # fmt: skip
    program = struct.pack("<8I", 1, 0x1000, BASE, BASE, size, size + 0x1000, 7, 0x1000)
    return (header + program).ljust(0x1000, b"\0") + bytes(memory.data)


def _execute(memory, start, log=None):
    with tempfile.TemporaryDirectory() as folder:
        path, logged = Path(folder) / "kernel", Path(folder) / "log"
        path.write_bytes(elf(memory, start))
        path.chmod(0o755)
        options = [] if log is None else ["-singlestep", "-d", "nochain,exec", "-D", str(logged)]
        done = subprocess.run([*COMMAND, *options, str(path)], capture_output=True, timeout=60)
        if log is not None:
            pattern = r"^Trace .*?\[[0-9a-f]+/([0-9a-f]+)/"
            log += [int(a, 16) for a in re.findall(pattern, logged.read_text(), re.MULTILINE)]
    if done.returncode or len(done.stdout) != len(memory.data):
        raise RuntimeError(f"qemu-xtensa ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout
