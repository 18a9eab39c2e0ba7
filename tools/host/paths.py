"""The project's directories."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
DATA = ROOT / "data"
ONBOARD = ROOT / "tools" / "onboard"
# Installed by pip, pipx or uv there is no checkout to build in: commands use the directory they are
# started in.
BUILD = (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / "build"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "esp32gpt"
