"""The project's directories."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
DATA = ROOT / "data"
ONBOARD = ROOT / "tools" / "onboard"
BUILD = ROOT / "build"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "esp32gpt"
