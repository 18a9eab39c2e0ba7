"""The table of all settings, with their defaults and their ranges.

Config, the settings file, keyword arguments and the host's options follow from it. This module is
in memory only while settings are read.
"""

# "large" is the largest shape with more than one head that trains on an ESP32 without PSRAM, with
# both engines and every tested firmware.
PRESETS = {
    "tiny": {"n_embd": 8, "n_head": 2},
    "default": {},
    "large": {"n_embd": 18, "n_head": 3},
    "largest": {"n_embd": 24, "moment_bits": 16},  # with the fpu engine
}

# Settings of a Config.
MODEL = {  # name: (default, least, greatest); if the default is an int, so are all values
    "n_embd": (16, 1, 256),
    "n_head": (4, 1, 256),
    "n_layer": (1, 1, 64),
    "block_size": (16, 1, 256),
    "steps": (1000, 1, 100000000),
    "seconds": (0, 0, 1000000),  # 0: as many steps as `steps` says
    "learning_rate": (0.01, 0.0, 0.05),  # a higher one only makes names worse
    "beta1": (0.85, 0.1, 0.999),
    "beta2": (0.99, 0.5, 0.9999),
    "warmup": (0, 0, 100000000),
    "cosine": (False,),
    "batch": (1, 1, 1000),
    "moment_bits": (32, 16, 32),  # one of the two
}
# Further settings of a GPT.
SESSION = {
    "temperature": (0.5, 0.01, 100.0),
    "seed": (42, 0, 1073741823),
    "autosave_seconds": (30, 0, 1000000),  # 0: no saves by time
    "autosave_steps": (0, 0, 100000000),  # 0: no saves by steps
    "preset": ("default",),
    "names": ("names.txt",),
    "keep_case": (False,),
}


class SettingsError(ValueError):
    """A setting cannot be used; the message names it and says which values can."""


def default(name):
    """Return the default of a setting. Raises SettingsError if there is no such setting."""
    return _entry(name)[0]


def names():
    """Return a list of the names of all settings."""
    return list(MODEL) + list(SESSION)


def model(changes):
    """Return {name: value} of all settings in MODEL, with `changes`, a dict of the same form.

    Raises SettingsError for a name that is not in MODEL, and as `check` does.
    """
    values = {name: entry[0] for name, entry in MODEL.items()}
    for name, value in changes.items():
        if name not in MODEL:
            raise SettingsError(f"a Config has no {name!r}: use {_listed(MODEL)}")
        check(name, value)
        values[name] = value
    return values


def check(name, value):
    """Raise SettingsError unless the setting exists and the value has its type and is in its range.
    A number between the two possible values of moment_bits passes."""
    entry = _entry(name)
    if len(entry) == 1:
        kind = type(entry[0])
        if type(value) is not kind:
            wanted = "true or false" if kind is bool else "text in quotes"
            raise SettingsError(f"{name} must be {wanted}, not {value!r}")
        if name == "preset" and value not in PRESETS:
            raise SettingsError(f"there is no preset {value!r}: use {_listed(PRESETS)}")
        return
    standard, least, greatest = entry
    whole = type(standard) is int
    if not (type(value) is int or (type(value) is float and not whole)) or not (
        least <= value <= greatest
    ):
        kind = "whole number" if whole else "number"
        raise SettingsError(f"{name} must be a {kind} from {least} to {greatest}, not {value!r}")


def _entry(name):
    entry = MODEL.get(name) or SESSION.get(name)
    if not entry:
        raise SettingsError(f"there is no setting {name!r}: use {_listed(names())}")
    return entry


def _listed(words):
    return ", ".join(sorted(words))
