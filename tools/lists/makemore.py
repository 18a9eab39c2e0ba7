"""Download the list on which makemore and microgpt are trained."""

import hashlib
import http.client
import urllib.request

from esp32gpt.config import Config

from tools.host.errors import ToolError
from tools.lists.choices import Choices
from tools.lists.prepare import look_through, save

URL = (
    "https://raw.githubusercontent.com/karpathy/makemore/"
    "988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt"
)
SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
LARGEST = 1 << 20  # the most bytes to download; the list has a quarter of this


def fetch(dest, url=URL):
    """Download the list and write it to `dest`, prepared as by `prepare.prepare`; return a list of
    the lines of a report.

    Only the pinned bytes are accepted, from any URL. Raises ToolError if the download fails, brings
    other bytes, or cannot be written.
    """
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            data = response.read(LARGEST)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no URL
        raise ToolError(
            f"Cannot download {url} ({getattr(error, 'reason', error)}): check the network, or get "
            "the file in another way and name it with --url file:///path/of/names.txt."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ToolError(
            f"The file at {url} is not the makemore list (sha256 {found[:16]}...): try again, "
            "or use another mirror with --url."
        )
    choices = Choices()
    return save(look_through(url, data, choices), dest, choices, Config())
