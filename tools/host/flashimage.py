"""The flash of an emulated board as a file: firmware, and a file system with what belongs on it."""

from tools.host import filesystem, stage


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
    `fresh`. Returns (copied, unchanged, removed) as counts. Raises ToolError."""
    offset, size = firmware.filesystem(path.stat().st_size)
    with open(path, "r+b") as image:
        image.seek(offset)
        content, *counts = filesystem.update(image.read(size), directory, stage.managed(fresh))
        image.seek(offset)
        image.write(content)
    return tuple(counts)
