"""The flash of an emulated board as a file: firmware, and a file system with what belongs on it."""

from tools.host import stage
from tools.host.micropython import run_micropython
from tools.host.paths import ONBOARD


def make_flash(firmware, path):
    """Put the firmware into a flash image at `path`. An image that already holds it is left as
    it is, with all that its board has stored."""
    offset, application = firmware.chip.offset, firmware.application
    if path.exists():
        # Before the application lie settings that the board itself changes.
        program = firmware.data[application - offset :]
        if path.read_bytes()[application : application + len(program)] == program:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    blank = bytearray(b"\xff" * firmware.flash_size)
    blank[offset : offset + len(firmware.data)] = firmware.data
    path.write_bytes(blank)


def update_files(firmware, path, directory, fresh=False):
    """Bring the file system in the image up to date with the directory, without checkpoints if
    `fresh`; returns (copied, unchanged, removed) as counts. Raises ToolError."""
    script = ONBOARD / "littlefs.py"
    return tuple(
        int(count)
        for count in run_micropython(
            script,
            path,
            *firmware.filesystem(path.stat().st_size),
            directory,
            *stage.managed(fresh),
        ).split()
    )
