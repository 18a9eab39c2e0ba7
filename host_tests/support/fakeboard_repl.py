"""The MicroPython side of fakeboard.py: a raw REPL on stdin and stdout."""

import select
import sys
import time
from collections import namedtuple

import vfs
from ramdisk import BLOCK, RamDisk

CTRL_A, CTRL_B, CTRL_D, CTRL_E = b"\x01", b"\x02", b"\x04", b"\x05"
BANNER = b"raw REPL; CTRL-B to exit\r\n>"

version, mpy, blocks, training, machine = map(eval, sys.argv[1:])
read = sys.stdin.buffer.read
write = sys.stdout.buffer.write


class Sys:
    """The module `sys` for code on the board."""

    path = ["", ".frozen", "/lib"]
    implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))(
        "micropython", version, machine, mpy
    )


def paste():
    """Receive code in raw-paste mode and return it. The window is larger than any code, so there is
    no flow control."""
    read(2)  # "A" and CTRL-A
    write(b"R\x01\xff\xff")
    code = b""
    while not code.endswith(CTRL_D):
        code += read(1)
    return code[:-1]


def run(code, names):
    """Run the code and print its output between the marks of the raw REPL."""
    write(CTRL_D)
    try:
        exec(code, names)
        write(CTRL_D + CTRL_D)
    except BaseException as error:
        write(CTRL_D)
        sys.print_exception(error, sys.stdout)
        write(CTRL_D)
    write(b">")


def train(deaf):
    """Print until Ctrl-C arrives; ignore Ctrl-C for the first `deaf` seconds."""
    ready = time.time() + deaf
    keys = select.poll()
    keys.register(sys.stdin, select.POLLIN)
    while True:
        write(b"step:1 loss:3.2958\r\n")
        if keys.poll(50) and read(1) == b"\x03" and time.time() >= ready:
            return


def start_main():
    """Print a line if there is a main.py, which a reset outside of the raw REPL would run."""
    try:
        with open("/main.py") as file:
            write(b"main.py starts: %d bytes\r\n" % len(file.read()))
    except OSError:
        pass


def answer():
    """Read commands and answer them until stdin ends."""
    raw = False
    names = {"__name__": "__main__"}
    while True:
        key = read(1)
        if not key:
            return
        if key == CTRL_A:
            raw = True
            write(BANNER)
        elif key == CTRL_B:
            raw = False
            write(b"\r\n>>> ")
        elif key == CTRL_E and raw:
            run(paste(), names)
        elif key == CTRL_D:
            names = {"__name__": "__main__"}
            if raw:
                write(b"OK\r\nMPY: soft reboot\r\n" + BANNER)
            else:
                write(b"MPY: soft reboot\r\n")
                start_main()


vfs.umount("/")
disk = RamDisk(bytearray(blocks * BLOCK))
vfs.VfsLfs2.mkfs(disk)
vfs.mount(vfs.VfsLfs2(disk), "/")
if training is not None:
    train(training)
sys.modules["sys"] = Sys
answer()
