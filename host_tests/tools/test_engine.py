"""An engine of this machine is used from the beginning, or not at all."""

import sys
import types

import pytest
from esp32gpt import kernels
from esp32gpt.kernels import reference

from tools.host import engine


@pytest.fixture
def mine(monkeypatch):
    monkeypatch.setattr(kernels, "ENGINES", kernels.ENGINES)
    monkeypatch.setattr(kernels, "_choice", None)
    monkeypatch.setitem(sys.modules, "esp32gpt.kernels.mine", None)
    module = types.ModuleType("mine")
    module.__dict__.update(vars(reference))
    return module


def test_the_library_uses_the_engine(mine):
    engine.use("mine", mine)
    assert kernels.choose().name == "mine" and kernels.choose().engine is mine


def test_an_engine_that_comes_too_late_is_refused(mine):
    first = kernels.choose().name
    with pytest.raises(RuntimeError, match=f"the engine {first} is in use already"):
        engine.use("mine", mine)
