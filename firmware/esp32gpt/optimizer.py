"""Adam with bias correction, and the learning rate of each step."""

from array import array
from math import cos, pi

FOREVER = 1 << 29  # steps, in which the learning rate has no time to fall


class Adam:
    """Adam over one flat parameter buffer: first and second moments m and v are as flat.

    The learning rate rises over config.warmup steps, and falls to zero at config.steps along a
    line, or half a cosine. While config.steps is 0 it does not fall yet.
    """

    def __init__(self, config, kernels, m, v, typecode="f"):
        self.config = config
        self.kernels = kernels
        self.n = len(m)
        self.m = m
        self.v = v
        self.hyper = array(typecode, [0.0, 0.0, 0.0, config.eps])
        self.steps = FOREVER

    def prepare(self, step):
        """Set the learning rate and the decays of step number `step`, which is from 0."""
        config = self.config
        hyper = self.hyper
        hyper[0] = config.learning_rate
        hyper[1] = config.beta1
        hyper[2] = config.beta2
        self.steps = config.steps or FOREVER
        if step < config.warmup:
            hyper[0] *= (step + 1) / config.warmup
        if config.cosine and step:
            # adam_step multiplies by the line, 1 − x: so this is the cosine over the line.
            x = step / self.steps
            hyper[0] *= 0.5 * (1 + cos(pi * x)) / (1 - x)

    def step(self, params, grads, step):
        """Update params, m and v in place, as the step that was prepared."""
        self.kernels.adam_step(params, grads, self.m, self.v, self.hyper, step, self.steps, self.n)
