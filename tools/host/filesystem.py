"""MicroPython's littlefs inside a flash image: brought up to date with a directory of the host."""

from littlefs import LittleFS, UserContext

BLOCK = 4096
# As MicroPython mounts it (extmod/vfs_lfsx.c).
GEOMETRY = {"read_size": 32, "prog_size": 32, "cache_size": 128, "lookahead_size": 32}
SCRATCH = "~"


class Flash(UserContext):
    """A file system's part of the flash, in memory. `erased` counts the blocks that were erased."""

    def __init__(self, content):
        super().__init__(buffer=bytearray(content))
        self.erased = 0

    def erase(self, cfg, block):
        self.erased += 1
        return super().erase(cfg, block)


def mount(flash):
    """Return the LittleFS in the flash, made anew if there is none."""
    return LittleFS(flash, block_size=BLOCK, block_count=len(flash.buffer) // BLOCK, **GEOMETRY)


def update(content, directory, managed):
    """Bring a file system, given as bytes, up to date with a directory.

    `managed` are the paths within which only files of the directory remain; all other files stay as
    they are. Returns (bytes, copied, unchanged, removed), the last three as counts.
    """
    flash = Flash(content)
    fs = mount(flash)
    wanted = {
        "/" + file.relative_to(directory).as_posix(): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file()
    }
    present = {path: read(fs, path) for path in files(fs)}
    inside = tuple(path + "/" for path in managed)
    stale = [
        path
        for path in present
        if path not in wanted and (path in managed or path.startswith(inside))
    ]
    changed = [path for path in wanted if present.get(path) != wanted[path]]
    for path in stale:
        fs.removedirs(path)  # with the directories that this leaves empty
    for path in changed:
        fs.makedirs(path.rpartition("/")[0] or "/", exist_ok=True)
        with fs.open(path, "wb") as file:
            file.write(wanted[path])
    if changed or stale:
        for folder in {path.rpartition("/")[0] for path in wanted}:
            compact(fs, flash, folder)
    fs.unmount()
    return bytes(flash.buffer), len(changed), len(wanted) - len(changed), len(stale)


def files(fs):
    """The paths of all files."""
    for folder, _, names in fs.walk("/"):
        for name in names:
            yield folder.rstrip("/") + "/" + name


def read(fs, path):
    with fs.open(path, "rb") as file:
        return file.read()


def compact(fs, flash, folder):
    """Make littlefs write the log that describes a folder anew, in its shortest form.

    To find a file the board reads that log from its beginning, 32 bytes at a time, and each read of
    the flash costs an emulator 10 ms and more: importing the library takes half as long afterwards.
    A log is written anew when it is full; files that come and go fill it.
    """
    erased = flash.erased
    while flash.erased == erased:
        fs.open(f"{folder}/{SCRATCH}", "w").close()
        fs.remove(f"{folder}/{SCRATCH}")
