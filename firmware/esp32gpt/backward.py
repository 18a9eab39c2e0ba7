"""The backward pass: the forward pass of model.py, mirrored line by line.

For each kernel call there, from the last to the first, its backward kernels here. `dx` is
the gradient of the residual stream; every other d<name> is the gradient of <name>.
"""

from .buffers import allocate, views, zeros
from .config import size


class LayerBackward:
    """The mirror image of model.Layer."""

    def __init__(self, layer, grads, buffers, index):
        self.layer = layer
        prefix = f"layer{index}."
        self.dattn_wqkv = grads[prefix + "attn_wqkv"]  # (3C, C)
        self.dattn_wo = grads[prefix + "attn_wo"]  # (C, C)
        self.dmlp_fc1 = grads[prefix + "mlp_fc1"]  # (4C, C)
        self.dmlp_fc2 = grads[prefix + "mlp_fc2"]  # (C, 4C)
        self.dbranch = layer.branch  # (T, C): forward has done with it
        self.dnorm = buffers["dnorm"]  # (T, C)
        self.dhidden = buffers["dhidden"]  # (T, 4C)
        self.dqkv = buffers["dhidden"]  # (T, 3C): dhidden is done with by then
        self.dscores = buffers["dscores"]  # (T,)

    def backward(self, dx, T):
        """Turn dx from the gradient of the layer's output into that of its input."""
        f = self.layer
        k = f.kernels
        C = f.config.n_embd
        dnorm = self.dnorm
        dbranch = self.dbranch
        k.linear_backward_weights(self.dmlp_fc2, dx, f.hidden, T, 4 * C, C)
        k.linear_backward_inputs(self.dhidden, dx, f.mlp_fc2, T, 4 * C, C)
        k.relu_backward(self.dhidden, f.hidden, T, 4 * C)
        k.linear_backward_weights(self.dmlp_fc1, self.dhidden, f.mlp_norm, T, C, 4 * C)
        k.linear_backward_inputs(dnorm, self.dhidden, f.mlp_fc1, T, C, 4 * C)
        k.rmsnorm_backward(dbranch, dnorm, f.mlp_norm, f.mlp_rstd, T, C)
        k.residual_backward(dx, dbranch, T, C)

        k.linear_backward_weights(self.dattn_wo, dx, f.attn, T, C, C)
        k.linear_backward_inputs(dbranch, dx, f.attn_wo, T, C, C)
        k.attention_backward(
            self.dqkv,
            self.dscores,
            dbranch,
            f.probs,
            f.qkv,
            T,
            C,
            f.config.n_head,
            f.config.block_size,
        )
        k.linear_backward_weights(self.dattn_wqkv, self.dqkv, f.attn_norm, T, C, 3 * C)
        k.linear_backward_inputs(dnorm, self.dqkv, f.attn_wqkv, T, C, 3 * C)
        k.rmsnorm_backward(dbranch, dnorm, f.attn_norm, f.attn_rstd, T, C)
        k.residual_backward(dx, dbranch, T, C)


class Backward:
    """Gradients of a model's weights: `grads`, flat as `params`; `gradients`, by name."""

    def __init__(self, model):
        config = model.config
        self.model = model
        self.grads = zeros(size(config.parameters()), model.typecode)
        self.gradients = views(config.parameters(), self.grads)
        buffers = allocate(config.activation_gradients(), model.typecode)
        self.dx = buffers["dx"]  # (T, C)
        self.dwte = self.gradients["wte"]  # (V, C)
        self.dwpe = self.gradients["wpe"]  # (block_size, C)
        self.dlm_head = self.gradients["lm_head"]  # (V, C)
        self.layers = [
            LayerBackward(layer, self.gradients, buffers, i) for i, layer in enumerate(model.layers)
        ]

    def backward(self, tokens, targets, T):
        """Overwrite `grads` with the gradient of the loss that loss_forward has computed.

        The model's activations must be those of forward(tokens, 0, T) and loss_forward;
        its probs become the gradient of the logits.
        """
        f = self.model
        k = f.kernels
        C = f.config.n_embd
        V = f.config.vocab_size
        dx = self.dx
        dlogits = f.probs  # which nothing else needs any more
        k.cross_entropy_backward(dlogits, f.probs, targets, T, V)
        k.linear_backward_weights(self.dlm_head, dlogits, f.x, T, C, V)
        k.linear_backward_inputs(dx, dlogits, f.lm_head, T, C, V)
        for i in range(len(self.layers) - 1, -1, -1):
            self.layers[i].backward(dx, T)
        k.rmsnorm_backward(dx, dx, f.emb, f.emb_rstd, T, C)
        k.embed_backward(self.dwte, self.dwpe, dx, tokens, T, C, V, f.config.block_size)
