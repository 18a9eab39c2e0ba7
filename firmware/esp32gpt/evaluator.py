"""Measure the loss of names without training on them."""

from array import array

from .buffers import zeros
from .tokenizer import BOS


class Evaluator:
    """Measures a model's loss. This overwrites the activations and `tokens`, a buffer of block_size
    + 1, which are not needed between steps."""

    def __init__(self, model, tokenizer):
        self.model = model
        self.tokenizer = tokenizer
        self.tokens = array("i", [0] * (model.config.block_size + 1))
        self.targets = memoryview(self.tokens)[1:]
        self.losses = zeros(1, model.typecode)

    def loss(self, name):
        """Return how badly the model predicts the letters and the end of `name`, a text: the mean
        cross-entropy of its predictions, in nats.

        Only the first block_size predictions of a long name count. Raises ValueError if the name is
        empty or has characters outside the alphabet.
        """
        utf8 = name.encode()
        T = self.tokenizer.encode(utf8, 0, len(utf8), self.tokens)
        if not T:
            raise ValueError(f"'{name}' has letters other than '{self.tokenizer.alphabet}'")
        return self._loss(T)

    def mean(self, held_out, names):
        """Return a tuple (mean of the names' losses in nats, number of names measured) for the
        first `names` names (a number) in `held_out`, a HeldOut, or all if it has fewer; (None, 0)
        if it has none."""
        tokens = self.tokens
        total = 0.0
        count = min(names, held_out.count)
        offset = 0
        tokens[0] = BOS
        for _ in range(count):
            T, offset = held_out.write(offset, tokens)
            total += self._loss(T)
        return (total / count if count else None), count

    def _loss(self, T):
        model = self.model
        logits = model.forward(self.tokens, 0, T)
        model.kernels.cross_entropy(self.losses, logits, self.targets, 0, T, model.vocab_size)
        return self.losses[0]
