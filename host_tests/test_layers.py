"""The architecture: a room imports only the rooms that the table names, and nothing imports in a
circle."""

import ast
import shutil
import subprocess
from graphlib import TopologicalSorter
from pathlib import PurePosixPath

import pytest

from tools.host.paths import FIRMWARE, ROOT

# {room: the rooms that it may import, besides itself}. A module of tools/ is a command.
BENEATH = {
    "esp32gpt": set(),
    "kernelc": set(),
    "onboard": {"esp32gpt"},
    "host": {"esp32gpt"},
    "lists": {"esp32gpt", "host"},
    "staging": {"esp32gpt", "kernelc", "host", "lists"},
    "monitor": {"host"},
    "pictures": {"esp32gpt", "host", "staging", "monitor"},
    "commands": {"esp32gpt", "kernelc", "host", "lists", "staging"},
    "web": {"esp32gpt", "kernelc", "host", "staging"},
}
ENTRY = "tools.__main__"  # it imports commands by their names


def modules():
    """Return {dotted name: path} of all modules of the library and the tools."""
    found = {}
    for root, folder in ((FIRMWARE, FIRMWARE / "esp32gpt"), (ROOT, ROOT / "tools")):
        for path in folder.rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def room(name):
    """Return the room of a module."""
    if name.startswith("esp32gpt"):
        return "esp32gpt"
    parts = name.split(".")
    inside = len(parts) > 2 or (ROOT / "tools" / parts[-1]).is_dir()
    return parts[1] if inside and len(parts) > 1 else "commands"


def imports(name):
    """Return the modules of the library and the tools that a module imports, as dotted names."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            wanted = [sub if sub in MODULES else base for sub in submodules]
        else:
            continue
        yield from (module for module in wanted if module in MODULES)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_from_the_rooms_beneath_it(name):
    for module in imports(name):
        if module == "tools" or name == ENTRY:
            continue
        assert room(module) in BENEATH[room(name)] | {room(name)}, f"{name} imports {module}"
        assert name == module or room(module) != "commands", f"{name} imports the command {module}"


def test_neither_rooms_nor_modules_import_in_a_circle():
    TopologicalSorter(BENEATH).prepare()  # raises CycleError
    TopologicalSorter({name: set(imports(name)) - {name} for name in MODULES}).prepare()


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git here")
def test_the_docs_name_each_folder():
    """A sentence for each is in CLAUDE.md, or in tools/web/README.md."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    web = PurePosixPath("tools/web")
    for folder in {PurePosixPath(line).parent for line in listed.splitlines()}:
        page, name = ROOT / "CLAUDE.md", f"{folder}/"
        if web in folder.parents:
            page, name = ROOT / web / "README.md", f"{folder.relative_to(web)}/"
        rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
        assert name == "./" or any(f"`{name}" in row for row in rows), f"{page.name}: {folder}"
