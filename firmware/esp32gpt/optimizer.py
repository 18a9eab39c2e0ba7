"""Adam, with bias correction and a learning rate that falls linearly to zero."""

from array import array


class Adam:
    """Adam over one flat parameter buffer: first and second moments m and v are as flat."""

    def __init__(self, config, kernels, m, v, typecode="f"):
        self.config = config
        self.kernels = kernels
        self.n = len(m)
        self.m = m
        self.v = v
        self.hyper = array(typecode, [config.learning_rate, config.beta1, config.beta2, config.eps])

    def step(self, params, grads, step):
        """Update params, m and v in place, as step number `step` (from 0) of config.steps."""
        self.kernels.adam_step(
            params, grads, self.m, self.v, self.hyper, step, self.config.steps, self.n
        )
