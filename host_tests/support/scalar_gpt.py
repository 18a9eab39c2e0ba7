"""microgpt with one graph node per number: a slow, independent implementation to compare with.

A Value carries its gradient, and the model is written with lists and sums. Nothing is imported from
esp32gpt. Read it next to backward.py.
"""

import math


class Value:
    """A number with its gradient. `parents` are the Values that it was computed from, and `slopes`
    its partial derivative with respect to each."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other):
        if not isinstance(other, Value):
            return Value(self.data + other, (self,), (1.0,))
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Value):
            return Value(self.data * other, (self,), (other,))
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def power(self, exponent):
        slope = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (slope,))

    def exp(self):
        value = math.exp(self.data)
        return Value(value, (self,), (value,))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def backward(self):
        """Add this Value's gradients to `grad` of all Values that it was computed from."""
        order = []
        seen = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack += [(parent, False) for parent in node.parents]
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


def linear(x, w):
    return [sum(a * b for a, b in zip(row, x, strict=True)) for row in w]


def rmsnorm(x):
    scale = (sum(a * a for a in x) * (1 / len(x)) + 1e-5).power(-0.5)
    return [a * scale for a in x]


def softmax(x):
    top = max(a.data for a in x)
    exps = [(a + -top).exp() for a in x]
    inverse = sum(exps).power(-1)
    return [e * inverse for e in exps]


def loss_of(weights, config, tokens):
    """Return the mean cross-entropy of predicting each of tokens[1:] from the tokens before it.
    `weights` maps names to matrices of Values; `config` is a dict."""
    C, n_head = config["n_embd"], config["n_head"]
    size = C // n_head
    keys = [[] for _ in range(config["n_layer"])]
    values = [[] for _ in range(config["n_layer"])]
    losses = []
    for position, token in enumerate(tokens[:-1]):
        pairs = zip(weights["wte"][token], weights["wpe"][position], strict=True)
        x = rmsnorm([a + b for a, b in pairs])
        for i in range(config["n_layer"]):
            qkv = linear(rmsnorm(x), weights[f"layer{i}.attn_wqkv"])
            q = qkv[:C]
            keys[i].append(qkv[C : 2 * C])
            values[i].append(qkv[2 * C :])
            out = []
            for h in range(0, C, size):
                head = slice(h, h + size)
                scores = [
                    sum(a * b for a, b in zip(q[head], k[head], strict=True)) * size**-0.5
                    for k in keys[i]
                ]
                probs = softmax(scores)
                for j in range(h, h + size):
                    out.append(sum(p * v[j] for p, v in zip(probs, values[i], strict=True)))
            branch = linear(out, weights[f"layer{i}.attn_wo"])
            x = [a + b for a, b in zip(x, branch, strict=True)]
            hidden = [a.relu() for a in linear(rmsnorm(x), weights[f"layer{i}.mlp_fc1"])]
            branch = linear(hidden, weights[f"layer{i}.mlp_fc2"])
            x = [a + b for a, b in zip(x, branch, strict=True)]
        probs = softmax(linear(x, weights["lm_head"]))
        losses.append(probs[tokens[position + 1]].log() * -1)
    return sum(losses) * (1 / len(losses))


class Adam:
    """Textbook Adam over a list of Values; the learning rate falls linearly to zero."""

    def __init__(self, values, config):
        self.values = values
        self.config = config
        self.m = [0.0] * len(values)
        self.v = [0.0] * len(values)

    def step(self, step):
        c = self.config
        rate = c["learning_rate"] * (1 - step / c["steps"])
        for i, value in enumerate(self.values):
            self.m[i] = c["beta1"] * self.m[i] + (1 - c["beta1"]) * value.grad
            self.v[i] = c["beta2"] * self.v[i] + (1 - c["beta2"]) * value.grad**2
            m = self.m[i] / (1 - c["beta1"] ** (step + 1))
            v = self.v[i] / (1 - c["beta2"] ** (step + 1))
            value.data -= rate * m / (v**0.5 + c["eps"])
            value.grad = 0.0
