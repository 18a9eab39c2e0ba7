"""Print the content of a checkpoint as JSON, computed by CPython: its step and weights, and for a
word the probabilities of each next token, the attention of every head and the loss of each
letter."""

import json
import sys
from array import array
from math import exp, log

from esp32gpt import kernels, recovery, tables
from esp32gpt.buffers import zeros
from esp32gpt.model import Model
from esp32gpt.tokenizer import Tokenizer


def softmax(row):
    """Return the probabilities of a row of logits, as a list."""
    weights = [exp(x - max(row)) for x in row]
    return [w / sum(weights) for w in weights]


def main(path, word):
    header = recovery.inspect(path)
    model = Model(header.config, kernels.load("reference"))
    moments = [zeros(tables.count(header.config)) for _ in range(2)]
    recovery.restore(path, header, [model.params, *moments, zeros(header.n_losses)])
    tokens = array("i", [0] * (header.config.block_size + 1))
    utf8 = word.encode()
    T = Tokenizer(header.alphabet).encode(utf8, 0, len(utf8), tokens)
    logits = model.forward(tokens, 0, T)
    V = model.vocab_size
    probabilities = [softmax(logits[t * V : (t + 1) * V]) for t in range(T)]
    block = header.config.block_size
    found = {
        "step": header.step,
        "alphabet": header.alphabet,
        "weights": {name: list(view) for name, view in model.weights.items()},
        "moments": [list(moment) for moment in moments],
        "probabilities": probabilities,
        "losses": [-log(probabilities[t][tokens[t + 1]]) for t in range(T)],
        "looks": [
            [
                [list(layer.probs[first + t * (t + 1) // 2 :][: t + 1]) for t in range(T)]
                for first in range(0, len(layer.probs), block * (block + 1) // 2)
            ]
            for layer in model.layers
        ],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
