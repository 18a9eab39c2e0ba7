"""The GPT: its weights, its activations and the forward pass.

The architecture is microgpt's: token and position embedding; RMSNorm without gain; in each layer
x += attention(norm(x)) and x += mlp(norm(x)) with a ReLU; then the output matrix. There are no
biases.
"""

from . import compat
from .buffers import allocate, views, zeros
from .modules import borrow


class Layer:
    """One transformer layer: flat views of its weights, its activations, and its forward pass.

    The attributes have the names of tables.parameters and tables.activations. `kernels` is the
    engine.
    """

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
        self.probs = activations[prefix + "probs"]  # (n_head, T·(T+1)/2): row t has t + 1 weights
        self.attn = activations[prefix + "attn"]  # (T, C)
        self.mlp_norm = activations[prefix + "mlp_norm"]  # (T, C)
        self.mlp_rstd = activations[prefix + "mlp_rstd"]  # (T,)
        self.hidden = activations[prefix + "hidden"]  # (T, 4C)
        self.x = activations["x"]  # (T, C): the residual stream; all layers share this buffer
        self.branch = activations["logits"]  # (T, C): the summand for x, before there are logits

    def forward(self, x, start, T):
        """Compute the layer's output for rows start … start+T-1 of its input x (.., C), and write
        it to the same rows of self.x. x may be self.x.

        This overwrites these rows of the layer's activations. It reads the keys and values of the
        rows before `start`.
        """
        k = self.kernels
        C = self.n_embd
        norm = self.attn_norm
        qkv = self.qkv
        attn = self.attn
        branch = self.branch
        k.rmsnorm_forward(norm, self.attn_rstd, x, start, T, C)
        k.linear_forward(qkv, norm, self.attn_wqkv, start, T, C, 3 * C, 0)
        k.attention_forward(attn, self.probs, qkv, start, T, C, self.n_head, self.block_size)
        k.linear_forward(branch, attn, self.attn_wo, start, T, C, C, 0)
        k.residual_forward(self.x, x, branch, start, T, C)

        x = self.x
        norm = self.mlp_norm
        hidden = self.hidden
        k.rmsnorm_forward(norm, self.mlp_rstd, x, start, T, C)
        k.linear_forward(hidden, norm, self.mlp_fc1, start, T, C, 4 * C, 1)
        k.linear_forward(branch, hidden, self.mlp_fc2, start, T, 4 * C, C, 0)
        k.residual_forward(x, x, branch, start, T, C)


class Model:
    """The weights, in one flat buffer `params`, and the activations of one name.

    `layers` is the list of its Layers, and `kernels` the engine: a module with the kernels, such as
    kernels.choose().engine. With typecode "d" everything is computed in double precision; only the
    reference engine under CPython can do this.
    """

    def __init__(self, config, engine, typecode="f", params=None):
        """Allocate the activations, and `params` if it is None. Raises MemoryError."""
        self.config = config
        self.kernels = engine
        self.typecode = typecode
        self.n_embd = config.n_embd
        self.vocab_size = config.vocab_size
        if params is None:
            compat.require_bytes(borrow("tables", "model_bytes", config), "this model")
            params = zeros(borrow("tables", "count", config), typecode)
        self.params = params
        self.kernels.reserve(config)
        weights = self.weights
        activations = allocate(borrow("tables", "activations", config), typecode)
        self.wte = weights["wte"]  # (V, C)
        self.wpe = weights["wpe"]  # (block_size, C)
        self.lm_head = weights["lm_head"]  # (V, C)
        self.emb = activations["emb"]  # (T, C): the embeddings, normalized
        self.emb_rstd = activations["emb_rstd"]  # (T,)
        self.x = activations["x"]  # (T, C)
        self.logits = activations["logits"]  # (T, V): this buffer is also the layers' branch
        self.layers = [
            Layer(config, self.kernels, weights, activations, i) for i in range(config.n_layer)
        ]

    @property
    def weights(self):
        """A new dict {name of a tensor: flat view of it in `params`}. Writing to a view changes the
        weight."""
        return views(borrow("tables", "parameters", self.config), self.params)

    def init_weights(self, rng):
        """Overwrite every weight with a draw of `rng`, an Rng, from the normal distribution with
        mean 0 and standard deviation config.init_std."""
        rng.fill(self.params, self.config.init_std)

    def forward(self, tokens, start, T):
        """Compute rows start … start+T-1 of the logits (.., V) and of all activations; return
        self.logits, the flat buffer of all rows. This may overwrite other rows of the logits.

        tokens[t], an int, belongs to row t. The rows before `start` must come from earlier calls
        with the same weights: their keys and values are read, not computed again.
        """
        k = self.kernels
        C = self.n_embd
        k.embed_forward(self.emb, self.emb_rstd, tokens, self.wte, self.wpe, start, T, C)
        x = self.emb
        for layer in self.layers:
            layer.forward(x, start, T)
            x = self.x
        k.linear_forward(self.logits, x, self.lm_head, start, T, C, self.vocab_size, 0)
        return self.logits
