"""1 / (√x + c): the usual case is straight code, the rare case lies behind the loop, and the result
is right wherever it is read first."""

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source
from tools.kernelc.latency import loops

from . import machine

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

HEAD = "def f(y: floats, x: floats, n: int, k: int):\n    for i in range(n):\n"
ONE = "1.0 / (sqrt(x[i]) + 0.001)"
PLACES = {
    "at once": f"        y[i] = {ONE}\n",
    "after another": f"        a = {ONE}\n        b = 1.0 / (sqrt(y[i]) + 0.001)\n"
    "        y[i] = a - b\n",
    "in a loop within": f"        a = {ONE}\n        y[i] = 0.0\n"
    "        for j in range(k):\n            y[i] += a * 2.0\n",
    "after a loop within": f"        a = {ONE}\n        b = 0.0\n"
    "        for j in range(k):\n            b += x[i]\n        y[i] = a + b\n",
    "in a test": f"        a = {ONE}\n        if a > 500.0:\n            y[i] = 1.0\n",
    "in a branch": f"        a = {ONE}\n        if y[i] > 0.5:\n            y[i] = a\n"
    "        else:\n            y[i] = a * 0.5\n",
    "behind a branch": f"        a = {ONE}\n        if y[i] > 0.5:\n            y[i] = 1.0\n"
    "        y[i] += a\n",
    "in a while": f"        a = {ONE}\n        b = y[i]\n        while b < 10.0:\n"
    "            b = b + a + 3.0\n        y[i] = b\n",
    "where it changes": f"        a = 1.0\n        if y[i] > 0.5:\n            a = {ONE}\n"
    "        y[i] = a\n",
    "after its numerator changes": "        a = 1.0\n        y[i] = 0.0\n"
    "        for j in range(k):\n            q = a / (sqrt(x[i]) + 0.001)\n"
    "            a = 2.0 + a\n            y[i] += q\n",
    "after its summand changes": "        c = 0.001\n        y[i] = 0.0\n"
    "        for j in range(k):\n            q = 1.0 / (sqrt(x[i]) + c)\n"
    "            c = 0.5 + c\n            y[i] += q\n",
    "by itself": f"        a = {ONE}\n        a = a + 1.0 / (sqrt(a) + 1e-8)\n        y[i] = a\n",
}


TILED = [place for place in PLACES if "if" not in PLACES[place] and "while" not in PLACES[place]]


@pytest.mark.parametrize(
    "place, factor", [*((place, 1) for place in PLACES), *((p, f) for p in TILED for f in (2, 3))]
)
def test_it_is_right_wherever_it_is_read(place, factor):
    schedule = f"SCHEDULE = {{'f': 'i×{factor}'}}\n" if factor > 1 else ""
    source = HEAD + PLACES[place]
    namespace = {"floats": None, "sqrt": np.sqrt}
    exec(source, namespace)
    rng = np.random.default_rng(1)
    x = rng.choice([0.0, 1e-12, 1e-4, 0.3, 2.0, 7e5], 41).astype(np.float32)
    y = rng.uniform(0, 1, 41).astype(np.float32)
    wanted = y.astype(np.float64)
    namespace["f"](wanted, x.astype(np.float64), 41, 3)
    machine.run(compile_source(source + schedule, "f.py")[1]["f"], y, x, 41, 3)
    np.testing.assert_allclose(y, wanted, rtol=3e-6, atol=3e-6)


def test_the_rare_case_lies_behind_the_loop():
    code = compile_source(HEAD + PLACES["at once"], "f.py")[1]["f"]
    (loop,) = loops(code)
    names = [op.name for _, _, op in loop.lines]
    assert names.count("blt") == 1 and "j" not in names and len(names) == 17
    rare = next(op.args[-1] for _, _, op in loop.lines if op.name == "blt")
    assert rare > loop.lines[-1][0]


def test_rare_code_is_not_executed_in_the_usual_case():
    code = compile_source(HEAD + PLACES["at once"], "f.py")[1]["f"]
    y = np.zeros(9, np.float32)
    usual, rare = [machine.trace(code, y, y + x, 9, 1) for x in (17, 15)]  # 4 squared is 16
    assert len(rare) - len(usual) > 9 * 20
