"""Random numbers: the same on every interpreter, and random enough."""

from esp32gpt.buffers import zeros
from esp32gpt.rng import Rng


def test_rng_is_xorshift32():
    rng = Rng(1)
    state = (rng.high << 16) | rng.low
    for _ in range(100):
        rng.bits()
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        assert (rng.high << 16) | rng.low == state


def test_rng_sequence_is_the_same_everywhere():
    rng = Rng(42)
    assert [rng.below(1000) for _ in range(5)] == [126, 10, 812, 631, 753]


def test_rng_takes_any_seed():
    assert len({Rng(seed).uniform() for seed in (0, 1, 2, 42, -1, 1 << 16, 1 << 31)}) == 7


def test_a_buffer_is_filled_with_the_same_sequence():
    one, other = Rng(9), Rng(9)
    buffer = zeros(200)
    one.fill(buffer, 0.08)
    expected = zeros(200)
    for i in range(200):
        expected[i] = other.gaussian(0.0, 0.08)
    assert list(buffer) == list(expected)
    assert (one.high, one.low) == (other.high, other.low)


def moments(draw, n=3000):
    """Return (smallest, largest, mean, variance) of n draws, without keeping the draws."""
    smallest, largest, total, squares = 1e9, -1e9, 0.0, 0.0
    for _ in range(n):
        x = draw()
        smallest, largest = min(smallest, x), max(largest, x)
        total += x
        squares += x * x
    return smallest, largest, total / n, squares / n - (total / n) ** 2


def test_uniform_and_gaussian_have_their_moments():
    rng = Rng(3)
    smallest, largest, mean, variance = moments(rng.uniform)
    assert smallest >= 0.0 and largest < 1.0
    assert abs(mean - 0.5) < 0.02 and abs(variance - 1 / 12) < 0.005
    _, _, mean, variance = moments(lambda: rng.gaussian(1.0, 2.0))
    assert abs(mean - 1.0) < 0.1 and abs(variance - 4.0) < 0.3
