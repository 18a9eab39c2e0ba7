"""A run of training: it notices divergence, and it keeps to its time."""

from esp32gpt.run import PATIENCE, Watch


def told(avgs, guessing=3.3, every=50):
    """Return the step at which training is found to have diverged, None if it is not."""
    watch = Watch(guessing)
    for i, avg in enumerate(avgs):
        if watch.has_diverged(every * (i + 1), avg):
            return every * (i + 1)
    return None


def test_training_that_stays_above_guessing_has_diverged():
    assert told([3.4] * 30) == 50 + PATIENCE
    assert told([3.29] * 30) is None


def test_training_that_stays_above_its_best_has_diverged():
    falling = [3.3 - i / 20 for i in range(20)]  # to 2.35
    assert told(falling + [2.65] * 12) == 1000 + PATIENCE
    assert told(falling + [2.55] * 30) is None


def test_a_bad_stretch_is_forgiven():
    assert told([2.4] + ([2.9] * 9 + [2.5]) * 5) is None
