"""Tiled kernels are plain Python with the same meaning, and unsound tilings are refused."""

import random
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from esp32gpt.kernels import reference

from tools.kernelc.compiler import PLACES, compile_module, compile_source
from tools.kernelc.desugar import desugared
from tools.kernelc.errors import CompileError
from tools.kernelc.frontend import parse
from tools.kernelc.tile import tiled, tiled_source

from . import machine
from .test_kernels import MODULE, SHAPES, Case, need_rows

HEAD = """from math import exp, log, sqrt
from esp32gpt.kernels.floatbits import from_bits, to_bits

floats = ints = uint16s = uint8s = None


"""
TILED = types.ModuleType("tiled")
exec(HEAD + tiled_source(MODULE), TILED.__dict__)
TILED.reserve = reference.reserve


@pytest.mark.parametrize("name", MODULE.schedule)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_tiled_kernel_runs_under_python_and_agrees_exactly(name, shape):
    need_rows(name, shape)
    kernel = MODULE.kernels[name]
    plain, other = (
        [list(a) if hasattr(a, "dtype") else a for a in Case(shape, 1).arguments(kernel)]
        for _ in range(2)
    )
    getattr(reference, name)(*plain)
    getattr(TILED, name)(*other)
    assert other == plain


@pytest.fixture(scope="module")
def conformance():
    """Return the library's conformance tests, with the tiled kernels as the tested engine."""
    sys.path.append(str(LIBRARY))
    try:
        import engines
        import test_conformance
    finally:
        sys.path.remove(str(LIBRARY))
    loaded = list(engines.engines())
    engines._loaded[:] = [loaded[0], ("tiled", TILED, engines.TOLERANCE["reference"])]
    yield test_conformance
    engines._loaded[:] = loaded


LIBRARY = Path(__file__).parents[1] / "library"
CONFORMANCE = [
    line[4 : line.index("(")]
    for line in (LIBRARY / "test_conformance.py").read_text().splitlines()
    if line.startswith("def test_")
]


@pytest.mark.parametrize("test", CONFORMANCE)
def test_tiled_kernels_keep_the_contract_under_cpython(conformance, test):
    getattr(conformance, test)()


LOOPS = "def f(y: floats, x: floats, n: int, m: int):\n    for i in range(n):\n"
UNSOUND = {
    "        y[i] = y[i + 1] + x[i]": "it reads and writes y",
    "        y[i // 2] += x[i]": "it reads and writes y",
    "        a = y[0]\n        y[i] = a + x[i]": "it reads and writes y",
    "        row = i * m\n        y[row] += x[i]": "it reads and writes y",
    "        for j in range(m):\n            y[i + j] += x[j]": "it reads and writes y",
    "        y[0] = x[i]": "another i may store to the same place of y",
    "        for j in range(m):\n            y[i + j] = x[j]": "another i may store to the same",
    "        for j in range(m):\n            y[i * n + j] = x[j]": "another i may store to the sam",
    "        for j in range(m):\n            y[j] = x[i]": "another i may store to the same place",
    "        y[i] = x[i]\n        y[i + 1] = x[i]": "it stores to y twice",
    "        if x[i] > 0.0:\n            y[i] = x[i]": "the loop branches here",
    "        while x[i] > 0.0:\n            y[i] = x[i]": "the loop branches here",
    "        for j in range(i):\n            y[i * m + j] = x[j]": "length depends on i",
    "        k = i + 1\n        for j in range(k):\n            y[i * m + j] = x[j]": "depends on",
    "        a = a + x[i]\n        y[i] = a": "a is carried",
    "        a += x[i]\n        y[i] = a": "a is carried",
    "        for j in range(m):\n            a += x[i * m + j]": "a is carried",
    "        b = x[i]\n        y[i] = b\n    y[n] = b": "b is used after the loop",
    "        g(y, x)": "the loop calls a kernel",
    "        for j in range(m):\n            y[i * n + j] += x[j]": "it reads and writes y",
    "        for i in range(m):\n            y[i] = x[i]": "a loop in it has the same variable",
    "        n = max(n, m)\n        y[i] = x[i]": "it changes its own range",
    "        for j in range(m):\n            y[i * m + j] = x[j]\n"
    "        for j in range(n):\n            a = y[i * m + j]": "it reads and writes y",
}


