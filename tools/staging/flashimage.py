"""The flash of an emulated board, as a file: the firmware and a file system with the staged
files."""

from tools.staging import filesystem, stage


def make_flash(firmware, path, size=0):
    """Write a flash image with the Firmware to `path`, a Path, with the rest of the flash erased.
    `size` is that of the flash in bytes, if it is larger than the firmware's flash_size. An image
    that already holds this firmware stays as it is, with the files that its board has stored; one
    with another firmware is overwritten."""
    offset, application = firmware.chip.offset, firmware.application
    if path.exists():
        # Compare from the application on: the board changes the settings that lie before it.
        program = firmware.data[application - offset :]
        if path.read_bytes()[application : application + len(program)] == program:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    blank = bytearray(b"\xff" * max(size, firmware.flash_size))
    blank[offset : offset + len(firmware.data)] = firmware.data
    path.write_bytes(blank)


def update_files(firmware, path, directory, fresh=False):
    """Bring the file system in the image at `path`, in place, up to date with the directory; both
    are Paths. Files at and below the paths of `stage.managed(fresh)` that are not in the directory
    are removed. Returns the counts (copied, unchanged, removed). Raises ToolError if the Firmware
    leaves no room for files, or uses FAT."""
    offset, size = firmware.filesystem(path.stat().st_size)
    with open(path, "r+b") as image:
        image.seek(offset)
        content, *counts = filesystem.update(image.read(size), directory, stage.managed(fresh))
        image.seek(offset)
        image.write(content)
    return tuple(counts)
