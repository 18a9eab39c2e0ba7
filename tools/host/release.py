"""Download MicroPython's release for a chip, once."""

import urllib.error
import urllib.request
from contextlib import suppress

from tools.host import image
from tools.host.errors import ToolError
from tools.host.paths import CACHE

DOWNLOADS = "https://micropython.org/resources/firmware/"


def download(chip):
    """Return the Path of the release for the Chip, in the cache. Downloads and checks the file, and
    prints the address, if it is not there yet. Raises ToolError if the download fails or the file
    is damaged."""
    path = CACHE / chip.release
    if path.exists():
        return path
    url = DOWNLOADS + path.name
    print(f"Downloading {url}", flush=True)
    partial = path.with_suffix(".part")
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=30) as response:
            partial.write_bytes(response.read())
        image.load(partial, chip)
        partial.replace(path)
    except (urllib.error.URLError, OSError) as error:
        raise ToolError(
            f"Cannot download {url} ({getattr(error, 'reason', error)}): get a .bin file from "
            f"https://micropython.org/download/{chip.board} in another way and "
            "name it with FIRMWARE=file.bin."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return path
