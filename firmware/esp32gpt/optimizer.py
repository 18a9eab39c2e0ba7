"""Adam with bias correction, and the learning rate of each step, except its linear fall, which the
kernels compute."""

from array import array
from math import cos, pi

from .compat import const

_FOREVER = const(1 << 29)  # so many steps that the learning rate practically does not fall


class Adam:
    """Adam over one flat parameter buffer. `moments` is the list of m and v, the first and second
    moments, flat as well; `hyper` holds the learning rate, β1, β2 and ε.

    With config.moment_bits 16, m and v of a parameter share one int32 of a single buffer, and a
    Follow updates the weights instead of `step`.

    The learning rate rises for config.warmup steps and falls to zero at config.steps, along a line
    or half a cosine. While config.steps is 0, it does not fall.
    """

    def __init__(self, config, kernels, moments, typecode="f"):
        """Use `moments`, a list of the buffers m and v, or of one buffer for both."""
        self.config = config
        self.kernels = kernels
        self.moments = moments
        self.n = len(moments[0])
        self.hyper = array(typecode, [0.0, 0.0, 0.0, config.eps])
        self.begin()

    def begin(self):
        """Take the learning rate, the decays and the number of steps from the Config. Call this if
        they have changed. Afterwards `varies` says whether each step needs a call of `prepare`."""
        config = self.config
        hyper = self.hyper
        hyper[0] = config.learning_rate
        hyper[1] = config.beta1
        hyper[2] = config.beta2
        self.steps = config.steps or _FOREVER
        self.varies = bool(config.warmup or config.cosine)

    def prepare(self, step):
        """Set the learning rate, hyper[0], for step number `step`, counted from 0.

        The linear fall is not in it: the kernels of Adam multiply by 1 − step / steps.
        """
        config = self.config
        hyper = self.hyper
        hyper[0] = config.learning_rate  # in float32, as in a checkpoint
        if step < config.warmup:
            hyper[0] *= (step + 1) / config.warmup
        if config.cosine and step:
            # adam_step multiplies by 1 − x, so divide the cosine by it.
            x = step / self.steps
            hyper[0] *= 0.5 * (1 + cos(pi * x)) / (1 - x)

    def step(self, params, grads, step):
        """Update params, m and v in place from the gradients `grads`. If the learning rate varies,
        call `prepare` with the same step first."""
        m, v = self.moments
        self.kernels.adam_step(params, grads, m, v, self.hyper, step, self.steps, self.n)
