"""Invent names, one token at a time. The keys and values of earlier tokens are kept."""

from array import array

from .buffers import zeros
from .compat import const
from .tokenizer import BOS

_TRIES = const(100)  # draws of a first letter; some models nearly always draw the end of a name


class Sampler:
    """Draws names from a model, with random numbers from `rng`, an Rng."""

    def __init__(self, model, tokenizer, rng):
        self.model = model
        self.tokenizer = tokenizer
        self.rng = rng
        self.scale = zeros(1, model.typecode)  # 1/temperature
        self.tokens = array("i", [0] * (model.config.block_size + 1))

    def sample(self, prompt="", temperature=0.5, top_k=0):
        """Return an invented name of up to block_size characters that begins with `prompt`, as the
        tokenizer reads it: capitals may become small letters. In rare cases the name is empty.

        The temperature must be above 0: below 1 it gives likelier names, above 1 stranger ones.
        With top_k > 0 each character is one of the top_k likeliest. Overwrites the activations.
        Raises ValueError if the prompt has characters outside the alphabet, or leaves no room, for
        a temperature not above 0, and for a negative top_k.
        """
        if temperature <= 0:
            raise ValueError("temperature must be above 0: try 0.5")
        if top_k < 0:
            raise ValueError("top_k must be a number of characters, or 0 for all: try 5")
        self.scale[0] = 1 / temperature
        model = self.model
        scale = self.scale
        bits = self.rng.bits
        forward = model.forward
        categorical = model.kernels.categorical
        V = model.vocab_size
        block_size = model.config.block_size
        tokens = self.tokens
        tokens[0] = BOS
        length = self._encode(prompt)
        if length:
            # Compute the rows of the prompt before its last token; the loop computes the last one.
            forward(tokens, 0, length)
        tries = _TRIES
        while length < block_size:
            token = categorical(forward(tokens, length, 1), scale, length, V, top_k, bits())
            if token != BOS:
                length += 1
                tokens[length] = token
            elif length or tries == 1:
                break
            else:  # a name needs a letter
                tries -= 1
        return self.tokenizer.decode(memoryview(tokens)[1 : length + 1])

    def _encode(self, prompt):
        """Write the prompt's tokens, and return their number."""
        if not prompt:
            return 0
        utf8 = prompt.encode()
        n = self.tokenizer.encode(utf8, 0, len(utf8), self.tokens)
        if not n:
            raise ValueError(f"'{prompt}' has letters other than '{self.tokenizer.alphabet}'")
        length = n - 1
        space = self.tokenizer.alphabet.find(" ") + 1
        if self.tokens[n] == BOS and prompt[-1] == " " and space:  # a name cannot end in a space
            length = n
            self.tokens[n] = space
        if n == len(self.tokens) - 1 and self.tokens[n] != BOS:
            raise ValueError(f"a prompt has at most {len(self.tokens) - 2} characters")
        return length
