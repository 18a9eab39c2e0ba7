"""Config, buffers, rng, tokenizer, trainer and sampler: what they promise, on any interpreter."""

import gc
from array import array

from engines import engines, reference
from esp32gpt import buffers
from esp32gpt.config import Config, size
from esp32gpt.dataset import DatasetError, NameList
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import BOS, Tokenizer
from esp32gpt.trainer import Trainer, TrainingError

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "bo", "christopherrobinson"]


def raises(kind, function, *arguments):
    """The message of the exception of that kind which the call has to raise."""
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was not raised")


def small(**changes):
    """A shape that trains fast."""
    shape = {"n_embd": 8, "n_head": 2, "n_layer": 1, "block_size": 8, "steps": 60}
    shape.update(changes)
    return Config(**shape)


def trainer(engine, config=None, names=NAMES, seed=1):
    model = Model(config or small(), engine)
    model.init_weights(Rng(seed))
    return Trainer(model, NameList(names, Tokenizer()))


def test_default_shape_is_microgpt():
    assert size(Config().parameters()) == 4192


def test_impossible_shapes_are_refused_with_the_reason():
    assert "4 heads" in raises(ValueError, lambda: Config(n_embd=10, n_head=4))
    assert "n_layer" in raises(ValueError, lambda: Config(n_layer=0))
    assert "block_size" in raises(ValueError, lambda: Config(block_size=2.5))


def test_a_shape_too_large_for_memory_is_refused_before_it_is_allocated():
    from esp32gpt import compat

    free = compat.free_bytes
    compat.free_bytes = lambda: 20000
    try:
        message = raises(MemoryError, Model, Config(), reference())
        assert "20000" in message and str(Config().model_bytes()) in message
    finally:
        compat.free_bytes = free


def test_views_lie_one_after_another_in_the_flat_buffer():
    config = small(n_layer=2)
    flat = buffers.zeros(size(config.parameters()))
    for i in range(len(flat)):
        flat[i] = i
    expected = 0
    for name, rows, cols in config.parameters():
        view = buffers.views(config.parameters(), flat)[name]
        assert len(view) == rows * cols and view[0] == expected
        expected += rows * cols
    assert expected == len(flat)


def test_zeros_are_zeros():
    for n in (1, 2, 3, 17):
        assert list(buffers.zeros(n)) == [0.0] * n


def test_rng_is_xorshift32():
    rng = Rng(1)
    state = (rng.high << 16) | rng.low
    for _ in range(100):
        rng.bits()
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        assert (rng.high << 16) | rng.low == state


def test_rng_sequence_is_the_same_everywhere():
    rng = Rng(42)
    assert [rng.below(1000) for _ in range(5)] == [126, 10, 812, 631, 753]


def test_rng_takes_any_seed():
    assert len({Rng(seed).uniform() for seed in (0, 1, 2, 42, -1, 1 << 16, 1 << 31)}) == 7


def moments(draw, n=3000):
    """(smallest, largest, mean, variance) of n draws, none of which is kept."""
    smallest, largest, total, squares = 1e9, -1e9, 0.0, 0.0
    for _ in range(n):
        x = draw()
        smallest, largest = min(smallest, x), max(largest, x)
        total += x
        squares += x * x
    return smallest, largest, total / n, squares / n - (total / n) ** 2


def test_uniform_and_gaussian_have_their_moments():
    rng = Rng(3)
    smallest, largest, mean, variance = moments(rng.uniform)
    assert smallest >= 0.0 and largest < 1.0
    assert abs(mean - 0.5) < 0.02 and abs(variance - 1 / 12) < 0.005
    _, _, mean, variance = moments(lambda: rng.gaussian(1.0, 2.0))
    assert abs(mean - 1.0) < 0.1 and abs(variance - 4.0) < 0.3


def encode(tokenizer, text, room=16):
    tokens = array("i", [-1] * (room + 1))
    utf8 = text.encode()
    n = tokenizer.encode(utf8, 0, len(utf8), tokens)
    return n, list(tokens[: n + 1])


def test_tokenizer_frames_a_name_with_bos():
    assert encode(Tokenizer(), "abz") == (4, [BOS, 1, 2, 26, BOS])
    assert Tokenizer().decode([1, 2, 26, BOS]) == "abz\n"


def test_tokenizer_cuts_a_name_at_the_context():
    assert encode(Tokenizer(), "abcd", 4) == (4, [BOS, 1, 2, 3, 4])
    assert encode(Tokenizer(), "abc", 4) == (4, [BOS, 1, 2, 3, BOS])


def test_tokenizer_folds_capitals_unless_its_alphabet_has_them():
    assert encode(Tokenizer(), "Abz") == encode(Tokenizer(), "abz")
    assert encode(Tokenizer("aA"), "aA") == (3, [BOS, 1, 2, BOS])


def test_tokenizer_refuses_what_is_not_in_its_alphabet():
    for text in ("", "a b", "josé", "x😀"):
        assert encode(Tokenizer(), text)[0] == 0, text


def test_tokenizer_takes_any_alphabet():
    greek = Tokenizer("αβγδ")
    assert encode(greek, "βαδ") == (4, [BOS, 2, 1, 4, BOS])
    assert greek.decode([2, 1, 4]) == "βαδ"
    raises(ValueError, Tokenizer, "")
    raises(ValueError, Tokenizer, "aba")


def test_name_list_goes_round_and_refuses_bad_names():
    documents = NameList(["ab", "c"], Tokenizer())
    tokens = array("i", [0] * 9)
    seen = []
    for _ in range(5):
        n = documents.peek(tokens)
        assert documents.peek(tokens) == n
        seen.append(list(tokens[1:n]))
        documents.advance()
    assert seen == [[1, 2], [3], [1, 2], [3], [1, 2]]
    raises(DatasetError, NameList, ["ok", "not ok"], Tokenizer())


