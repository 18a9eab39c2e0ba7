"""Recordings of microgpt.py: convert between their layout of the weights and this project's."""

from esp32gpt import tables


def shape_of(trace):
    """Return the arguments of Config for a recording, as a dict. `trace` is the recording's JSON,
    as a dict. Raises KeyError if it lacks them."""
    shape = dict(trace["config"])
    shape["steps"] = shape.pop("num_steps")
    return shape


def from_trace(config, tensors):
    """Convert a recording's {name: rows} to a flat list of floats, in the order of the parameter
    buffer.

    In a recording BOS is the last token, here it is the first; and q, k and v are three matrices
    there, one here. Raises ValueError if a matrix has the wrong shape, KeyError if one is missing.
    """
    flat = []
    for name, rows, cols in tables.parameters(config):
        if name in ("wte", "lm_head"):
            matrix = tensors[name][-1:] + tensors[name][:-1]
        elif name.endswith("attn_wqkv"):
            matrix = [row for c in "qkv" for row in tensors[name.replace("wqkv", f"w{c}")]]
        else:
            matrix = tensors[name]
        if len(matrix) != rows or any(len(row) != cols for row in matrix):
            raise ValueError(f"{name} is not {rows} × {cols}")
        flat += [float(x) for row in matrix for x in row]
    return flat


def to_trace(config, flat):
    """Convert a flat parameter buffer to a recording's {name: rows}, with each row a list of
    floats. This undoes `from_trace`."""
    tensors = {}
    first = 0
    for name, rows, cols in tables.parameters(config):
        matrix = [list(flat[first + r * cols : first + (r + 1) * cols]) for r in range(rows)]
        first += rows * cols
        if name in ("wte", "lm_head"):
            tensors[name] = matrix[1:] + matrix[:1]
        elif name.endswith("attn_wqkv"):
            for i, c in enumerate("qkv"):
                part = rows // 3
                tensors[name.replace("wqkv", f"w{c}")] = matrix[i * part : (i + 1) * part]
        else:
            tensors[name] = matrix
    return tensors
