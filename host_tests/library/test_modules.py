"""Borrowed modules: their memory is free again afterwards."""

import sys

from esp32gpt import modules
from raising import raises

LENT = "esp32gpt.defaults"


def test_a_borrowed_module_is_unloaded_also_after_an_error():
    kept = sys.modules.pop(LENT, None)
    try:
        assert modules.borrow("defaults", "default", "steps") == 1000
        assert LENT not in sys.modules and not hasattr(sys.modules["esp32gpt"], "defaults")
        raises(ValueError, modules.borrow, "defaults", "default", "no such setting")
        assert LENT not in sys.modules
    finally:
        if kept:
            sys.modules[LENT] = kept


def test_a_module_that_was_loaded_before_stays():
    before = modules.load("defaults")
    modules.borrow("defaults", "names")
    assert modules.load("defaults") is before
