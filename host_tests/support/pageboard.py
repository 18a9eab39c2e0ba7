"""A fake board for tests of the page: the host's MicroPython with a raw REPL on stdin and stdout,
and a littlefs in memory. It says that it is an ESP32.

    micropython pageboard.py

It ends when stdin ends. As on a chip, Ctrl-C interrupts code that runs, and overtakes what was
typed before it; at the prompt it is a character. It interrupts where code looks at stdin, and is no
signal: on the host, a signal may strike while MicroPython collects garbage, which then hangs.
"""

import io
import select
import sys

import vfs
from ramdisk import BLOCK, RamDisk

BLOCKS = 512
CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
POLL = 3  # the request to an ioctl: what is ready?

write = sys.stdout.buffer.write


class Stdin(io.IOBase):
    """What was typed. While `interrupts` is True, Ctrl-C raises KeyboardInterrupt."""

    interrupts = False

    def __init__(self):
        self._typed = b""
        self._keys = select.poll()
        self._keys.register(sys.stdin, select.POLLIN)

    def key(self):
        """Wait for a key and return it, or b"" at the end."""
        key = self._typed[:1] or sys.stdin.buffer.read(1)
        self._typed = self._typed[1:]
        return key

    def read(self, n):
        """Return the next n characters, of which `ioctl` has said that they are there."""
        return b"".join(self.key() for _ in range(n)).decode()

    def ioctl(self, request, argument):
        """Say whether something was typed; raise KeyboardInterrupt if that is Ctrl-C."""
        if request != POLL:
            return -1
        while self.interrupts and self._keys.poll(0):
            key = sys.stdin.buffer.read(1)
            if not key:
                break
            if key == CTRL_C:
                raise KeyboardInterrupt
            self._typed += key
        return argument & select.POLLIN if self._typed else 0


class Implementation(tuple):
    """The same as sys.implementation of an ESP32 with MicroPython 1.24."""

    name = "micropython"
    version = (1, 24, 0)
    _machine = "Generic ESP32 module with ESP32"
    _mpy = 0x2B06


class Sys:
    """The module `sys` for code on the board."""

    path = sys.path
    modules = sys.modules
    platform = "esp32"
    stdin = Stdin()
    stdout = sys.stdout
    print_exception = sys.print_exception
    exit = sys.exit
    implementation = Implementation(("micropython", (1, 24, 0), "", 0))


class Machine:
    """The parts of the module `machine` that the library uses."""

    hertz = 160_000_000

    @classmethod
    def freq(cls, hertz=None):
        cls.hertz = hertz or cls.hertz
        return cls.hertz


def run(action, *arguments):
    """Call `action`, and let Ctrl-C interrupt it; return the exception that ended it, or None."""
    try:
        Sys.stdin.interrupts = True
        action(*arguments)
    except BaseException as error:
        return error
    finally:
        Sys.stdin.interrupts = False


def run_raw(code, names):
    """Run the code and print its output between the marks of the raw REPL."""
    write(b"OK")
    error = run(exec, code, names)
    write(CTRL_D)
    if error:
        sys.print_exception(error, sys.stdout)
    write(CTRL_D + b">")


def run_line(code, names):
    """Run a line of the friendly REPL and print its value."""
    error = run(lambda: print(eval(code, names) if code else ""))
    if error:
        sys.print_exception(error, sys.stdout)
    write(b">>> ")


def reset():
    """Unload all modules; return a new namespace."""
    for name in list(sys.modules):
        if name.startswith("esp32gpt"):
            del sys.modules[name]
    return {"__name__": "__main__"}


def start_main(names):
    """Run main.py, as a board does outside of the raw REPL."""
    try:
        with open("/main.py") as file:
            code = file.read()
    except OSError:
        return
    error = run(exec, code, names)
    if error:
        sys.print_exception(error, sys.stdout)


def answer():
    """Read commands and answer them until stdin ends."""
    raw = False
    names = reset()
    code = b""
    start_main(names)
    while True:
        key = Sys.stdin.key()
        if not key:
            return
        if key == CTRL_A:
            raw, code = True, b""
            write(PROMPT)
        elif key == CTRL_B:
            raw, code = False, b""
            write(b"\r\n>>> ")
        elif key == CTRL_C:
            code = b""
            if not raw:
                write(b"\r\n>>> ")
        elif key == CTRL_D:
            if raw and code.strip():
                run_raw(code, names)
            elif raw:
                names = reset()
                write(b"OK\r\nMPY: soft reboot\r\n" + PROMPT)
            else:
                names = reset()
                write(b"MPY: soft reboot\r\n")
                start_main(names)
            code = b""
        elif raw:
            code += key
        elif key == b"\r":
            write(b"\r\n")
            run_line(code, names)
            code = b""
        else:
            code += key
            write(key)


sys.path[:] = ["", ".frozen", "/lib"]
vfs.umount("/")
disk = RamDisk(bytearray(BLOCKS * BLOCK))
vfs.VfsLfs2.mkfs(disk)
vfs.mount(vfs.VfsLfs2(disk), "/")
sys.modules["sys"] = Sys
sys.modules["machine"] = Machine
answer()
