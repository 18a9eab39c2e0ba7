"""Inventing names: one token at a time, with the keys and values of those before it kept."""

from array import array

from .buffers import zeros
from .tokenizer import BOS


class Sampler:
    """Draws names from a model."""

    def __init__(self, model, tokenizer, rng):
        self.model = model
        self.tokenizer = tokenizer
        self.rng = rng
        self.scale = zeros(1, model.typecode)
        self.tokens = array("i", [0] * (model.config.block_size + 1))

    def sample(self, prompt="", temperature=0.5, top_k=0):
        """A name that begins with prompt, of up to block_size characters.

        temperature > 0: below 1 likelier names, above 1 stranger ones. top_k: only the k likeliest
        tokens are drawn; 0: any. Raises ValueError if the prompt has characters outside the
        alphabet, or leaves no room.
        """
        if temperature <= 0:
            raise ValueError("temperature must be above 0: try 0.5")
        if top_k < 0:
            raise ValueError("top_k must be 0 (any letter) or more: try 8")
        self.top_k = top_k
        self.scale[0] = 1 / temperature
        block_size = self.model.config.block_size
        tokens = self.tokens
        tokens[0] = BOS
        length = self._encode(prompt)
        if length:
            # The rows of the prompt but for its last token, whose logits we want.
            self.model.forward(tokens, 0, length)
        while length < block_size:
            token = self._next(length)
            if token == BOS:
                break
            length += 1
            tokens[length] = token
        return self.tokenizer.decode(memoryview(tokens)[1 : length + 1])

    def _encode(self, prompt):
        """Write the prompt's tokens; returns how many."""
        if not prompt:
            return 0
        utf8 = prompt.encode()
        n = self.tokenizer.encode(utf8, 0, len(utf8), self.tokens)
        if not n:
            raise ValueError(f"a prompt is written in the letters {self.tokenizer.alphabet!r}")
        if self.tokens[n] != BOS:
            raise ValueError(f"a prompt has at most {len(self.tokens) - 2} characters")
        return n - 1

    def _next(self, position):
        """Draw the token that follows tokens[position]."""
        model = self.model
        V = model.config.vocab_size
        model.forward(self.tokens, position, 1)
        model.kernels.softmax_forward(model.probs, model.logits, self.scale, position, 1, V)
        if 0 < self.top_k < V:
            self._drop_others(position * V, V)
        return self.rng.categorical(model.probs, position * V, V)

    def _drop_others(self, first, V):
        """Leave only the top_k largest of the V probabilities, and have them add up to 1."""
        probs = self.model.probs
        least = sorted(probs[first : first + V])[-self.top_k]
        kept = sum(p for p in probs[first : first + V] if p >= least)
        for i in range(first, first + V):
            probs[i] = probs[i] / kept if probs[i] >= least else 0.0
