"""Sampling: it continues prompts and draws names that were learned."""

from array import array

from engines import engines, reference
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from raising import raises
from small import small, smallest, trainer


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
    assert "'a1' has letters other than 'abc" in raises(ValueError, sampler.sample, "a1")
    assert "at most 7" in raises(ValueError, sampler.sample, "abcdefgh")
    assert "temperature" in raises(ValueError, sampler.sample, "a", 0)
    assert "top_k" in raises(ValueError, sampler.sample, "a", 1, -1)


def test_a_space_at_the_end_of_a_prompt_is_part_of_it():
    sampler = Sampler(Model(small(vocab_size=5), reference()), Tokenizer(" abn"), Rng(1))
    for prompt in ("an ", "a b ", "an"):
        assert sampler.sample(prompt).startswith(prompt)
    assert "at most 7" in raises(ValueError, sampler.sample, "abababa ")


def test_names_without_a_letter_are_drawn_again():
    for name, engine, _ in engines():
        model = Model(smallest(), engine)  # whose weights are zeros: all tokens are as likely
        sampler = Sampler(model, Tokenizer(), Rng(3))
        names = [sampler.sample(temperature=5.0) for _ in range(100)]
        assert all(names) and any(len(text) < 4 for text in names), name


def test_a_model_that_knows_only_the_end_gives_nothing():
    engine = reference()
    model = Model(smallest(), engine)
    for i in range(len(model.wte)):
        model.wte[i] = 1.0
    for i in range(4):
        model.lm_head[i] = 30.0  # of BOS
    assert Sampler(model, Tokenizer(), Rng(3)).sample(temperature=0.1) == ""
