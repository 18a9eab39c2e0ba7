"""Helpers of tests on a chip: a timeout, and a check for engines."""

import pytest

SLOW = 300  # seconds; an emulator on a busy host may take this long for 30 seconds of a board


def needs(engine, engines):
    """Skip the test unless `engine` is one of `engines`, the names that the chip runs."""
    if engine not in engines:
        pytest.skip(f"this chip runs no {engine} engine")
