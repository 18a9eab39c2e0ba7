"""Reads esp32gpt.json and a user's keyword arguments, and decides whether that can be done.

It is in memory only while a model is made.
"""

from . import recipes
from .config import SHAPE, Config
from .defaults import MODEL, PRESETS, SettingsError, check, default, names
from .modules import borrow

PATH = "esp32gpt.json"
MOST_BYTES = 4096
RECIPE = ("learning_rate", "beta1", "beta2", "warmup", "cosine", "batch")


def read(changes, path=PATH):
    """Return (value of every setting by its name, set of the names that were given).

    The preset comes first, then the file, then `changes`. Raises SettingsError for an unknown
    name or a value that cannot be used. A missing file gives the defaults.
    """
    written = _read(path)
    preset = changes.get("preset", written.get("preset", default("preset")))
    check("preset", preset)
    values = {name: default(name) for name in names()}
    given = set()
    for source in (PRESETS[preset], written, changes):
        if "steps" in source and source.get("seconds"):
            raise SettingsError("steps and seconds are both given: take one of them away")
        for name, value in source.items():
            check(name, value)
            values[name] = value
            given.add(name)
        if "steps" in source:
            values["seconds"] = 0
    return values, given


def new(changes, path=PATH):
    """Return (values, Config) of a new model; the vocab_size is left to its alphabet.

    The values have as "given" the set of the names that were given. Raises SettingsError as
    `read` does, and ValueError if the heads do not divide the width.
    """
    values, given = read(changes, path)
    config = Config(**{name: values[name] for name in MODEL})
    if config.seconds:
        recipes.begin(config, given)
    else:
        recipes.finish(config, given)
    values["given"] = given
    return values, config


def resume(changes, found, header):
    """Return the values to go on with from the checkpoint `found`, whose Config is brought up to
    date with what is given of training.

    Raises SettingsError if another shape is given.
    """
    values, given = read(changes)
    agree(values, given, header.config, found)
    values["given"] = given
    values["seed"] = header.seed
    return values


def agree(values, given, config, path):
    """Change the Config of the checkpoint at `path` to what was given of its training.

    Raises SettingsError if another shape was given.
    """
    for name in SHAPE:
        if name in given and values[name] != getattr(config, name):
            raise SettingsError(
                f"{path} has {name} {getattr(config, name)}, and {values[name]} is asked for: "
                "take that back, or rename the file to begin anew"
            )
    for name in RECIPE:
        if name in given:
            setattr(config, name, values[name])
    if values["seconds"]:
        if values["seconds"] != config.seconds:
            config.seconds = values["seconds"]
            recipes.begin(config, given)
    elif "steps" in given:
        config.steps = max(config.steps, values["steps"])


def _read(path):
    """Return the file's contents as a dict, empty if there is no such file."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        return {}
    if len(data) > MOST_BYTES:
        raise SettingsError(f"{path} is longer than {MOST_BYTES} bytes: is it the right file?")
    try:
        return borrow("strictjson", "load", data)
    except ValueError as error:
        raise SettingsError(
            f'{path} is not JSON of the form {{"steps": 2000, "temperature": 0.7}} ({error}): '
            "correct it, or delete it to have the defaults"
        )
