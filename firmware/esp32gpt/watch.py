"""Answer the requests of a program that watches a model, with one line for each request.

    about                              shape, alphabet, settings, step
    weights                            every weight, as 8 bits
    name TEXT                          for each letter: next letters, attention of each head, loss
    sample N TEMPERATURE TOP_K PROMPT  invented names, and which of them are in the list
    held                               the mean loss of held-out names

The form of an answer is `watch:KIND DATA JSON CRC`. DATA is base64, or "-" if there is none. JSON
is an object. CRC is the CRC-32, in 8 hexadecimal digits, of the text between "watch:" and the space
before CRC. If a request cannot be answered, the kind is "error", and "message" says why. The
library does not import this module, so it is in memory only if a program watches.
"""

import json
import select
import sys
from binascii import b2a_base64, crc32
from math import exp, log

from . import tables
from .compat import const
from .tokenizer import BOS

_PIECE = const(96)  # bytes of DATA at a time, a multiple of 3
_FULL = const(65535)  # a probability of 1


class Line:
    """Writes an answer to stdout in pieces, because a board has no room for a whole one. `byte` and
    `probability` add to DATA; `end` finishes the line."""

    def __init__(self, kind):
        self._crc = 0
        self._piece = bytearray(_PIECE)
        self._n = 0
        self._is_empty = True
        sys.stdout.write("watch:")
        self._write(kind + " ")

    def byte(self, value):
        """Add a byte, an int from 0 to 255, to DATA."""
        self._piece[self._n] = value
        self._n += 1
        self._is_empty = False
        if self._n == _PIECE:
            self._flush()

    def probability(self, value):
        """Add a number from 0 to 1 to DATA, as 16 bits, the lower 8 first; 65535 means 1."""
        value = int(value * _FULL + 0.5)
        self.byte(value & 255)
        self.byte(value >> 8)

    def end(self, facts):
        """Write the rest of the line: JSON of the dict `facts`, and CRC."""
        self._flush()
        self._write("- " if self._is_empty else " ")
        self._write(json.dumps(facts))
        sys.stdout.write(f" {self._crc:08x}\n")

    def _flush(self):
        if self._n:
            self._write(b2a_base64(memoryview(self._piece)[: self._n]).decode().strip())
            self._n = 0

    def _write(self, text):
        self._crc = crc32(text.encode(), self._crc)
        sys.stdout.write(text)


def train(gpt, steps=None):
    """Train as gpt.train(steps) does; after a step, answer each line that has come on stdin."""
    keys = select.poll()
    keys.register(sys.stdin, select.POLLIN)
    trainer = gpt.trainer
    run = trainer.run

    def watched(until):
        heard = ""  # the beginning of a line: the rest of it may be late, or lost
        for state in run(until):
            yield state
            while keys.poll(0):
                char = sys.stdin.read(1)
                if char != "\n":
                    heard += char
                    continue
                answer(gpt, heard)
                heard = ""

    trainer.run = watched
    try:
        gpt.train(steps)
    finally:
        trainer.run = run


def answer(gpt, request):
    """Print the answer to one request, a text without its line end. A ValueError is printed as an
    answer of the kind "error"."""
    kind, _, rest = request.partition(" ")
    try:
        if kind not in ANSWERS:
            raise ValueError(f"{kind} is no request: use {', '.join(sorted(ANSWERS))}")
        ANSWERS[kind](gpt, rest)
    except ValueError as error:
        Line("error").end({"message": str(error)})


def about(gpt, _):
    """Print an answer with JSON of alphabet, engine, step, temperature, n_embd, n_head, n_layer,
    block_size, steps, learning_rate and parameters, the rows of tables.parameters."""
    config = gpt.model.config
    facts = {"alphabet": gpt.tokenizer.alphabet, "engine": gpt.engine_name}
    facts["parameters"] = [list(row) for row in tables.parameters(config)]
    facts["step"] = gpt.trainer.step
    facts["temperature"] = gpt.settings["temperature"]
    for name in ("n_embd", "n_head", "n_layer", "block_size", "steps", "learning_rate"):
        facts[name] = getattr(config, name)
    Line("about").end(facts)


def weights(gpt, _):
    """Print an answer with a byte for each parameter, 128 + 127 · weight / scale of its tensor, and
    JSON of the step and the list of scales, the largest magnitudes of the tensors."""
    line = Line("weights")
    params = gpt.model.params
    scales = []
    first = 0
    for _, rows, cols in tables.parameters(gpt.model.config):
        last = first + rows * cols
        scale = 1e-9
        for i in range(first, last):
            scale = max(scale, abs(params[i]))
        factor = 127 / scale
        for i in range(first, last):
            line.byte(int(params[i] * factor + 128.5))
        scales.append(scale)
        first = last
    line.end({"step": gpt.trainer.step, "scales": scales})


def name(gpt, text):
    """Print an answer with the probabilities (T, V) of the next token after BOS, after the first
    letter, and so on; then the attention weights of each layer, head and row t, for the rows from 0
    to t. JSON has the tokens and the losses of their predictions. If `text` is empty, there is one
    row, and no loss.

    Overwrites the activations, which are not needed between steps. Raises ValueError if the text
    has characters outside the alphabet.
    """
    tokens = gpt.evaluator.tokens
    tokens[0] = BOS
    T = 0  # rows whose next token is known
    if text:
        utf8 = text.encode()
        T = gpt.tokenizer.encode(utf8, 0, len(utf8), tokens)
        if not T:
            raise ValueError(f"a name is written in the letters '{gpt.tokenizer.alphabet}'")
    rows = max(T, 1)
    model = gpt.model
    logits = model.forward(tokens, 0, rows)
    V = model.vocab_size
    losses = []
    line = Line("name")
    for t in range(rows):
        top = max(logits[t * V : (t + 1) * V])
        total = 0.0
        for i in range(t * V, (t + 1) * V):
            total += exp(logits[i] - top)
        for i in range(t * V, (t + 1) * V):
            line.probability(exp(logits[i] - top) / total)
        if T:
            losses.append(round(top + log(total) - logits[t * V + tokens[t + 1]], 4))
    size = model.config.block_size
    for layer in model.layers:
        for head in range(layer.n_head):
            first = head * size * (size + 1) // 2
            for i in range(first, first + rows * (rows + 1) // 2):
                line.probability(layer.probs[i])
    shown = list(tokens[: rows + 1]) if T else [BOS]
    line.end({"step": gpt.trainer.step, "tokens": shown, "losses": losses})


def sample(gpt, options):
    """Print an answer with JSON of step, `names`, a list of invented names, and `known`, those of
    them that are in the names file. `options` is the text "N TEMPERATURE TOP_K PROMPT". Raises
    ValueError for options that cannot be used."""
    n, temperature, top_k, prompt = options.split(" ", 3)
    names = gpt.sample(int(n), prompt, float(temperature), int(top_k))
    line = Line("sample")
    line.end({"step": gpt.trainer.step, "names": names, "known": list(gpt.known(names))})


def held(gpt, _):
    """Print an answer with JSON of the mean loss of up to 64 names that training never sees; null
    if none are held out."""
    Line("held").end({"step": gpt.trainer.step, "loss": gpt.evaluate(64)})


ANSWERS = {"about": about, "weights": weights, "name": name, "sample": sample, "held": held}
