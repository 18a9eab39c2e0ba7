"""esp32gpt.json and keyword arguments: values that are accepted, and refusals in one sentence."""

import os

from esp32gpt import settings
from esp32gpt.config import Config
from esp32gpt.defaults import MODEL, PRESETS, SESSION, SettingsError
from raising import raises

NUMBERS = [name for name, entry in list(MODEL.items()) + list(SESSION.items()) if len(entry) == 3]

FILE = "test_settings.tmp"


def read(text=None, **changes):
    """Return (values, given) for a temporary file with this text; None means no file."""
    if text is None:
        return settings.read(changes, FILE)
    with open(FILE, "w") as file:
        file.write(text)
    try:
        return settings.read(changes, FILE)
    finally:
        os.remove(FILE)


def model(**changes):
    """Return the Config of a new model."""
    return settings.new(changes, FILE)[1]


def refusal(text=None, **changes):
    return raises(SettingsError, read, text, **changes)


def test_without_a_file_the_defaults_hold():
    values, given = read()
    for name in NUMBERS:
        assert values[name] == (MODEL.get(name) or SESSION[name])[0]
    assert values["names"] == "names.txt" and not given


def test_changes_win_over_the_file_and_that_over_the_preset():
    values, given = read('{"preset": "tiny", "n_embd": 12, "steps": 7}', steps=9)
    assert (values["n_head"], values["n_embd"], values["steps"]) == (2, 12, 9)
    assert "n_head" in given and "block_size" not in given


def test_every_preset_makes_a_model():
    for preset in PRESETS:
        config = model(preset=preset)
        assert config.n_embd % config.n_head == 0


def test_bad_files_are_refused():
    for text in (
        "",
        "{",
        "[1, 2]",
        "3",
        "null",
        '"steps"',
        '{"steps": 3} // few',
        '{"steps": NaN}',
    ):
        assert FILE in refusal(text) and "line 1" in refusal(text), text


def test_a_file_too_long_for_settings_is_refused():
    assert "longer than 4096 bytes" in refusal("{" + " " * 5000 + "}")


def test_files_as_editors_save_them_are_read():
    assert read('\ufeff{"steps": 30}\r\n')[0]["steps"] == 30
    assert read('{"steps": 5e3, "temperature": 1}')[0]["steps"] == 5000


def test_bad_values_are_refused_by_name():
    for name in NUMBERS:
        for value in ("9", None, [], -1, 1e30, True, float("nan")):
            message = refusal(**{name: value})
            assert message.startswith(name + " must be"), message
    assert "steps must be a whole number" in refusal('{"steps": 2.5}')
    assert "temperature must be" in refusal('{"temperature": 0}')
    assert "names must be text" in refusal(names=3)
    assert "keep_case must be true or false" in refusal('{"keep_case": 1}')


def test_unknown_names_are_refused_with_the_known_ones():
    assert "n_embed" in refusal(n_embed=3) and "n_embd" in refusal(n_embed=3)
    assert "tiny" in refusal('{"preset": "huge"}')
    assert "preset must be text" in refusal(preset=[])


def test_heads_must_divide_the_width():
    assert "n_head must divide n_embd" in raises(ValueError, model, n_embd=6)


def test_a_checkpoints_shape_is_not_changed():
    config = Config()

    def agree(*text, **changes):
        values, given = read(*text, **changes)
        settings.agree(values, given, config, "x.ckpt")

    agree('{"steps": 2000}')
    assert config.steps == 2000
    agree('{"steps": 5}')
    assert config.steps == 2000
    agree(learning_rate=0.02)
    assert config.learning_rate == 0.02
    assert "x.ckpt has n_embd 16, but 8 is asked for" in raises(SettingsError, agree, preset="tiny")
