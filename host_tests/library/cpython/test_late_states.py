"""The viper engine in late states of training: saturated heads, dead units, vanishing second
moments.

Adam divides the gradient of each parameter by its usual size. So an error must be small relative to
the square root of v, even if that is much smaller than other gradients.
"""

from array import array

import numpy as np
import pytest
from esp32gpt.backward import Backward
from esp32gpt.buffers import zeros
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.optimizer import Adam
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.support.vipershim import load_viper
from tools.host import numpy_engine
from tools.host.paths import DATA

CONFIG = Config(steps=20000, learning_rate=0.01)
HYPER = array("f", [0.01, 0.85, 0.99, 1e-8])
DEARER = 1.5  # a step may cost so many times the first one
RARE = (
    1.75  # an element may cost so many times the usual, if v was 0, ε counts and p changes its sign
)
NAMES = 3  # names on which a late state is tested


class Step:
    """A training step of an engine on given weights and moments."""

    def __init__(self, engine, state):
        params, m, v, self.step = state
        self.model = Model(CONFIG, engine, params=array("f", params))
        self.backward = Backward(self.model, zeros(len(params)))
        self.adam = Adam(CONFIG, engine, [array("f", m), array("f", v)])

    def gradients(self, tokens):
        """Return the gradients; the next call overwrites them."""
        T = len(tokens) - 1
        logits = self.model.forward(tokens, 0, T)
        V = self.model.vocab_size
        assert self.model.kernels.cross_entropy(zeros(1), logits, tokens[1:], 0, T, V)
        self.backward.backward(tokens, T)
        return np.asarray(self.backward.grads)

    def update(self):
        """Return the changes that Adam makes to the weights."""
        before = np.array(self.model.params)
        self.adam.prepare(self.step)
        self.adam.step(self.model.params, self.backward.grads, self.step)
        return np.asarray(self.model.params) - before


@pytest.fixture(scope="module")
def training():
    """Return {step: (params, m, v, step)} of the oracle's training, and the tokens of a few
    names."""
    lines = (DATA / "names.txt").read_text(encoding="utf-8").split()
    order = np.random.default_rng(1).permutation(len(lines))
    tokenizer = Tokenizer()
    model = Model(CONFIG, numpy_engine)
    model.init_weights(Rng(42))
    trainer = Trainer(model, NameList([lines[i] for i in order], tokenizer))
    states = {}
    for _ in trainer.run(7001):
        if trainer.step in (1, 5000, 7000):
            buffers = (model.params, *trainer.optimizer.moments)
            states[trainer.step] = (*map(np.array, buffers), trainer.step)
    names = []
    for i in order[-NAMES:]:
        tokens = array("i", [0] * 17)
        T = tokenizer.encode(lines[i].encode(), 0, len(lines[i]), tokens)
        names.append(tokens[: T + 1])
    return states, names


@pytest.mark.parametrize("bits", [32, 64])
def test_gradients_are_right_beside_what_is_usual_for_each(training, bits):
    states, names = training
    for state in states.values():
        _, _, v, step = state
        oracle, viper = Step(numpy_engine, state), Step(load_viper(bits), state)
        for tokens in names:
            expected = oracle.gradients(tokens)
            usual = np.sqrt(v + (expected * expected - v) * 0.01) + 1e-8
            strayed = abs(viper.gradients(tokens) - expected) / usual
            # A unit near 0 may be on the other side of its ReLU, which changes 2 · 16 weights.
            strayed.sort()
            assert strayed[-33] <= 0.05, f"step {step}: {strayed[-40:]}"
            assert np.median(strayed) <= 2e-3, f"step {step}: {np.median(strayed)}"


@pytest.mark.parametrize("bits", [32, 64])
def test_updates_of_a_late_state(training, bits):
    states, names = training
    state = states[7000]
    oracle, viper = Step(numpy_engine, state), Step(load_viper(bits), state)
    viper.backward.grads[:] = array("f", oracle.gradients(names[0]))
    expected, got = oracle.update(), viper.update()
    allowed = 0.01 * 0.004 + 2.0**-23 * abs(np.array(state[0]))  # 8 bits of a step, a bit of p
    assert np.all(abs(got - expected) <= allowed), abs(got - expected).max()
    # v below 2^-119 is negligible beside ε.
    v, should = np.asarray(viper.adam.moments[1]), np.asarray(oracle.adam.moments[1])
    assert np.all(abs(v - should) <= 1e-3 * should + 2e-36)


def test_a_late_step_costs_no_more(training):
    """This counts the operations that the shim executes: they must not depend on the values."""
    states, names = training
    engine = load_viper(32)
    costs = {}
    for state in states.values():
        step = Step(engine, state)
        before = engine.world.operations
        step.gradients(names[0])
        between = engine.world.operations
        step.update()
        costs[state[3]] = (between - before, engine.world.operations - between)
    for gradients, update in costs.values():
        assert gradients <= DEARER * costs[1][0] and update <= DEARER * costs[1][1], costs


def magnitudes(least, greatest):
    """Return a strategy for floats of either sign with evenly spread exponents, and 0."""
    size = st.floats(np.log2(least), np.log2(greatest)).map(lambda e: float(2.0**e))
    return st.one_of(st.just(0.0), size, size.map(lambda x: -x))


