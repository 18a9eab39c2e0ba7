"""The board at a serial port: use its REPL, and turn every failure into one sentence."""

import contextlib
import time
from collections import namedtuple

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from tools.host.errors import ToolError
from tools.host.paths import ONBOARD
from tools.host.ports import BAUD, BoardError, open_port, release

OLDEST_FIRMWARE = (1, 23)  # the first to load the .mpy files that mpy-cross makes today
FILES = (ONBOARD / "files.py").read_text(encoding="utf-8")  # functions that a session may define
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PATIENCE = 10  # seconds for a board to boot, or to finish work that Ctrl-C cannot interrupt
PATIENCE_PTY = 60  # the same for an emulator, which may be a hundred times slower

# Names of native code, by the number in a board's sys.implementation._mpy.
ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc", None, None, None),
)
# `architecture` is the native code that the board runs, or None; `mpy` is the version of .mpy files
# that it loads.
Identity = namedtuple("Identity", "version machine architecture mpy")


@contextlib.contextmanager
def session(port, patience=None):
    """Interrupt the board at the port with this name, enter its raw REPL, and yield mpremote's
    SerialTransport, with `exec`, `eval` and the `fs_` methods; leave the REPL and close the port at
    the end of the `with`.

    `patience` is the number of seconds to wait for the REPL; None: PATIENCE, or PATIENCE_PTY for an
    emulator. Raises BoardError, also for failures inside the `with`: an exception on the board, an
    unplugged board, or an OSError. Raises ToolError if the OSError is about a file of this machine.
    """
    try:
        transport = SerialTransport(port, BAUD)
    except TransportError:
        open_port(port).close()  # raises BoardError with the reason, which mpremote hides
        raise BoardError(f"{port} could not be opened: try again.") from None
    try:
        interrupt(transport, port, patience or (PATIENCE_PTY if transport.is_pty else PATIENCE))
        yield transport
    except TransportExecError as error:
        raise why_refused(port, error.error_output) from error
    except (TransportError, serial.SerialException, OSError) as error:
        file = getattr(error, "filename", None)
        if file not in (None, port):
            message = f"{file} cannot be used ({error.strerror}): mend that, and try again."
            raise ToolError(message) from error
        raise BoardError(
            f"The board on {port} stopped answering ({error}): check its cable and power, press "
            "its EN (reset) button, and try again."
        ) from error
    finally:
        with contextlib.suppress(serial.SerialException, OSError):
            if transport.in_raw_repl:
                transport.exit_raw_repl()
            transport.close()


def why_refused(port, traceback):
    """Return the BoardError for an exception that was raised on the board. `traceback` is its
    text."""
    complaint = (traceback.strip().splitlines() or ["no message"])[-1]
    if complaint.startswith(("ImportError", "DatasetError")):
        return BoardError(
            f"The board on {port} lacks the library or its names ({complaint}): "
            f"`make deploy PORT={port}` puts them there."
        )
    if complaint.startswith("MemoryError"):
        return BoardError(
            f"The board on {port} ran out of memory ({complaint}): press its EN (reset) button and "
            "try again, with fewer steps or a smaller shape."
        )
    return BoardError(f"The board on {port} answered: {complaint}")


def run(transport, script, seconds):
    """Run the script, a text of Python, in a session and return everything that it prints, as text.
    The board may be silent for `seconds`. Raises TransportExecError if the script raises an
    exception, and TransportError after a longer silence; `session` turns both into a BoardError."""
    output, complaint = transport.exec_raw(script, timeout=seconds)
    if complaint:
        raise TransportExecError(1, complaint.decode(errors="replace"))
    return output.decode()


def interrupt(transport, port, patience):
    """Stop the board's program and enter the raw REPL. A board that boots loses its input, so this
    tries again for `patience` seconds. Raises BoardError.

    If DTR is wired to the board's reset, as on an ESP32-CAM with its adapter, the board does
    nothing while DTR is set. So RTS and DTR are released after half of the time."""
    transport.serial.timeout = 0.1
    began = time.monotonic()
    held = True
    while time.monotonic() < began + patience:
        if held and time.monotonic() > began + patience / 2:
            release(transport.serial)
            held = False
        transport.serial.write(b"\r\x03\r\x01")
        if hears(transport.serial, RAW_PROMPT, 2):
            while transport.serial.read(4096):  # answers to earlier tries
                pass
            # mpremote waits for silence, so the board must have stopped printing by now.
            transport.enter_raw_repl(soft_reset=False)
            # On a pty, mpremote's reads block.
            transport.serial.timeout = PATIENCE_PTY
            return
    raise BoardError(
        f"No MicroPython answers on {port}: press the board's EN (reset) button and try again, "
        "use its other USB socket if it has two, or put MicroPython on it with "
        f"`make flash PORT={port}`."
    )


def hears(connection, text, seconds):
    """Read from the open port until the bytes `text` arrive, among any other output, and return
    True; return False if they do not arrive within `seconds`. All that is read is lost."""
    said = b""
    deadline = time.monotonic() + seconds
    while text not in said and time.monotonic() < deadline:
        said = said[-len(text) :] + connection.read(connection.in_waiting or 1)
    return text in said


def identify(transport):
    """Return the Identity of the board in a session. `version` is MicroPython's, a tuple of three
    numbers; `machine` is a text with the board and the chip; `architecture` is mpy-cross's name for
    the native code that the board runs, or None; `mpy` is the version of .mpy files that it loads.
    Raises BoardError if MicroPython is older than OLDEST_FIRMWARE."""
    transport.exec("import sys")
    version, machine, mpy = transport.eval(
        "(sys.implementation[1][:3], getattr(sys.implementation, '_machine', ''), "
        "getattr(sys.implementation, '_mpy', 0))"
    )
    if version[:2] < OLDEST_FIRMWARE:
        raise BoardError(
            f"The board runs MicroPython {'.'.join(map(str, version))}, but esp32gpt needs "
            f"{'.'.join(map(str, OLDEST_FIRMWARE))} or newer: update it with `make flash`."
        )
    return Identity(version, machine, ARCHITECTURES[mpy >> 10 & 15], mpy & 0xFF)


def restart(transport):
    """Leave the session's raw REPL and soft-reset the board, which then runs main.py. This frees
    native code and all memory."""
    transport.exit_raw_repl()
    transport.serial.write(b"\x04")
    transport.read_until(1, b"soft reboot\r\n", timeout=2)
