"""What tests need of a chip: patience, and an engine that it runs."""

import pytest

SLOW = 300  # seconds that an emulator on a busy host may need for work that takes a board 30


def needs(engine, engines):
    """Skip the test where `engine` is not one of `engines`, those that the chip runs."""
    if engine not in engines:
        pytest.skip(f"this chip runs no {engine} engine")
