"""The learning rate that suits a run of so many steps; tools/RECIPES.md says how it was found."""

from .defaults import SettingsError, check

# (steps, learning rate of runs up to that long); microgpt's own for the shortest.
RATES = (
    (1500, 0.01),
    (4000, 0.008),
    (7500, 0.006),
    (15000, 0.005),
    (60000, 0.003),
    (200000, 0.0015),
)
LONGEST = 0.001  # of runs beyond them

# Where a time is given, the number of steps is known only after the first of them.
WARMUP = 100  # steps
FIRST = 0.002  # the learning rate until it is known


def rate(steps):
    """Return the learning rate of a run of so many steps."""
    for longest, found in RATES:
        if steps <= longest:
            return found
    return LONGEST


def ask(config, seconds, given):
    """Prepare a Config for so many seconds more. Raises SettingsError for a number that is none."""
    check("seconds", seconds)
    if not seconds:
        raise SettingsError("seconds must be at least 1, not 0")
    config.seconds = seconds
    begin(config, given)


def begin(config, given):
    """Prepare a Config for training that lasts config.seconds; settings in `given` stay."""
    config.steps = 0
    if "learning_rate" not in given:
        config.learning_rate = FIRST
    if "warmup" not in given:
        config.warmup = WARMUP


def finish(config, given):
    """Set the learning rate for config.steps, now that it is known, unless it is given."""
    if "learning_rate" not in given:
        config.learning_rate = rate(config.steps)
