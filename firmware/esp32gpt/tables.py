"""The tables of all buffers: (name, rows, cols) of each one.

The offsets, the views, the gradients, the moments, and the memory that a shape needs all follow
from them. This module is in memory only while a model is made.
"""

from .heldout import BYTES, MEASURED


def parameters(config):
    """Return a list of (name, rows, cols), one for every weight, in the order of the flat parameter
    buffer.

    A weight is stored (outputs, inputs). q, k and v are one matrix, in that order.
    """
    C = config.n_embd
    table = [("wte", config.vocab_size, C), ("wpe", config.block_size, C)]
    for i in range(config.n_layer):
        table += [
            (f"layer{i}.attn_wqkv", 3 * C, C),
            (f"layer{i}.attn_wo", C, C),
            (f"layer{i}.mlp_fc1", 4 * C, C),
            (f"layer{i}.mlp_fc2", C, 4 * C),
        ]
    table.append(("lm_head", config.vocab_size, C))
    return table


def activations(config):
    """Return a list of (name, rows, cols), one for every buffer that the forward pass writes."""
    C = config.n_embd
    T = config.block_size
    table = [("emb", T, C), ("emb_rstd", T, 1)]
    for i in range(config.n_layer):
        table += [
            (f"layer{i}.attn_norm", T, C),
            (f"layer{i}.attn_rstd", T, 1),
            (f"layer{i}.qkv", T, 3 * C),
            (f"layer{i}.probs", config.n_head, T * (T + 1) // 2),
            (f"layer{i}.attn", T, C),
            (f"layer{i}.mlp_norm", T, C),
            (f"layer{i}.mlp_rstd", T, 1),
            (f"layer{i}.hidden", T, 4 * C),
        ]
    table += [
        ("x", T, C),
        # First the summand for x, then the logits, then their gradient.
        ("logits", T, max(C, config.vocab_size)),
    ]
    return table


def gradients(config):
    """Return a list of (name, rows, cols), one for each of the gradients that are kept at the same
    time.

    With moments of 16 bits this is only the largest one, with the name "any"; both embeddings count
    as one. Otherwise it is all of them.
    """
    if config.moment_bits == 16:
        C = config.n_embd
        embeddings = config.vocab_size + config.block_size
        return [("any", 1, C * max(4 * C, embeddings))]
    return parameters(config)


def activation_gradients(config):
    """Return a list of (name, rows, cols) of the buffers that only the backward pass uses: dhidden,
    which all layers share, or nothing.

    The other gradients reuse forward buffers that are no longer needed. dhidden has no buffer if
    all gradients are kept and it fits where those of the weights before the MLP are written later.
    """
    C = config.n_embd
    T = config.block_size
    fits = config.moment_bits == 32 and config.vocab_size + T + 4 * C >= 4 * T
    return [] if fits else [("dhidden", T, 4 * C)]


def model_bytes(config):
    """Return the bytes that a model allocates in float32: weights and activations."""
    return 4 * (count(config) + size(activations(config)))


def training_bytes(config):
    """Return the bytes that training in float32 allocates in addition: gradients, both moments, and
    the held-out names."""
    moments = count(config) * config.moment_bits // 16  # as numbers of 4 bytes
    grads = size(gradients(config)) * (1 + (config.batch > 1))  # a batch also keeps their sum
    floats = moments + grads + size(activation_gradients(config))
    return 4 * floats + BYTES * MEASURED


def count(config):
    """Return the number of weights."""
    return size(parameters(config))


def lengths(config):
    """Return a tuple (number of weights, number of elements in the buffer of gradients)."""
    return count(config), size(gradients(config))


def size(table):
    """Return the number of elements in all tensors of a table, a list of (name, rows, cols)."""
    return sum(rows * cols for _, rows, cols in table)
