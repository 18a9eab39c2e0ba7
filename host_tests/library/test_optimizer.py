"""Adam's learning rate: how it rises and falls."""

from math import cos, pi

from engines import reference
from esp32gpt.buffers import zeros
from esp32gpt.config import Config
from esp32gpt.optimizer import Adam


def rates(steps=20, **changes):
    """Return the change of a parameter in each step when its gradient is always 1.

    The change is the learning rate: with β1 = β2 = 0.5 the corrected moments are 1 from the first
    step on.
    """
    config = Config(steps=steps, learning_rate=0.01, beta1=0.5, beta2=0.5, **changes)
    adam = Adam(config, reference(), (zeros(1), zeros(1)))
    params = zeros(1)
    grads = zeros(1)
    grads[0] = 1.0
    found = []
    for step in range(20):
        before = params[0]
        adam.prepare(step)
        adam.step(params, grads, step)
        found.append(before - params[0])
    return found


def check(found, expected):
    for step in range(20):
        assert abs(found[step] - expected(step)) < 2e-7, f"step {step}: {found[step]}"


def test_the_learning_rate_falls_along_a_line():
    check(rates(), lambda step: 0.01 * (1 - step / 20))


def test_it_falls_along_half_a_cosine():
    check(rates(cosine=True), lambda step: 0.005 * (1 + cos(pi * step / 20)))


def test_it_rises_while_warming_up():
    check(rates(warmup=8), lambda step: 0.01 * (1 - step / 20) * min((step + 1) / 8, 1))


def test_it_stays_while_the_number_of_steps_is_unknown():
    check(rates(seconds=60, warmup=4), lambda step: 0.01 * min((step + 1) / 4, 1))
