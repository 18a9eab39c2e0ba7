"""What esp32gpt.json and a user's keyword arguments say, and whether that can be done.

It is in memory only while a model is made.
"""

import json

from .config import Config

PATH = "esp32gpt.json"

# Shapes to begin from; "large" is the largest of several heads that trains on an ESP32 without
# PSRAM, with either engine and on each firmware.
PRESETS = {
    "tiny": {"n_embd": 8, "n_head": 2},
    "default": {},
    "large": {"n_embd": 18, "n_head": 3},
}
SHAPE = ("n_embd", "n_head", "n_layer", "block_size")

# name: (default, least, greatest); a whole number where the default is one.
NUMBERS = {
    "n_embd": (16, 1, 256),
    "n_head": (4, 1, 256),
    "n_layer": (1, 1, 64),
    "block_size": (16, 1, 256),
    "steps": (1000, 1, 100000000),
    "learning_rate": (0.01, 0.0, 10.0),
    "temperature": (0.5, 0.01, 100.0),
    "seed": (42, 0, 1073741823),
    "autosave_seconds": (30, 0, 1000000),  # 0: not by time
    "autosave_steps": (0, 0, 100000000),  # 0: not by steps
}
OTHERS = {"preset": "default", "names": "names.txt", "keep_case": False}


class SettingsError(ValueError):
    """A setting cannot be used; the message says which, and what would do."""


def read(changes, path=PATH):
    """(value of every setting by its name, names of those that were given).

    The preset comes first, then the file, then `changes`. Raises SettingsError for a name that
    is none, or a value that will not do. A missing file says nothing.
    """
    written = _read(path)
    preset = changes.get("preset", written.get("preset", "default"))
    if not isinstance(preset, str) or preset not in PRESETS:
        raise SettingsError(f"there is no preset {preset!r}: use {_listed(PRESETS)}")
    values = dict(OTHERS)
    for name, (default, _, _) in NUMBERS.items():
        values[name] = default
    given = set()
    for source in (PRESETS[preset], written, changes):
        for name, value in source.items():
            _check(name, value)
            values[name] = value
            given.add(name)
    return values, given


def config(values):
    """The Config of a new model, but for its vocab_size. Raises ValueError if its heads do not
    divide its width."""
    shape = {name: values[name] for name in SHAPE}
    return Config(
        num_steps=values["steps"],
        learning_rate=values["learning_rate"],
        **shape,
    )


def agree(values, given, config, path):
    """Have the Config of the checkpoint at `path` follow what was given of its training.

    Raises SettingsError if another shape was given.
    """
    for name in SHAPE:
        if name in given and values[name] != getattr(config, name):
            raise SettingsError(
                f"{path} has {name} {getattr(config, name)}, and {values[name]} is asked for: "
                "take that back, or rename the file to begin anew"
            )
    if "steps" in given:
        config.num_steps = max(config.num_steps, values["steps"])
    if "learning_rate" in given:
        config.learning_rate = values["learning_rate"]


def _read(path):
    """The file's contents as a dict."""
    try:
        file = open(path, "rb")
    except OSError:
        return {}
    with file:
        text = file.read().strip()
    try:
        # MicroPython takes a text that is cut off.
        written = json.loads(text) if text.endswith(b"}") else None
    except (ValueError, TypeError, RuntimeError):  # a key that is none; nested too deeply
        written = None
    if not isinstance(written, dict):
        raise SettingsError(
            f'{path} is not JSON of the form {{"steps": 2000, "temperature": 0.7}}: '
            "correct it, or delete it to have the defaults"
        )
    return written


def _check(name, value):
    """Raises SettingsError unless that is a setting and its value will do."""
    if name in OTHERS:
        kind = type(OTHERS[name])
        if type(value) is not kind:
            wanted = "true or false" if kind is bool else "text in quotes"
            raise SettingsError(f"{name} must be {wanted}, not {value!r}")
    elif name in NUMBERS:
        default, least, greatest = NUMBERS[name]
        whole = type(default) is int
        if not (type(value) is int or (type(value) is float and not whole)) or not (
            least <= value <= greatest
        ):
            kind = "whole number" if whole else "number"
            raise SettingsError(
                f"{name} must be a {kind} from {least} to {greatest}, not {value!r}"
            )
    else:
        known = _listed(list(NUMBERS) + list(OTHERS))
        raise SettingsError(f"there is no setting {name!r}: use {known}")


def _listed(names):
    return ", ".join(sorted(names))
