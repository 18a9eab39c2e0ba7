"""Tiled kernels are plain Python with the same meaning, and unsound tilings are refused."""

import pytest
from kernelc.errors import CompileError
from kernelc.frontend import parse
from kernelc.schedule import TABLE, schedule, tiled_source
from test_kernelc_kernels import MODULE, REFERENCE, SHAPES, Case

NAMESPACE = {"floats": None, "ints": None}
exec("from math import exp, log, sqrt\n" + tiled_source(MODULE), NAMESPACE)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_tiled_kernel_runs_under_python_and_agrees_exactly(name, shape):
    kernel = MODULE.kernels[name]
    plain, other = (
        [list(a) if hasattr(a, "dtype") else a for a in Case(shape, 1).arguments(kernel)]
        for _ in range(2)
    )
    getattr(REFERENCE, name)(*plain)
    NAMESPACE[name](*other)
    assert other == plain


LOOPS = "def f(y: floats, x: floats, n: int, m: int):\n    for i in range(n):\n"
UNSOUND = {
    "        y[i] = y[i + 1] + x[i]": "reads and writes y",
    "        y[i] += x[i]": "reads and writes y",
    "        y[0] = x[i]": "every i stores",
    "        if x[i] > 0.0:\n            y[i] = x[i]": "branches",
    "        for j in range(i):\n            y[i * m + j] = x[j]": "length depends on i",
    "        a = a + x[i]\n        y[i] = a": "a is carried",
}


@pytest.mark.parametrize("body", UNSOUND)
def test_an_unsound_tiling_is_refused_with_the_reason(body):
    kernel = parse(LOOPS + body, "k.py").kernels["f"]
    with pytest.raises(CompileError, match=f"^k.py:[0-9]+: .*{UNSOUND[body]}"):
        schedule(kernel, {"f": "i×2"})


def test_a_tiling_of_a_loop_that_is_not_there_is_refused():
    kernel = parse(LOOPS + "        y[i] = x[i]", "k.py").kernels["f"]
    with pytest.raises(CompileError, match="no such loop"):
        schedule(kernel, {"f": "j×2"})
