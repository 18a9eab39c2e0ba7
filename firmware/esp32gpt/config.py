"""The shape of the model, the parameters of its training, and the tables of its buffers.

The tables list (name, rows, cols) of every buffer. The offsets, the views, the gradients, the
moments, and the memory that a shape needs all follow from them.
"""

from .modules import borrow

HELD_OUT_BYTES = 2560  # for 256 names of 9 letters
SHAPE = ("n_embd", "n_head", "n_layer", "block_size")  # and vocab_size


class Config:
    """The shape of a model and the parameters of its training. n_head must divide n_embd.

    Its attributes are vocab_size, init_std (the standard deviation of initial weights), eps (Adam's
    ε) and all names of defaults.MODEL. The defaults are those of microgpt.
    """

    def __init__(self, vocab_size=27, init_std=0.08, eps=1e-8, **changes):
        """Change the defaults to `changes`. Raises ValueError for an unknown name or a bad
        value."""
        for name, value in borrow("defaults", "model", changes).items():
            setattr(self, name, value)
        if not isinstance(vocab_size, int) or vocab_size < 1:
            raise ValueError(f"vocab_size must be a whole number from 1, not {vocab_size!r}")
        self.vocab_size = vocab_size
        self.init_std = init_std
        self.eps = eps
        if self.seconds:
            self.steps = 0  # until the number of steps for this time is known
        if self.moment_bits not in (16, 32):
            raise ValueError(f"moment_bits must be 16 or 32, not {self.moment_bits}")
        self.check_batch()
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_head must divide n_embd: {self.n_embd} channels do not split into {self.n_head}"
                " heads"
            )

    def check_batch(self):
        """Raise ValueError if the batch cannot be trained with these moments."""
        if self.moment_bits == 16 and self.batch > 1:
            raise ValueError(
                "batch must be 1 with moment_bits 16: no gradient is kept then that those of other "
                "names could be added to"
            )

    def parameters(self):
        """Return (name, rows, cols) of every weight, in the order of the flat parameter buffer.

        A weight is stored (outputs, inputs). q, k and v are one matrix, in that order.
        """
        C = self.n_embd
        table = [("wte", self.vocab_size, C), ("wpe", self.block_size, C)]
        for i in range(self.n_layer):
            table += [
                (f"layer{i}.attn_wqkv", 3 * C, C),
                (f"layer{i}.attn_wo", C, C),
                (f"layer{i}.mlp_fc1", 4 * C, C),
                (f"layer{i}.mlp_fc2", C, 4 * C),
            ]
        table.append(("lm_head", self.vocab_size, C))
        return table

    def activations(self):
        """Return (name, rows, cols) of every buffer that the forward pass writes."""
        C = self.n_embd
        T = self.block_size
        table = [("emb", T, C), ("emb_rstd", T, 1)]
        for i in range(self.n_layer):
            table += [
                (f"layer{i}.attn_norm", T, C),
                (f"layer{i}.attn_rstd", T, 1),
                (f"layer{i}.qkv", T, 3 * C),
                (f"layer{i}.probs", self.n_head * T, T),
                (f"layer{i}.attn", T, C),
                (f"layer{i}.mlp_norm", T, C),
                (f"layer{i}.mlp_rstd", T, 1),
                (f"layer{i}.hidden", T, 4 * C),
            ]
        table += [
            ("x", T, C),
            ("branch", T, C),
            ("logits", T, self.vocab_size),  # later their gradient
        ]
        return table

    def gradients(self):
        """Return (name, rows, cols) of the gradients that are kept at the same time.

        With moments of 16 bits this is only the largest one; both embeddings count as one.
        Otherwise it is all of them; a batch needs each one twice, for the sum.
        """
        if self.moment_bits == 16:
            C = self.n_embd
            embeddings = self.vocab_size + self.block_size
            return [("any", 1, C * max(4 * C, embeddings))]
        return self.parameters() * (1 + (self.batch > 1))

    def activation_gradients(self):
        """Return (name, rows, cols) of the buffers that only the backward pass uses; all layers
        share them.

        The rest reuse forward buffers that are no longer needed. dhidden has no buffer if all
        gradients are kept and it fits where those of the weights before the MLP are written later.
        """
        C = self.n_embd
        T = self.block_size
        fits = self.moment_bits == 32 and self.vocab_size + T + 4 * C >= 4 * T
        return [] if fits else [("dhidden", T, 4 * C)]

    def model_bytes(self):
        """Return the bytes that a model allocates in float32: weights and activations."""
        return 4 * (size(self.parameters()) + size(self.activations()))

    def training_bytes(self):
        """Return the bytes that training allocates in addition: gradients, both moments, and the
        held-out names."""
        moments = size(self.parameters()) * self.moment_bits // 16  # as numbers of 4 bytes
        floats = moments + size(self.gradients()) + size(self.activation_gradients())
        return 4 * floats + HELD_OUT_BYTES


def size(table):
    """Return the number of elements in all tensors of a table."""
    return sum(rows * cols for _, rows, cols in table)
