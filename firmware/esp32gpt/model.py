"""The GPT: its weights, its activations and the forward pass.

microgpt's architecture: token and position embedding, RMSNorm without gain, and per layer
x += attention(norm(x)), x += mlp(norm(x)) with a ReLU, then the output matrix; no biases.
"""

from . import compat
from .buffers import allocate, views, zeros
from .config import size


class Layer:
    """One transformer layer: views of its weights, its activations, its forward pass."""

    def __init__(self, config, kernels, weights, activations, index):
        self.kernels = kernels
        self.n_embd = config.n_embd
        self.n_head = config.n_head
        self.block_size = config.block_size
        prefix = f"layer{index}."
        self.attn_wqkv = weights[prefix + "attn_wqkv"]  # (3C, C)
        self.attn_wo = weights[prefix + "attn_wo"]  # (C, C)
        self.mlp_fc1 = weights[prefix + "mlp_fc1"]  # (4C, C)
        self.mlp_fc2 = weights[prefix + "mlp_fc2"]  # (C, 4C)
        self.attn_norm = activations[prefix + "attn_norm"]  # (T, C)
        self.attn_rstd = activations[prefix + "attn_rstd"]  # (T,)
        self.qkv = activations[prefix + "qkv"]  # (T, 3C): also the key and value cache
        self.probs = activations[prefix + "probs"]  # (n_head, T, T)
        self.attn = activations[prefix + "attn"]  # (T, C)
        self.mlp_norm = activations[prefix + "mlp_norm"]  # (T, C)
        self.mlp_rstd = activations[prefix + "mlp_rstd"]  # (T,)
        self.hidden = activations[prefix + "hidden"]  # (T, 4C)
        self.x = activations["x"]  # (T, C): the residual stream, shared and not kept
        self.branch = activations["branch"]  # (T, C): what joins it, likewise

    def forward(self, x, start, T):
        """Turn rows start … start+T-1 of x into the layer's output, which is self.x."""
        k = self.kernels
        C = self.n_embd
        norm = self.attn_norm
        qkv = self.qkv
        attn = self.attn
        branch = self.branch
        k.rmsnorm_forward(norm, self.attn_rstd, x, start, T, C)
        k.linear_forward(qkv, norm, self.attn_wqkv, start, T, C, 3 * C)
        k.attention_forward(attn, self.probs, qkv, start, T, C, self.n_head, self.block_size)
        k.linear_forward(branch, attn, self.attn_wo, start, T, C, C)
        k.residual_forward(self.x, x, branch, start, T, C)

        x = self.x
        norm = self.mlp_norm
        hidden = self.hidden
        k.rmsnorm_forward(norm, self.mlp_rstd, x, start, T, C)
        k.linear_forward(hidden, norm, self.mlp_fc1, start, T, C, 4 * C)
        k.relu_forward(hidden, start, T, 4 * C)
        k.linear_forward(branch, hidden, self.mlp_fc2, start, T, 4 * C, C)
        k.residual_forward(x, x, branch, start, T, C)


class Model:
    """Weights in one flat buffer, `params`, and the activations of one name.

    `weights` maps each tensor's name to its view. `engine` is a module with the kernels, such
    as kernels.choose().engine. With typecode "d" everything is computed in double precision,
    which the reference engine can do under CPython.
    """

    def __init__(self, config, engine, typecode="f", params=None):
        """params: a buffer for the weights; made here if None. Raises MemoryError."""
        self.config = config
        self.kernels = engine
        self.typecode = typecode
        self.n_embd = config.n_embd
        self.vocab_size = config.vocab_size
        if params is None:
            compat.require_bytes(config.model_bytes(), "this model")
            params = zeros(size(config.parameters()), typecode)
        self.params = params
        self.kernels.reserve(config)
        self.weights = views(config.parameters(), self.params)
        self.activations = allocate(config.activations(), typecode)
        self.wte = self.weights["wte"]  # (V, C)
        self.wpe = self.weights["wpe"]  # (block_size, C)
        self.lm_head = self.weights["lm_head"]  # (V, C)
        self.emb = self.activations["emb"]  # (T, C): the embeddings, normalized
        self.emb_rstd = self.activations["emb_rstd"]  # (T,)
        self.x = self.activations["x"]  # (T, C)
        self.logits = self.activations["logits"]  # (T, V)
        self.layers = [
            Layer(config, self.kernels, self.weights, self.activations, i)
            for i in range(config.n_layer)
        ]

    def init_weights(self, rng):
        """Draw every weight from a normal distribution of standard deviation init_std."""
        rng.fill(self.params, self.config.init_std)

    def forward(self, tokens, start, T):
        """Write `logits` (.., V) of rows start … start+T-1 and keep every activation.

        tokens[t] stands at row t. Rows before start must be those of an earlier call with
        the same weights: their keys and values are read, not computed again.
        """
        k = self.kernels
        C = self.n_embd
        k.embed_forward(self.emb, self.emb_rstd, tokens, self.wte, self.wpe, start, T, C)
        x = self.emb
        for layer in self.layers:
            layer.forward(x, start, T)
            x = self.x
        k.linear_forward(self.logits, x, self.lm_head, start, T, C, self.vocab_size)
        return self.logits

    def loss_forward(self, losses, targets, slot, T):
        """losses[slot] = mean cross-entropy of rows 0 … T-1; False if it is not finite.

        The logits become their own gradient: the backward pass begins here.
        """
        return self.kernels.cross_entropy(losses, self.logits, targets, slot, T, self.vocab_size)