VALUES = st.lists(
    st.tuples(
        magnitudes(1e-6, 30.0),  # a weight
        magnitudes(1e-30, 1e6),  # its gradient
        st.floats(-1.0, 1.0),  # its first moment over the root of the second
        magnitudes(1e-30, 1e3).map(abs),  # the second moment
    ),
    min_size=1,
    max_size=8,
)
ENGINES = {bits: load_viper(bits) for bits in (32, 64)}
USUAL = [(0.1, 0.01, 0.5, 1e-4), (-0.3, 0.02, -0.1, 2e-3), (0.7, -1e-3, 0.2, 1e-5)] * 8


def adam(engine, values, step):
    """Update these values; return (params before, params after, m after, v after)."""
    p, g, m, v = (np.array(column, "f") for column in zip(*values, strict=True))
    m *= np.sqrt(v)
    before = p.copy()
    p, g, m, v = (array("f", column.tolist()) for column in (p, g, m, v))
    engine.adam_step(p, g, m, v, HYPER, step, 20000, len(p))
    return before, *map(np.asarray, (p, m, v))


@settings(max_examples=300, deadline=None)
@given(VALUES, st.sampled_from([0, 1, 10, 1000, 19999]), st.sampled_from([32, 64]))
def test_adam_is_right_for_all_magnitudes(values, step, bits):
    before, expected, m, v = adam(numpy_engine, values, step)
    _, got, got_m, got_v = adam(ENGINES[bits], values, step)
    # m may be small relative to its terms.
    start, moved, *_ = adam(numpy_engine, [(0.0, abs(g), abs(m), v) for _, g, m, v in values], step)
    limit = 0.004 * abs(moved - start) + 2.0**-22 * abs(before) + 1e-9
    assert np.all(abs(got - expected) <= limit)
    gradients = abs(np.array([g for _, g, _, _ in values], "f"))
    assert np.all(abs(got_v - v) <= 5e-4 * v + 1e-35)
    assert np.all(abs(got_m - m) <= 5e-4 * (abs(m) + gradients) + 2e-18)


@settings(max_examples=100, deadline=None)
@given(VALUES, st.sampled_from([0, 1000]))
def test_no_value_costs_adam_more(values, step):
    engine = ENGINES[32]

    def cost(values):
        before = engine.world.operations
        adam(engine, values, step)
        return (engine.world.operations - before) / len(values)

    assert cost(values * 24) <= RARE * cost(USUAL), values


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([32, 64]))
def test_each_output_of_a_weight_gradient_has_an_exponent(data, bits):
    T, n_in, n_out = data.draw(st.tuples(*[st.integers(1, 6)] * 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    scales = data.draw(st.lists(magnitudes(1e-20, 1e3), min_size=n_out, max_size=n_out))
    dy = (rng.normal(size=(T, n_out)) * scales).astype("f")
    x = rng.normal(size=(T, n_in)).astype("f")
    dx, dw, w = zeros(T * n_in), zeros(n_out * n_in), zeros(n_out * n_in)
    flat = (array("f", values.ravel().tolist()) for values in (dy, x))
    ENGINES[bits].linear_backward(dx, dw, *flat, w, T, n_in, n_out, 0)
    summands = T * abs(dy).max(axis=0)[:, None] * abs(x).max()
    strayed = abs(np.asarray(dw).reshape(n_out, n_in) - dy.T.astype("d") @ x)
    assert np.all(strayed <= 3e-4 * summands + 1e-30)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([32, 64]))
def test_a_saturated_head_has_gradients(data, bits):
    """The gradients of each head's q and k are right relative to the possible gradients of its
    scores, even if one probability is so near 1 that float32 rounds it to 1."""
    T, n_head, size = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 4)))
    C = n_head * size
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    scales = data.draw(st.lists(st.floats(0.01, 7.0), min_size=n_head, max_size=n_head))
    qkv = rng.normal(size=(T, 3, n_head, size))
    qkv[:, :2] *= np.array(scales)[:, None]
    qkv = qkv.astype("f")
    dy = (rng.normal(size=(T, n_head, size)) * 0.1).astype("f")
    q, k, v = qkv.astype("d").transpose(1, 2, 0, 3)
    scores = q @ k.transpose(0, 2, 1) / size**0.5
    scores[:, np.triu(np.ones((T, T), bool), 1)] = -np.inf
    p = np.exp(scores - scores.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    dp = dy.astype("d").transpose(1, 0, 2) @ v.transpose(0, 2, 1)
    ds = p * (dp - (p * dp).sum(axis=2, keepdims=True)) / size**0.5
    dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q

    engine = ENGINES[bits]
    probs, dqkv = zeros(n_head * T * (T + 1) // 2), zeros(T * 3 * C)
    flat = array("f", qkv.ravel().tolist())
    engine.attention_forward(zeros(T * C), probs, flat, 0, T, C, n_head, T)
    engine.attention_backward(
        dqkv, zeros(T), array("f", dy.ravel().tolist()), probs, flat, T, C, n_head, T
    )
    got = np.asarray(dqkv).reshape(T, 3, n_head, size).transpose(1, 2, 0, 3)
    # 1 minus the largest p of a row: all ds vanish with it.
    left = np.sort(p, axis=2)[:, :, :-1].sum(axis=2).max(axis=1) * abs(dp).max(axis=(1, 2))
    # A probability is as exact as its score, which has 13 bits.
    slack = 2e-3 * np.maximum(1, abs(q).max(axis=(1, 2)) * abs(k).max(axis=(1, 2)))
    for got_part, expected, other in ((got[0], dq, k), (got[1], dk, q)):
        limit = T * slack * left * abs(other).max(axis=(1, 2)) + 1e-15  # nothing beside ε
        assert np.all(abs(got_part - expected) <= limit[:, None, None])