def test_training_lowers_the_loss_on_every_engine():
    for name, engine, _ in engines():
        t = trainer(engine)
        losses = [state.loss for state in t.run(24)]  # three times the list
        assert len(losses) == 24 and t.step == 24
        assert sum(losses[-8:]) < 0.9 * sum(losses[:8]), f"{name}: {losses}"


def test_training_is_repeatable():
    for name, engine, _ in engines()[:2]:
        runs = []
        for _ in range(2):
            t = trainer(engine)
            runs.append(([state.loss for state in t.run(5)], bytes(t.model.params)))
        assert runs[0] == runs[1], name


def test_avg_is_the_mean_of_the_last_100_losses():
    t = trainer(reference(), small(n_embd=4, n_head=1, block_size=3, steps=130))
    losses = []
    for state in t.run(130):
        losses.append(state.loss)
        last = losses[-100:]
        assert abs(state.avg - sum(last) / len(last)) < 1e-5


def test_training_ends_with_the_schedule():
    t = trainer(reference(), small(steps=3))
    assert len(list(t.run(10))) == 3 and list(t.run(10)) == []


def test_training_stops_before_weights_that_are_not_numbers():
    for name, engine, _ in engines():
        t = trainer(engine)
        list(t.run(2))
        t.model.lm_head[0] = float("nan")
        before = list(t.model.params[1:9])
        assert "step 2" in raises(TrainingError, list, t.run(3)), name
        assert list(t.model.params[1:9]) == before and t.step == 2


class Interrupted(Exception):
    pass


class Stopping:
    """An engine that raises Interrupted once, at the end of its n-th kernel call from now."""

    def __init__(self, engine, n):
        self.engine = engine
        self.left = n

    def __getattr__(self, kernel):
        def call(*arguments):
            result = getattr(self.engine, kernel)(*arguments)
            self.left -= 1
            if self.left == -1:
                raise Interrupted
            return result

        return call


def test_an_interrupted_step_is_not_begun():
    """Stop a step at each kernel call in turn: the next run goes on as if nothing had been."""
    undisturbed = trainer(reference())
    list(undisturbed.run(3))
    expected = bytes(undisturbed.model.params)
    del undisturbed
    n = 0
    while True:
        t = layer = None  # a chip has no room for two
        gc.collect()
        t = trainer(reference())
        list(t.run(1))
        engine = Stopping(reference(), n)
        t.model.kernels = t.optimizer.kernels = engine
        for layer in t.model.layers:
            layer.kernels = engine
        try:
            list(t.run(2))
        except Interrupted:
            assert t.step == 1
        if engine.left >= 0:
            break
        list(t.run(3))
        assert bytes(t.model.params) == expected, f"kernel call {n}"
        n += 1
    assert n > 20


def test_cached_forward_gives_the_rows_of_the_whole_forward():
    for name, engine, tolerance in engines():
        config = small(n_layer=2)
        model = Model(config, engine)
        model.init_weights(Rng(2))
        tokens = array("i", [0, 5, 3, 26, 5, 1, 2, 9, 0])
        model.forward(tokens, 0, 8)
        whole = list(model.logits)
        model.forward(tokens, 0, 3)
        for t in range(3, 8):
            model.forward(tokens, t, 1)
        for i in range(len(whole)):
            assert abs(model.logits[i] - whole[i]) < 20 * tolerance, f"{name}: {i}"


def test_sampler_continues_a_prompt_and_stays_within_the_context():
    for name, engine, _ in engines():
        model = Model(small(), engine)
        model.init_weights(Rng(2))
        sampler = Sampler(model, Tokenizer(), Rng(7))
        for prompt in ("", "em", "Emm"):
            text = sampler.sample(prompt, temperature=2.0)
            assert text.startswith(prompt.lower()) and len(text) <= 8, f"{name}: {text}"
            assert all(c in sampler.tokenizer.alphabet for c in text)


def test_sampler_draws_what_training_taught():
    t = trainer(reference(), small(steps=80), names=["aba"])
    list(t.run(80))
    sampler = Sampler(t.model, Tokenizer(), Rng(1))
    assert [sampler.sample(temperature=0.1) for _ in range(5)] == ["aba"] * 5


def test_sampler_with_top_k_1_always_takes_the_likeliest():
    for name, engine, _ in engines():
        model = Model(small(init_std=0.5), engine)
        model.init_weights(Rng(2))
        tokens = array("i", [0] * 9)
        likeliest = ""
        while len(likeliest) < 8:
            logits = list(model.forward(tokens, len(likeliest), 1))
            logits = logits[27 * len(likeliest) : 27 * len(likeliest) + 27]
            token = logits.index(max(logits))
            if not token:
                break
            likeliest += chr(96 + token)
            tokens[len(likeliest)] = token
        sampler = Sampler(model, Tokenizer(), Rng(7))
        for _ in range(4):
            assert sampler.sample("", 3.0, 1) == likeliest, name


def test_sampler_refuses_prompts_it_cannot_continue():
    sampler = Sampler(Model(small(), reference()), Tokenizer(), Rng(1))
    assert "letters" in raises(ValueError, sampler.sample, "a1")
    assert "at most 7" in raises(ValueError, sampler.sample, "abcdefgh")
    assert "temperature" in raises(ValueError, sampler.sample, "a", 0)
    assert "top_k" in raises(ValueError, sampler.sample, "a", 1, -1)
