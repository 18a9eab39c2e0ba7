"""The backward pass: the forward pass of model.py, mirrored line by line.

It calls the backward kernels of each kernel call in model.py, from the last call to the first. `dx`
is the gradient of the residual stream; every other d<name> is the gradient of <name>.
"""

from .buffers import allocate, views
from .modules import borrow


class LayerBackward:
    """The backward pass of one model.Layer.

    Each attribute d<name> is the gradient of <name>, a flat buffer or view with the shape in its
    comment. `update` is None, or a function without arguments: it is called each time when a
    weight's gradient is known and the weight is not needed any more.
    """

    def __init__(self, layer, grads, dhidden, index, update):
        """Use these buffers. `layer` is the Layer, and `index` its number from 0; `grads` is {name
        of a tensor: view of its gradient}; `dhidden` has room for (T, 4C)."""
        self.layer = layer
        self.update = update
        prefix = f"layer{index}."
        self.dattn_wqkv = grads[prefix + "attn_wqkv"]  # (3C, C)
        self.dattn_wo = grads[prefix + "attn_wo"]  # (C, C)
        self.dmlp_fc1 = grads[prefix + "mlp_fc1"]  # (4C, C)
        self.dmlp_fc2 = grads[prefix + "mlp_fc2"]  # (C, 4C)
        self.dhidden = dhidden  # (T, 4C), shared by all layers
        # These reuse forward buffers that are no longer needed.
        self.dbranch = layer.branch  # (T, C): the gradient of a norm's output, or of attn
        self.dqkv = layer.hidden  # (T, 3C): free after dhidden is computed
        self.dscores = layer.mlp_rstd  # (T,): free after the backward of the MLP's norm

    def backward(self, dx, T):
        """Overwrite dx (T, C), the gradient of the layer's output, with the gradient of its input,
        and write the gradients of the layer's weights.

        They replace the earlier gradients; they are not added to them. Call this once after each
        forward pass: it reads the layer's activations and overwrites some of them.
        """
        f = self.layer
        k = f.kernels
        C = f.n_embd
        hidden = 4 * C
        update = self.update
        dbranch = self.dbranch
        dhidden = self.dhidden
        k.linear_backward(dhidden, self.dmlp_fc2, dx, f.hidden, f.mlp_fc2, T, hidden, C, 1)
        if update:
            update()
        k.linear_backward(dbranch, self.dmlp_fc1, dhidden, f.mlp_norm, f.mlp_fc1, T, C, hidden, 0)
        if update:
            update()
        k.rmsnorm_backward(dx, dbranch, f.mlp_norm, f.mlp_rstd, T, C)

        dqkv = self.dqkv
        k.linear_backward(dbranch, self.dattn_wo, dx, f.attn, f.attn_wo, T, C, C, 0)
        if update:
            update()
        k.attention_backward(
            dqkv, self.dscores, dbranch, f.probs, f.qkv, T, C, f.n_head, f.block_size
        )
        k.linear_backward(dbranch, self.dattn_wqkv, dqkv, f.attn_norm, f.attn_wqkv, T, C, 3 * C, 0)
        if update:
            update()
        k.rmsnorm_backward(dx, dbranch, f.attn_norm, f.attn_rstd, T, C)


class Backward:
    """Computes the gradients of a model's weights and writes them to `grads`, a flat buffer with
    the layout of `params`.

    With a Follow, `grads` has room for only one tensor, and `backward` also updates the weights.
    """

    def __init__(self, model, grads, follow=None):
        """Use `grads`, the first of training_buffers()."""
        config = model.config
        self.model = model
        self.grads = grads
        self._update = follow.update if follow else None
        gradients = (
            follow.gradients if follow else views(borrow("tables", "parameters", config), grads)
        )
        buffers = allocate(borrow("tables", "activation_gradients", config), model.typecode)
        # dhidden uses the place of gradients that are computed later, if it fits there.
        dhidden = buffers.get("dhidden") or memoryview(self.grads)
        self.dx = model.x  # (T, C): free after the gradient of lm_head is computed
        self.dwte = gradients["wte"]  # (V, C)
        self.dwpe = gradients["wpe"]  # (block_size, C)
        self.dlm_head = gradients["lm_head"]  # (V, C)
        self.layers = [
            LayerBackward(layer, gradients, dhidden, i, self._update)
            for i, layer in enumerate(model.layers)
        ]
        self.layers.reverse()  # the last layer comes first

    def backward(self, tokens, T):
        """Overwrite `grads` with the gradient of the loss of a name with T predictions.

        With a Follow this also updates the weights; `grads` is then meaningless. Call this once,
        directly after the model's forward(tokens, 0, T) and the cross_entropy of its logits: it
        reads their activations and the gradient of the logits, and overwrites some of them.
        """
        f = self.model
        k = f.kernels
        C = f.n_embd
        V = f.vocab_size
        update = self._update
        dx = self.dx
        dlogits = f.logits
        k.linear_backward(dx, self.dlm_head, dlogits, f.x, f.lm_head, T, C, V, 0)
        if update:
            update()
        for layer in self.layers:
            layer.backward(dx, T)
        k.embed_backward(
            self.dwte, self.dwpe, dx, f.emb, f.emb_rstd, tokens, T, C, V, f.config.block_size
        )
        if update:
            update()
