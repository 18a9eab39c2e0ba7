"""Good learning rates and Adam decays for runs of different lengths.

tools/RECIPES.md says how they were found.
"""

from .compat import const
from .defaults import SettingsError, check

# (the most steps, learning rate, β1, β2). The first recipe is microgpt's.
RECIPES = (
    (1500, 0.01, 0.85, 0.99),
    (4000, 0.008, 0.85, 0.99),
    (7500, 0.006, 0.85, 0.99),
    (15000, 0.005, 0.85, 0.99),
    (60000, 0.003, 0.85, 0.99),
    (100000000, 0.002, 0.9, 0.999),
)
_NAMES = const(("learning_rate", "beta1", "beta2"))

# If the user gives a time, the number of steps is known only after the first steps.
_WARMUP = const(100)  # steps
_FIRST = const(0.002)  # the learning rate of these first steps


def ask(config, seconds, given):
    """Set config.seconds to `seconds`, and prepare the Config for so much training, as `begin`
    does. Raises SettingsError unless `seconds` is an int from 1 to 1,000,000."""
    check("seconds", seconds)
    if not seconds:
        raise SettingsError("seconds must be at least 1, not 0")
    config.seconds = seconds
    begin(config, given)


def begin(config, given):
    """Prepare a Config to train for config.seconds: set steps to 0, meaning unknown, and the
    learning rate and the warmup of the first steps. Settings named in the set `given` stay as they
    are."""
    config.steps = 0
    if "learning_rate" not in given:
        config.learning_rate = _FIRST
    if "warmup" not in given:
        config.warmup = _WARMUP


def finish(config, given):
    """Set the learning rate, β1 and β2 of the recipe for config.steps, which is known now. Settings
    named in the set `given` stay."""
    fitting = [recipe for recipe in RECIPES if config.steps <= recipe[0]]
    for name, value in zip(_NAMES, fitting[0][1:]):
        if name not in given:
            setattr(config, name, value)
