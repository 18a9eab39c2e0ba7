"""exp, log, sqrt and division: errors in units in the last place, and results for extreme
values."""

import numpy as np
import pytest

from tools.kernelc.compiler import compile_source

from . import machine

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

SOURCE = """
def f(y: floats, x: floats, z: floats, n: int):
    for i in range(n):
        y[i] = {}
"""


def compute(expression, x, z=None):
    x = np.asarray(x, np.float32)
    y = np.zeros_like(x)
    z = x if z is None else np.asarray(z, np.float32)
    code = compile_source(SOURCE.format(expression), "f.py")[1]["f"]
    machine.run(code, y, x, z, len(x))
    return y


def worst(got, wanted):
    """Return the largest error, in units in the last place of the float32 nearest to the right
    value."""
    ulp = np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)
    return np.max(np.abs(got.astype(np.float64) - wanted) / ulp)


def spread(low, high, n=4000):
    random = np.random.default_rng(7)
    return np.exp(random.uniform(np.log(low), np.log(high), n)).astype(np.float32)


def test_exp_is_good_to_2_ulp():
    x = np.random.default_rng(1).uniform(-87.3, 88.3, 8000).astype(np.float32)
    assert worst(compute("exp(x[i])", x), np.exp(x.astype(np.float64))) < 2
    x = np.linspace(-1, 1, 4001, dtype=np.float32)
    assert worst(compute("exp(x[i])", x), np.exp(x.astype(np.float64))) < 2


def test_log_is_good_to_2_ulp():
    for low, high in ((1.2e-38, 3.4e38), (0.5, 2.0)):
        x = spread(low, high)
        x = x[x != 1]
        assert worst(compute("log(x[i])", x), np.log(x.astype(np.float64))) < 2


def test_sqrt_is_good_to_1_ulp():
    x = spread(1.2e-38, 3.4e38)
    assert worst(compute("sqrt(x[i])", x), np.sqrt(x.astype(np.float64))) < 1


def test_a_reciprocal_is_good_to_1_ulp_and_a_quotient_nearly_exact():
    x = np.concatenate([spread(2.4e-38, 4.2e37), -spread(2.4e-38, 4.2e37)])
    assert worst(compute("1.0 / x[i]", x), 1 / x.astype(np.float64)) < 1
    x, z = spread(1e-15, 1e15), -spread(1e-15, 1e15)
    assert worst(compute("x[i] / z[i]", x, z), x / z.astype(np.float64)) < 0.51


def test_whole_numbers_come_out_whole():
    x = np.arange(1, 257, dtype=np.float32)
    assert np.array_equal(compute("sqrt(x[i] * x[i])", x), x)
    assert np.array_equal(compute("x[i] * 12.0 / 12.0", x), x)
    assert compute("log(x[i])", [1.0])[0] == 0
    assert compute("exp(x[i])", [0.0, -0.0]).tolist() == [1, 1]


def test_the_ends_of_exp():
    got = compute("exp(x[i])", [-87.0, -103.0, -200.0, -1e30, -np.inf, 88.0, 89.0, 1e30, np.nan])
    np.testing.assert_allclose(got[0], np.exp(-87.0), rtol=1e-6)
    assert got[1:5].tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(got[5], np.exp(88.0), rtol=1e-6)
    assert got[6:8].tolist() == [np.inf, np.inf]
    assert np.isnan(got[8])


def test_the_ends_of_log_and_sqrt():
    assert np.isnan(compute("log(x[i])", [np.nan, np.inf])).all()
    assert compute("log(x[i])", [0.0])[0] < -87
    denormal = np.array([0.0, 1e-45, 1e-40, 1.1e-38], np.float32)
    got = compute("sqrt(x[i])", denormal)
    assert got[0] == 0
    assert np.all(np.abs(got - np.sqrt(denormal.astype(np.float64))) < 2**-63)
    assert np.isnan(compute("sqrt(x[i])", [np.nan, np.inf])).all()


@pytest.mark.parametrize("c", [1e-8, 1e-3, 0.0])
def test_one_over_a_root_and_a_constant_is_good_to_one_part_in_800_000(c):
    few = (4096 * c) ** 2  # here the computation switches from one formula to the other
    x = np.concatenate([spread(1.2e-38, 1e30), spread(few / 4 + 1e-37, few * 4 + 1e-30)])
    got = compute(f"1.0 / (sqrt(x[i]) + {c!r})", x)
    wanted = 1 / (np.sqrt(x.astype(np.float64)) + np.float32(c))
    assert np.max(np.abs(got / wanted - 1)) < 1.2e-6


def test_an_adam_denominator_is_right_for_zero_and_denormals():
    x = np.array([0.0, 1e-45, 1e-40, 1e-38, 1e-30, 1e-20, 1e-16], np.float32)
    wanted = 1 / (np.sqrt(x.astype(np.float64)) + np.float32(1e-8))
    np.testing.assert_allclose(compute("1.0 / (sqrt(x[i]) + 1e-8)", x), wanted, rtol=2e-7)


def test_bits_of_floats_and_floats_of_bits():
    x = np.concatenate([spread(1e-38, 3e38), -spread(1e-38, 3e38), [0.0, -0.0]])
    x = x.astype(np.float32)
    wanted = (x.view(np.int32) & ~0xFFFF).view(np.float32)
    got = compute("from_bits(to_bits(x[i]) - to_bits(x[i]) % 65536)", x)
    assert (got.view(np.int32) == wanted.view(np.int32)).all()
