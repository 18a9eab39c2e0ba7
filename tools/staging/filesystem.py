"""MicroPython's littlefs inside a flash image: bring it up to date with a directory of the host."""

from littlefs import LittleFS, UserContext

from tools.staging import stage

BLOCK = 4096
# MicroPython mounts littlefs with these (extmod/vfs_lfsx.c).
GEOMETRY = {"read_size": 32, "prog_size": 32, "cache_size": 128, "lookahead_size": 32}
SCRATCH = "~"


class Flash(UserContext):
    """The flash of a file system, in memory: `buffer` is its content, a bytearray copied from
    `content`. `erased` counts the erased blocks."""

    def __init__(self, content):
        super().__init__(buffer=bytearray(content))
        self.erased = 0

    def erase(self, cfg, block):
        """Erase a block for littlefs, and count it; return littlefs's result."""
        self.erased += 1
        return super().erase(cfg, block)


def mount(flash):
    """Mount the file system in a Flash and return the LittleFS; format the flash if it holds
    none."""
    return LittleFS(flash, block_size=BLOCK, block_count=len(flash.buffer) // BLOCK, **GEOMETRY)


def update(content, directory, managed):
    """Bring a file system, given as bytes, up to date with a directory, a Path; format the bytes if
    they hold none.

    At and below the paths in `managed`, files that are not in the directory are removed; all other
    files stay as they are. Returns (the new bytes, copied, unchanged, removed); the last three are
    counts.
    """
    flash = Flash(content)
    fs = mount(flash)
    wanted = stage.contents(directory)
    present = {path: read(fs, path) for path in files(fs)}
    inside = tuple(path + "/" for path in managed)
    stale = [
        path
        for path in present
        if path not in wanted and (path in managed or path.startswith(inside))
    ]
    changed = [path for path in wanted if present.get(path) != wanted[path]]
    for path in stale:
        fs.removedirs(path)  # also removes directories that become empty
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
    """Yield the paths of all files in a LittleFS, as texts that begin with "/"."""
    for folder, _, names in fs.walk("/"):
        for name in names:
            yield folder.rstrip("/") + "/" + name


def read(fs, path):
    """Return the content of a file in a LittleFS, as bytes."""
    with fs.open(path, "rb") as file:
        return file.read()


def compact(fs, flash, folder):
    """Make littlefs rewrite the log of a folder in its shortest form. `flash` is the Flash of `fs`;
    `folder` is a path without "/" at its end, "" for the root.

    littlefs keeps a log of changes for each folder and rewrites it when it is full. To find a file,
    the board reads this log from the start, 32 bytes at a time, and each read of the flash takes an
    emulator 10 ms or more. After compacting, importing the library takes half the time. Creating
    and removing a scratch file fills the log until littlefs rewrites it, which erases a block.
    """
    erased = flash.erased
    while flash.erased == erased:
        fs.open(f"{folder}/{SCRATCH}", "w").close()
        fs.remove(f"{folder}/{SCRATCH}")