@pytest.mark.parametrize("body", UNSOUND)
def test_an_unsound_tiling_is_refused_with_the_reason(body):
    source = LOOPS.replace("    for", "    a = 0.0\n    b = 0.0\n    for") + body
    kernel = parse(f"{source}\ndef g(y: floats, x: floats):\n    y[0] = x[0]\n", "k.py").kernels[
        "f"
    ]
    with pytest.raises(CompileError, match=f"^k.py:[0-9]+: i cannot be tiled: .*{UNSOUND[body]}"):
        tiled(kernel, desugared(kernel, {}), {"f": "i×2"})


@pytest.mark.parametrize(
    "columns, change, is_sound", [("m", "t", True), ("n", "t", False), ("m", "m", False)]
)
def test_an_element_is_a_loops_own_if_an_outer_loop_counts_the_columns(columns, change, is_sound):
    source = "def f(y: floats, x: floats, n: int, m: int):\n"
    source += f"    for c in range({columns}):\n        {change} = 0\n        for i in range(n):\n"
    source += "            t = y[i * m + c]\n            y[i * m + c] = t + x[i]\n"
    kernel = parse(source, "k.py").kernels["f"]
    if is_sound:
        tiled(kernel, desugared(kernel, {}), {"f": "c×4, i×2"})
        return
    with pytest.raises(CompileError, match="i cannot be tiled: it reads and writes y"):
        tiled(kernel, desugared(kernel, {}), {"f": "i×2"})


@pytest.mark.parametrize("bounds", ["n - m", "m, n", "0, n, 2", "k", "n // -2"])
def test_a_loop_that_may_run_backwards_or_in_steps_is_not_tiled(bounds):
    source = LOOPS.replace("range(n)", f"range({bounds})").replace(
        "    for", "    k = n - 1\n    for"
    )
    kernel = parse(source + "        y[i] = x[i]", "k.py").kernels["f"]
    with pytest.raises(CompileError, match="its length might be negative|its step is not 1"):
        tiled(kernel, desugared(kernel, {}), {"f": "i×2"})


SOUND = [
    "        y[i] += x[i]",
    "        y[i] = x[i] * 2.0\n        y[i] += x[i + 1]",
    "        a += x[i]",
    "        if x[i] > a:\n            a = x[i]\n        b += x[i] * y[i]",
    "        t = x[i] * 3.0\n        y[i] = t + x[i + 1]\n        a += t",
    "        for j in range(m):\n            y[i * m + j] = x[i] - x[j]",
    "        for j in range(m):\n            y[j * n + i] = x[i] - x[j]",
    "        row = i * m\n        for j in range(m):\n            y[row + j] = x[row + j] * 2.0",
    "        t = 0.0\n        for j in range(m):\n            t += x[i + j]\n        y[i] = t",
    "        for j in range(m):\n            y[i * m + j] += x[i] - x[j]",
]


@pytest.mark.parametrize("body", SOUND)
@pytest.mark.parametrize("plan", ["i×2", "i×3", "i*4"])
@pytest.mark.parametrize("n", [0, 1, 5, 8])
def test_a_sound_tiling_computes_the_same_to_the_last_bit(body, plan, n):
    source = LOOPS.replace("    for", "    a = -1.0\n    b = 0.5\n    for", 1)
    source += f"{body}\n    y[40] = a\n    y[41] = b\n"
    module = parse(source, "k.py")
    module.schedule = {"f": plan}
    results = []
    for text in (source, tiled_source(module)):
        namespace = {"floats": None}
        exec(text, namespace)
        y, x = [0.1 * i for i in range(42)], [(7 * i % 11) / 3 for i in range(42)]
        namespace["f"](y, x, n, 4)
        results.append(y)
    assert tiled_source(module).count("for i in") == 2
    assert results[0] == results[1]


@pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)
@pytest.mark.parametrize("body", SOUND)
def test_a_tiled_kernel_computes_the_same_as_machine_code(body):
    source = LOOPS.replace("    for", "    a = -1.0\n    b = 0.5\n    for", 1)
    source += f"{body}\n    y[40] = a\n    y[41] = b\n"
    module = parse(source, "k.py")
    codes = []
    for plan in ({}, {"f": "i×4"}):
        module.schedule = plan
        codes.append(compile_module(module, PLACES)["f"])
    assert codes[0].bytes != codes[1].bytes
    for n in (0, 1, 5, 8):
        results = []
        for code in codes:
            y = np.arange(42, dtype=np.float32)
            machine.run(code, y, np.float32(7) * np.arange(42, dtype=np.float32), n, 4)
            results.append(y.tolist())
        assert results[0] == results[1]


