"""The answers to a watching program: the model's numbers, in lines with a checksum."""

import json
import sys
from array import array
from binascii import a2b_base64, crc32
from math import exp, log

from esp32gpt import kernels, tables, watch
from esp32gpt.config import Config
from esp32gpt.evaluator import Evaluator
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer


class Written:
    """A replacement for sys in watch.py that keeps the output to stdout."""

    def __init__(self):
        self.stdout = self
        self.text = ""

    def write(self, text):
        self.text += text


class Typed:
    """Stands in for sys and select in watch.py: a few characters can be read before each step."""

    POLLIN = 1

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.written = Written()
        self.stdout = self.written
        self.stdin = self
        self.now = ""

    def poll(self, ms=None):
        if ms is None:
            return self  # select.poll()
        if self.now:
            return True
        self.now = self.pieces.pop(0) if self.pieces else ""
        return False

    def register(self, stream, events):
        assert stream is self.stdin and events == self.POLLIN

    def read(self, n):
        char, self.now = self.now[:n], self.now[n:]
        return char


class Model4:
    """The parts of a GPT that watch.py uses, small enough for any chip."""

    engine_name = "an engine"
    settings = {"temperature": 0.5}

    def __init__(self):
        self.tokenizer = Tokenizer("abγ")
        config = Config(n_embd=4, n_head=2, n_layer=2, block_size=5, vocab_size=4)
        self.model = Model(config, kernels.load("reference"))
        self.model.init_weights(Rng(3))
        self.trainer = Trainer(self.model, NameList(["ab", "bγ"], self.tokenizer))
        self.sampler = Sampler(self.model, self.tokenizer, Rng(1))
        self.evaluator = Evaluator(self.model, self.tokenizer)

    def train(self, steps=None):
        for _ in self.trainer.run(self.trainer.step + steps):
            pass

    def sample(self, n, prompt, temperature, top_k):
        return [self.sampler.sample(prompt, temperature, top_k) for _ in range(n)]

    def known(self, names):
        return {name for name in names if name == "ab"}

    def evaluate(self, names):
        return None


def asked(gpt, request):
    """Return (kind, DATA as bytes, facts) of the line that answers."""
    written = Written()
    watch.sys = written
    try:
        watch.answer(gpt, request)
    finally:
        watch.sys = sys
    assert written.text.startswith("watch:") and written.text.count("\n") == 1
    said, _, crc = written.text[6:-1].rpartition(" ")
    assert crc32(said.encode()) == int(crc, 16)
    kind, data, facts = said.split(" ", 2)
    return kind, b"" if data == "-" else a2b_base64(data.encode()), json.loads(facts)


def probabilities(data):
    return [(data[i] | data[i + 1] << 8) / 65535 for i in range(0, len(data), 2)]


def test_about_tells_what_is_needed_to_read_the_others():
    gpt = Model4()
    kind, data, facts = asked(gpt, "about")
    assert kind == "about" and not data
    assert facts["alphabet"] == "abγ" and facts["engine"] == "an engine"
    assert (facts["n_embd"], facts["n_head"], facts["n_layer"]) == (4, 2, 2)
    assert (facts["block_size"], facts["step"], facts["steps"]) == (5, 0, 1000)
    table = [tuple(row) for row in facts["parameters"]]
    assert table == tables.parameters(gpt.model.config)


def test_weights_are_right_to_a_byte():
    gpt = Model4()
    kind, data, facts = asked(gpt, "weights")
    assert kind == "weights" and len(data) == tables.count(gpt.model.config)
    first = 0
    for (_, rows, cols), scale in zip(tables.parameters(gpt.model.config), facts["scales"]):
        largest = 0.0
        for i in range(first, first + rows * cols):
            weight = gpt.model.params[i]
            largest = max(largest, abs(weight))
            assert abs((data[i] - 128) / 127 * scale - weight) <= scale / 250
        assert abs(largest - scale) < 1e-6
        first += rows * cols


def test_a_name_has_probabilities_attention_and_losses():
    gpt = Model4()
    tokens = array("i", [0, 1, 3, 0])
    kind, data, facts = asked(gpt, "name aγ")
    assert kind == "name" and facts["tokens"] == [0, 1, 3, 0]
    got = probabilities(data)
    model = gpt.model
    logits = model.forward(tokens, 0, 3)
    expected = []
    for t in range(3):
        row = [exp(x) for x in logits[4 * t : 4 * t + 4]]
        expected += [x / sum(row) for x in row]
        assert abs(facts["losses"][t] + log(expected[4 * t + tokens[t + 1]])) < 1e-3
    for layer in model.layers:
        for head in range(2):
            expected += list(layer.probs[head * 15 : head * 15 + 6])
    assert len(got) == len(expected) == 12 + 2 * 2 * 6
    assert max([abs(g - e) for g, e in zip(got, expected)]) < 2e-5


def test_no_name_has_the_first_letter_before_it():
    kind, data, facts = asked(Model4(), "name")
    assert facts["tokens"] == [0] and facts["losses"] == []
    got = probabilities(data)
    assert len(got) == 4 + 2 * 2 and abs(sum(got[:4]) - 1) < 1e-3 and got[4:] == [1.0] * 4


def test_samples_begin_with_the_prompt_and_known_ones_are_named():
    kind, _, facts = asked(Model4(), "sample 3 0.8 2 ab")
    assert kind == "sample" and len(facts["names"]) == 3
    assert all([name.startswith("ab") for name in facts["names"]])
    assert set(facts["known"]) <= {"ab"}
    assert len(asked(Model4(), "sample 2 0.5 0 ")[2]["names"]) == 2


def test_looking_changes_nothing_that_training_moves():
    watched, alone = Model4(), Model4()
    for _ in range(3):
        for gpt in (watched, alone):
            gpt.trainer.train_step()
        for request in ("about", "weights", "name ba", "sample 1 1.0 0 ", "held"):
            asked(watched, request)
    assert list(watched.model.params) == list(alone.model.params)
    assert list(watched.trainer.optimizer.moments[1]) == list(alone.trainer.optimizer.moments[1])


def test_what_cannot_be_answered_is_said():
    for request, remedy in (
        ("weighs", "use about, held, name, sample, weights"),
        ("name xyz", "letters 'abγ'"),
        ("sample 1 0 0 ", "temperature must be above 0"),
        ("sample 1 0.5 0 z", "letters other than 'abγ'"),
        ("sample one", ""),
    ):
        kind, data, facts = asked(Model4(), request)
        assert kind == "error" and remedy in facts["message"], facts


def test_long_data_is_one_piece_of_base64():
    written = Written()
    watch.sys = written
    try:
        line = watch.Line("bytes")
        for i in range(1000):
            line.byte(i & 255)
        line.end({})
    finally:
        watch.sys = sys
    data = written.text.split(" ")[1].encode()
    assert a2b_base64(data) == bytes([i & 255 for i in range(1000)])


def test_requests_are_answered_between_steps_and_training_goes_on():
    watched, alone = Model4(), Model4()
    # A request that comes in pieces, two at once, one that never ends.
    typed = Typed("", "abo", "ut\n", "name ab\nheld\n", "samp")
    before = watch.select
    watch.sys = watch.select = typed
    try:
        watch.train(watched, 8)
    finally:
        watch.sys, watch.select = sys, before
    alone.train(8)
    kinds = [line.split(" ")[0] for line in typed.written.text.split("\n")]
    assert kinds == ["watch:about", "watch:name", "watch:held", ""], kinds
    assert watched.trainer.step == 8
    assert list(watched.model.params) == list(alone.model.params)
    assert watched.trainer.run(8) and not typed.pieces
