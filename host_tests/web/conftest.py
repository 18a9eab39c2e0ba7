"""What the tests of the page's parts share."""

import shutil
import sys
from pathlib import Path

import pytest

from tools.host.paths import ROOT

WEB = ROOT / "tools" / "web"


@pytest.fixture(scope="session")
def node():
    """Return the path of Node: the one that `make web` has put into .venv, or that on PATH."""
    beside = Path(sys.executable).parent / "node"
    found = str(beside) if beside.exists() else shutil.which("node")
    if not found or not (WEB / "node_modules").exists():
        pytest.skip("the page's packages are not there: `make web` installs them")
    return found