def test_names_that_tiling_makes_are_new_ones():
    body = (
        "        t = x[i]\n        t_0 = t + 1.0\n        y_1 = t * t_0\n        y[i] = y_1 + t\n"
    )
    module = parse(LOOPS + body, "k.py")
    module.schedule = {"f": "i×2"}
    results = []
    for text in (LOOPS + body, tiled_source(module)):
        namespace = {"floats": None}
        exec(text, namespace)
        y = [0.0] * 5
        namespace["f"](y, [1.0, 2.0, 3.0, 4.0, 5.0], 5, 0)
        results.append(y)
    assert results[0] == results[1]


@pytest.mark.parametrize("plan", ["j×2", "i×2, j×2"])
def test_a_tiling_of_a_loop_that_is_not_there_is_refused(plan):
    kernel = parse(LOOPS + "        y[i] = x[i]", "k.py").kernels["f"]
    with pytest.raises(CompileError, match="names j, and it has no loop over that"):
        tiled(kernel, desugared(kernel, {}), {"f": plan})


@pytest.mark.parametrize("plan", ["i", "i×", "i×1", "i×0", "i×9", "i×2 j×2", "×2", "i×-2"])
def test_what_is_no_schedule_is_refused(plan):
    kernel = parse(LOOPS + "        y[i] = x[i]", "k.py").kernels["f"]
    with pytest.raises(CompileError, match="is no schedule: write variable×factor"):
        tiled(kernel, desugared(kernel, {}), {"f": plan})


def test_a_schedule_that_names_a_variable_twice_is_refused():
    source = "SCHEDULE = {'f': 'i×2, i×4'}\n\n\ndef f(y: floats, x: floats, n: int):\n"
    source += "    for i in range(n):\n        y[i] = x[i] * 2.0\n"
    with pytest.raises(CompileError, match="names i twice"):
        compile_source(source, "f.py")


OUTER = [
    "i",
    "i",
    "i + 1",
    "i + m",
    "2 * i",
    "i // 2",
    "i % 2",
    "n - i",
    "0",
    "r",
    "r + i",
    "i * m",
]
INNER = [
    "j",
    "i + j",
    "i * m + j",
    "i * n + j",
    "j * n + i",
    "j * m + i",
    "r + j",
    "i",
    "r",
    "2 * j",
]
VALUES = ["x[{}]", "y[{}]", "z[{}]", "t", "a", "b", "x[{}] * 2.0 + t", "y[{}] - z[{}]", "1.5"]
BODIES = ["y[{}] = {}", "y[{}] += {}", "z[{}] = {}", "t = {}", "a += {}", "b += {}", "a = a + {}"]


def random_body(draw, indices, depth):
    lines = []
    for _ in range(draw.randrange(1, 4)):
        value = draw.choice(VALUES).format(draw.choice(indices), draw.choice(indices))
        kind = draw.random()
        if depth and kind < 0.3:
            lines.append(f"for j in range({draw.choice(['m', 'n', '2', '1, m'])}):")
            lines += ["    " + line for line in random_body(draw, INNER, 0)]
        elif kind < 0.4:
            lines += [f"if {value} > b:", f"    b = {value}"]
        else:
            form = draw.choice(BODIES)
            if "[" in form:
                form = form.format(draw.choice(indices), "{}")
            lines.append(form.format(value))
    return lines


def test_a_tiling_that_is_taken_changes_no_result():
    draw = random.Random(2)
    head = "def f(y: floats, x: floats, z: floats, n: int, m: int):\n"
    head += "    a = 0.5\n    b = 0.25\n    t = 2.0\n    r = m\n    for i in range(n):\n"
    taken = 0
    for _ in range(4000):
        first = draw.choice([[], ["r = i * m"], ["t = x[i]"], ["r = i * m", "t = 0.0"]])
        body = "".join(f"        {line}\n" for line in [*first, *random_body(draw, OUTER, 1)])
        source = head + body + "    y[62] = a\n    y[63] = b\n"
        module = parse(source, "k.py")
        module.schedule = {"f": f"i×{draw.choice([2, 3, 4])}"}
        try:
            tiled = tiled_source(module)
        except CompileError:
            continue
        taken += 1
        for n, m in ((5, 3), (4, 1), (7, 2)):
            results = []
            for text in (source, tiled):
                namespace = {"floats": None}
                exec(text, namespace)
                y, x, z = ([((k + i) * 7 % 11) / 3 for i in range(64)] for k in range(3))
                namespace["f"](y, x, z, n, m)
                results.append((y, z))
            assert results[0] == results[1], source
    assert taken > 400
