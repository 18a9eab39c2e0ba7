"""Adam with bias correction, and the learning rate of each step."""

from array import array
from math import cos, pi

FOREVER = 1 << 29  # steps, in which the learning rate has no time to fall


class Adam:
    """Adam over one flat parameter buffer: first and second moments m and v are as flat.

    With config.moment_bits 16 the m and v of a parameter share one int32 of `moments`, and each
    tensor is updated as soon as its gradient is known.

    The learning rate rises over config.warmup steps, and falls to zero at config.steps along a
    line, or half a cosine. While config.steps is 0 it does not fall yet.
    """

    def __init__(self, config, kernels, moments, typecode="f"):
        """moments: m and v, or the one buffer of both."""
        self.config = config
        self.kernels = kernels
        self.moments = moments
        self.n = len(moments[0])
        self.hyper = array(typecode, [0.0, 0.0, 0.0, config.eps])
        self.steps = FOREVER
        self.now = 0  # the step that was prepared

    def prepare(self, step):
        """Set the learning rate and the decays of step number `step`, which is from 0."""
        config = self.config
        hyper = self.hyper
        self.now = step
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
        m, v = self.moments
        self.kernels.adam_step(params, grads, m, v, self.hyper, step, self.steps, self.n)

    def update(self, weights, grads, moments):
        """Update one tensor and its moments in place, as the step that was prepared.

        All three are buffers of one length; the moments are of 16 bits.
        """
        self.kernels.adam_step_16(
            weights, grads, moments, self.hyper, self.now, self.steps, len(weights)
        )
