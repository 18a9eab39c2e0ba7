"""The backward pass: the forward pass of model.py, mirrored line by line.

For each kernel call there, from the last to the first, its backward kernels here. `dx` is
the gradient of the residual stream; every other d<name> is the gradient of <name>.
"""

from .buffers import allocate, views, zeros


class LayerBackward:
    """The mirror image of model.Layer."""

    def __init__(self, layer, grads, dhidden, index):
        self.layer = layer
        prefix = f"layer{index}."
        self.dattn_wqkv = grads[prefix + "attn_wqkv"]  # (3C, C)
        self.dattn_wo = grads[prefix + "attn_wo"]  # (C, C)
        self.dmlp_fc1 = grads[prefix + "mlp_fc1"]  # (4C, C)
        self.dmlp_fc2 = grads[prefix + "mlp_fc2"]  # (C, 4C)
        self.dhidden = dhidden  # (T, 4C), shared by all layers
        # Where the forward pass has done with its own:
        self.dbranch = layer.branch  # (T, C): the gradient of a norm's output, or of attn
        self.dqkv = layer.hidden  # (T, 3C): once dhidden is known
        self.dscores = layer.mlp_rstd  # (T,): once that norm's backward is done

    def backward(self, dx, T):
        """Turn dx from the gradient of the layer's output into that of its input."""
        f = self.layer
        k = f.kernels
        C = f.n_embd
        hidden = 4 * C
        dbranch = self.dbranch
        dhidden = self.dhidden
        k.linear_backward_weights(self.dmlp_fc2, dx, f.hidden, T, hidden, C)
        k.linear_backward_inputs(dhidden, dx, f.mlp_fc2, T, hidden, C)
        k.relu_backward(dhidden, f.hidden, T, hidden)
        k.linear_backward_weights(self.dmlp_fc1, dhidden, f.mlp_norm, T, C, hidden)
        k.linear_backward_inputs(dbranch, dhidden, f.mlp_fc1, T, C, hidden)
        k.rmsnorm_backward(dx, dbranch, f.mlp_norm, f.mlp_rstd, T, C)

        dqkv = self.dqkv
        k.linear_backward_weights(self.dattn_wo, dx, f.attn, T, C, C)
        k.linear_backward_inputs(dbranch, dx, f.attn_wo, T, C, C)
        k.attention_backward(
            dqkv, self.dscores, dbranch, f.probs, f.qkv, T, C, f.n_head, f.block_size
        )
        k.linear_backward_weights(self.dattn_wqkv, dqkv, f.attn_norm, T, C, 3 * C)
        k.linear_backward_inputs(dbranch, dqkv, f.attn_wqkv, T, C, 3 * C)
        k.rmsnorm_backward(dx, dbranch, f.attn_norm, f.attn_rstd, T, C)


class Backward:
    """Gradients of a model's weights: `grads`, flat as `params`, and their sum over a batch."""

    def __init__(self, model, grads):
        """grads: a buffer of the parameters' size."""
        config = model.config
        self.model = model
        self.grads = grads
        self._sum = None  # of the gradients of earlier names of a batch
        gradients = views(config.parameters(), grads)
        buffers = allocate(config.activation_gradients(), model.typecode)
        # In the place of gradients that are computed later, if that is enough.
        dhidden = buffers.get("dhidden") or memoryview(self.grads)
        self.dx = model.x  # (T, C): once lm_head's gradient is known
        self.dwte = gradients["wte"]  # (V, C)
        self.dwpe = gradients["wpe"]  # (block_size, C)
        self.dlm_head = gradients["lm_head"]  # (V, C)
        self.layers = [
            LayerBackward(layer, gradients, dhidden, i) for i, layer in enumerate(model.layers)
        ]

    def backward(self, tokens, T):
        """Overwrite `grads` with the gradient of the loss that loss_forward has computed.

        The model's activations must be those of forward(tokens, 0, T) and loss_forward.
        """
        f = self.model
        k = f.kernels
        C = f.n_embd
        V = f.vocab_size
        dx = self.dx
        dlogits = f.logits
        k.linear_backward_weights(self.dlm_head, dlogits, f.x, T, C, V)
        k.linear_backward_inputs(dx, dlogits, f.lm_head, T, C, V)
        for i in range(len(self.layers) - 1, -1, -1):
            self.layers[i].backward(dx, T)
        k.embed_backward(
            self.dwte, self.dwpe, dx, f.emb, f.emb_rstd, tokens, T, C, V, f.config.block_size
        )

    def reserve(self, batch):
        """Have room for a batch of so many names. Raises MemoryError."""
        if batch > 1 and not self._sum:
            self._sum = zeros(len(self.grads), self.model.typecode)

    def add_up(self, i, batch):
        """Add what `backward` has written for name i of a batch to the names before it.

        After the last name, `grads` is the sum over the batch.
        """
        add = self.model.kernels.residual_forward
        n = len(self.grads)
        if i == batch - 1:
            add(self.grads, self.grads, self._sum, 0, 1, n)
        elif i:
            add(self._sum, self._sum, self.grads, 0, 1, n)
        else:
            memoryview(self._sum)[:] = memoryview(self.grads)
