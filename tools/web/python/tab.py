"""The library in a browser's tab: what JavaScript calls, and the only file of the page that knows
the library's insides. Results are JSON texts; what is printed besides goes to the page's log."""

import json
import os

from esp32gpt import kernels

kernels.ENGINES = ("web", "reference")

from esp32gpt import GPT, checkpoint, settings, watch  # noqa: E402
from esp32gpt.config import size  # noqa: E402
from esp32gpt.gpt import HELD_OUT_WHILE_TRAINING  # noqa: E402

gpt = None
run = None  # the trainer's generator


def presets():
    """{preset: its settings, and how many parameters a model of 26 letters has}."""
    found = {}
    for preset in settings.PRESETS:
        values, _ = settings.read({"preset": preset})
        shape = {name: values[name] for name in settings.SHAPE}
        shape["parameters"] = size(settings.config(values).parameters())
        found[preset] = shape
    return json.dumps(found)


def begin(changes):
    """A new model; what was saved is forgotten."""
    for path in os.listdir():
        if path.startswith(checkpoint.PATH):
            os.remove(path)
    _use(GPT(**json.loads(changes)))


def resume():
    """The model of the checkpoint that lies at checkpoint.PATH."""
    _use(GPT.load())


def _use(made):
    global gpt, run
    gpt = made
    run = gpt.trainer.run(gpt.model.config.num_steps)


def extend(steps):
    """So many steps beyond those done; the schedule's end moves if need be."""
    global run
    config = gpt.model.config
    config.num_steps = max(config.num_steps, gpt.trainer.step + steps)
    run = gpt.trainer.run(config.num_steps)


def train(steps):
    """Up to so many steps, and their losses."""
    losses = []
    for _ in range(steps):
        if next(run, None) is None:
            break
        losses.append(gpt.trainer.loss)
    facts = {"step": gpt.trainer.step, "steps": gpt.model.config.num_steps, "losses": losses}
    facts["avg"] = gpt.trainer.avg if gpt.trainer.step else None
    return json.dumps(facts)


def held():
    """The loss of some names that training never sees, or null."""
    return json.dumps(gpt._held_out(HELD_OUT_WHILE_TRAINING)[0])


def ask(request):
    """Print the answer of esp32gpt.watch."""
    watch.answer(gpt, request)


def save():
    """Write the checkpoint; returns its path."""
    gpt.save()
    return gpt.path
