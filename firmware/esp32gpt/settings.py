"""Read the settings in esp32gpt.json and in keyword arguments, and check that they can be used.

This module is in memory only while a model is made.
"""

from . import recipes
from .compat import const
from .config import SHAPE, Config
from .defaults import MODEL, PRESETS, SettingsError, check, default, names
from .modules import borrow

PATH = "esp32gpt.json"
_MOST_BYTES = const(4096)
_RECIPE = const(("learning_rate", "beta1", "beta2", "warmup", "cosine", "batch"))


def read(changes, path=PATH):
    """Return a tuple of two: the dict {name: value} of every setting, and the set of those names
    that are given in `changes`, the file or the preset.

    `changes`, a dict, replace the file's settings, and these replace the preset's; `steps` also
    sets `seconds` of an earlier one of these to 0. A missing file counts as empty. Raises
    SettingsError for an unknown name, a value that cannot be used, both steps and seconds in one
    place, or a file that is too long or not JSON.
    """
    written = _read(path)
    preset = changes.get("preset", written.get("preset", default("preset")))
    check("preset", preset)
    values = {name: default(name) for name in names()}
    given = set()
    for source in (PRESETS[preset], written, changes):
        if "steps" in source and source.get("seconds"):
            raise SettingsError("steps and seconds are both given: remove one of them")
        for name, value in source.items():
            check(name, value)
            values[name] = value
            given.add(name)
        if "steps" in source:
            values["seconds"] = 0
    return values, given


def new(changes, path=PATH):
    """Return a tuple (values, Config) of a new model. The caller sets vocab_size from the alphabet.

    values is {name: value} of every setting, and values["given"] the set of names that are given.
    In the Config, a learning rate, β1 or β2 that is not given comes from recipes.py. Raises
    SettingsError as `read` does, and ValueError if the values do not fit together.
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
    """Return {name: value} of every setting, for a run that is resumed from the checkpoint at
    `found`, and update the Config of its Header as `agree` does. values["given"] is the set of
    names that are given. values["seed"] is always the checkpoint's.

    Raises SettingsError as `read` does, or if another shape is given, and ValueError for a batch
    with moments of 16 bits.
    """
    values, given = read(changes)
    agree(values, given, header.config, found)
    values["given"] = given
    values["seed"] = header.seed
    return values


def agree(values, given, config, path):
    """Update `config`, which is from the checkpoint at `path`, with those training settings of the
    dict `values` that are in the set `given`. Fewer steps than in `config` are ignored. Another
    number of seconds, except 0, sets config.steps to 0, because the number of steps is not known
    yet.

    Raises SettingsError if another shape or moment_bits is given, and ValueError for a batch with
    moments of 16 bits.
    """
    for name in SHAPE + ("moment_bits",):
        if name in given and values[name] != getattr(config, name):
            raise SettingsError(
                f"{path} has {name} {getattr(config, name)}, but {values[name]} is asked for: "
                "undo that setting, or rename the file to begin anew"
            )
    for name in _RECIPE:
        if name in given:
            setattr(config, name, values[name])
    config.check_batch()
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
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return {}
    if len(data) > _MOST_BYTES:
        raise SettingsError(f"{path} is longer than {_MOST_BYTES} bytes: is it the right file?")
    try:
        return borrow("strictjson", "load", data)
    except ValueError as error:
        raise SettingsError(
            f'{path} is not JSON of the form {{"steps": 2000, "temperature": 0.7}} ({error}): '
            "correct it, or delete it to have the defaults"
        )
