"""The shape of the model and of its training, and the size tables that follow from it.

Every buffer of the library comes from one of two tables of (name, rows, cols): offsets,
views, gradients, moments and the memory a shape needs are all derived from them.
"""


class Config:
    """Any shape with n_head dividing n_embd; the defaults are microgpt's.

    num_steps is the length the learning-rate schedule assumes. Raises ValueError for a
    value that makes no model.
    """

    def __init__(
        self,
        n_embd=16,
        n_head=4,
        n_layer=1,
        block_size=16,
        vocab_size=27,
        num_steps=1000,
        learning_rate=0.01,
        beta1=0.85,
        beta2=0.99,
        eps=1e-8,
        init_std=0.08,
    ):
        self.n_embd = n_embd
        self.n_head = n_head
        self.n_layer = n_layer
        self.block_size = block_size
        self.vocab_size = vocab_size
        self.num_steps = num_steps
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.init_std = init_std
        for name in ("n_embd", "n_head", "n_layer", "block_size", "vocab_size", "num_steps"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1, not {value!r}")
        if n_embd % n_head:
            raise ValueError(
                f"n_head must divide n_embd: {n_embd} channels do not split into {n_head} heads"
            )

    def parameters(self):
        """(name, rows, cols) of every weight, in the order of the flat parameter buffer.

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
        """(name, rows, cols) of what the forward pass keeps for the backward pass."""
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
            ("logits", T, self.vocab_size),  # and dlogits
        ]
        return table

    def activation_gradients(self):
        """(name, rows, cols) of the backward pass's own buffers; all layers share them.

        The others are where the forward pass has done with its own, and dhidden is, if it fits,
        where the gradients of all weights before the MLP's will be.
        """
        C = self.n_embd
        T = self.block_size
        fits = self.vocab_size + T + 4 * C >= 4 * T
        return [] if fits else [("dhidden", T, 4 * C)]

    def model_bytes(self):
        """Bytes that a model allocates in float32: weights and activations."""
        return 4 * (size(self.parameters()) + size(self.activations()))

    def training_bytes(self):
        """Bytes that training it allocates besides: gradients, moments, their activations."""
        return 4 * (3 * size(self.parameters()) + size(self.activation_gradients()))


def size(table):
    """Number of elements in all tensors of a table."""
    return sum(rows * cols for _, rows, cols in table)
