"""The backward pass against central finite differences, in double precision."""

from array import array

import pytest
from esp32gpt import kernels, tables
from esp32gpt.backward import Backward
from esp32gpt.buffers import zeros
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.rng import Rng

H = 1e-5
RELU_MARGIN = 1e-3  # a step of H must not carry a ReLU's argument across 0
TOLERANCE = 1e-6

SHAPES = {
    "one layer": Config(n_embd=8, n_head=2, n_layer=1, block_size=6, vocab_size=7, init_std=0.3),
    "two layers": Config(n_embd=6, n_head=3, n_layer=2, block_size=4, vocab_size=5, init_std=0.4),
    "one head": Config(n_embd=4, n_head=1, n_layer=1, block_size=9, vocab_size=11, init_std=0.4),
    # block_size is so large that dhidden does not fit in the place of gradients.
    "long": Config(n_embd=4, n_head=2, n_layer=1, block_size=12, vocab_size=5, init_std=0.4),
}


class Case:
    """A model in doubles and a document of T predictions, with no ReLU argument near 0."""

    def __init__(self, config, T):
        self.reference = kernels.load("reference")
        self.T = T
        self.model = Model(config, self.reference, typecode="d")
        self.backward = Backward(self.model, zeros(len(self.model.params), self.model.typecode))
        self.losses = array("d", [0.0])
        for seed in range(1, 1000):
            rng = Rng(seed)
            self.model.init_weights(rng)
            self.tokens = array("i", [rng.below(config.vocab_size) for _ in range(T + 1)])
            self.targets = self.tokens[1:]
            if self.nearest_kink() > RELU_MARGIN:
                return
        raise AssertionError("no seed keeps every ReLU's argument away from 0")

    def loss(self):
        logits = self.model.forward(self.tokens, 0, self.T)
        V = self.model.vocab_size
        self.reference.cross_entropy(self.losses, logits, self.targets, 0, self.T, V)
        return self.losses[0]

    def nearest_kink(self):
        """Return the smallest magnitude of a ReLU's argument."""
        self.loss()
        C = self.model.config.n_embd
        arguments = array("d", bytes(8 * self.T * 4 * C))
        nearest = float("inf")
        for layer in self.model.layers:
            self.reference.linear_forward(
                arguments, layer.mlp_norm, layer.mlp_fc1, 0, self.T, C, 4 * C, 0
            )
            nearest = min(nearest, *map(abs, arguments))
        return nearest

    def difference(self, i):
        """Return the central difference of the loss by parameter i."""
        params = self.model.params
        value = params[i]
        params[i] = value + H
        above = self.loss()
        params[i] = value - H
        below = self.loss()
        params[i] = value
        return (above - below) / (2 * H)

    def check(self, most=None):
        """Compare the gradient of each tensor with differences: all elements, or the `most`
        largest."""
        self.loss()
        self.backward.backward(self.tokens, self.T)
        grads = array("d", self.backward.grads)
        first = 0
        for name, rows, cols in tables.parameters(self.model.config):
            elements = range(first, first + rows * cols)
            if most:
                elements = sorted(elements, key=lambda i: -abs(grads[i]))[:most]
            differences = [self.difference(i) for i in elements]
            errors = [abs(grads[i] - d) for i, d in zip(elements, differences, strict=True)]
            norm = sum(grads[i] ** 2 for i in elements) ** 0.5
            largest = max(abs(grads[i]) for i in elements)
            assert sum(e * e for e in errors) ** 0.5 <= TOLERANCE * norm, name
            assert max(errors) <= TOLERANCE * largest, name
            assert largest > 0, name
            first += rows * cols


@pytest.mark.parametrize("T", ["one", "some", "all"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_gradient_is_the_slope_of_the_loss(shape, T):
    config = SHAPES[shape]
    Case(config, {"one": 1, "some": 3, "all": config.block_size}[T]).check()


@pytest.mark.parametrize("T", [1, 16])
def test_largest_gradients_of_the_default_shape(T):
    Case(Config(init_std=0.2), T).check(most=9)
