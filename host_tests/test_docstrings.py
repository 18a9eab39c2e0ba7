"""Every public class and function says what it does."""

import ast

import pytest

from host_tests.test_layers import MODULES

REFERENCE = "esp32gpt.kernels.reference"
OTHER_ENGINES = ("esp32gpt.kernels.viper", "tools.host.numpy_engine")  # reference.py describes them


def public(name):
    """Yield (name, node) of every public class, function and method in a module."""
    waiting = [("", ast.parse(MODULES[name].read_text(encoding="utf-8")))]
    while waiting:
        prefix, node = waiting.pop()
        for child in node.body:
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name[0] != "_":
                yield prefix + child.name, child
                if isinstance(child, ast.ClassDef):
                    waiting.append((f"{child.name}.", child))


KERNELS = {name for name, _ in public(REFERENCE)}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_is_public_has_a_docstring(name):
    exempt = {"main"} | (KERNELS if name in OTHER_ENGINES else set())
    silent = [said for said, node in public(name) if not ast.get_docstring(node)]
    assert not set(silent) - exempt
