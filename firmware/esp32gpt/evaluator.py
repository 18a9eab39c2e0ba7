"""The loss of names that are not learned from."""

from array import array

from .buffers import zeros


class Evaluator:
    """Measures a model. It overwrites the activations, which nobody needs between two steps."""

    def __init__(self, model, tokenizer):
        self.model = model
        self.tokenizer = tokenizer
        self.tokens = array("i", [0] * (model.config.block_size + 1))
        self.targets = memoryview(self.tokens)[1:]
        self.losses = zeros(1, model.typecode)

    def loss(self, name):
        """The mean cross-entropy of a name's predictions, in nats.

        Of a long one those of the first block_size. Raises ValueError if it has characters
        outside the alphabet.
        """
        utf8 = name.encode()
        T = self.tokenizer.encode(utf8, 0, len(utf8), self.tokens)
        if not T:
            raise ValueError(f"a name is written in the letters '{self.tokenizer.alphabet}'")
        return self._loss(T)

    def mean(self, documents, names):
        """(mean loss, how many) of up to so many documents of this epoch; (None, 0) of none."""
        total = 0.0
        count = 0
        epoch = documents.epoch
        while count < names:
            T = documents.peek(self.tokens)
            if not T or documents.epoch != epoch:
                break
            total += self._loss(T)
            count += 1
            documents.advance()
        return (total / count if count else None), count

    def _loss(self, T):
        self.model.forward(self.tokens, 0, T)
        self.model.loss_forward(self.losses, self.targets, 0, T)
        return self.losses[0]
