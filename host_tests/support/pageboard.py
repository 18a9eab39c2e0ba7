"""A fake board for tests of the page: the host's MicroPython with a raw REPL on stdin and stdout,
and a littlefs in memory. It says that it is an ESP32.

    micropython fake_board.py [BLOCKS]

It ends when stdin ends. SIGINT stands for Ctrl-C.
"""

import sys

import vfs

BLOCK = 4096
CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
BLOCKS = int(sys.argv[1]) if len(sys.argv) > 1 else 512

read = sys.stdin.buffer.read
write = sys.stdout.buffer.write


class Memory:
    """A block device in memory."""

    data = bytearray(BLOCKS * BLOCK)

    def readblocks(self, block, buffer, start=0):
        start += block * BLOCK
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, start=0):
        start += block * BLOCK
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, request, argument):
        return {4: BLOCKS, 5: BLOCK}.get(request, 0)


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
    stdin = sys.stdin
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


def run(code, names):
    """Run the code and print its output between the marks of the raw REPL."""
    write(b"OK")
    try:
        exec(code, names)
        write(CTRL_D + CTRL_D)
    except BaseException as error:
        write(CTRL_D)
        sys.print_exception(error, sys.stdout)
        write(CTRL_D)
    write(b">")


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
    try:
        exec(code, names)
    except BaseException as error:
        sys.print_exception(error, sys.stdout)


def answer():
    """Read commands and answer them until stdin ends."""
    raw = False
    names = reset()
    code = b""
    start_main(names)
    while True:
        try:
            key = read(1)
            if not key:
                return
            if key == CTRL_A:
                raw, code = True, b""
                write(PROMPT)
            elif key == CTRL_B:
                raw = False
                write(b"\r\n>>> ")
            elif key == CTRL_C:
                code = b""
                if not raw:
                    write(b"\r\n>>> ")
            elif key == CTRL_D:
                if raw and code.strip():
                    run(code, names)
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
                try:
                    print(eval(code, names) if code else "")
                except BaseException as error:
                    sys.print_exception(error, sys.stdout)
                code = b""
                write(b">>> ")
            else:
                code += key
                write(key)
        except KeyboardInterrupt:
            code = b""


sys.path[:] = ["", ".frozen", "/lib"]
vfs.umount("/")
disk = Memory()
vfs.VfsLfs2.mkfs(disk)
vfs.mount(vfs.VfsLfs2(disk), "/")
sys.modules["sys"] = Sys
sys.modules["machine"] = Machine
answer()
