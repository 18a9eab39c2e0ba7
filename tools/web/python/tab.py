"""The functions that JavaScript calls in a browser's tab. This is the only file of the page that
uses internals of the library. Results are JSON texts. The page takes the output of `ask` and of
`resume`; other output is dropped."""

import json
import os

from esp32gpt import kernels, tables

kernels.ENGINES = ("web", "reference")

from esp32gpt import checkpoint, defaults, listing, watch  # noqa: E402
from esp32gpt.config import SHAPE, Config  # noqa: E402
from esp32gpt.gpt import GPT  # noqa: E402
from esp32gpt.heldout import MEASURED  # noqa: E402

gpt = None
run = None  # the trainer's generator


def presets():
    """Return the JSON text of {preset: {name: number}}: the names are those of SHAPE, and
    "parameters", the number of parameters with 26 letters."""
    found = {}
    for preset, changes in defaults.PRESETS.items():
        config = Config(**changes)
        found[preset] = {name: getattr(config, name) for name in SHAPE}
        found[preset]["parameters"] = tables.count(config)
    return json.dumps(found)


def begin(changes):
    """Make a new model; delete the checkpoint of an earlier one. `changes` is the JSON text of
    settings. Return the JSON text of {"lines": lines in the list that are not blank, "names":
    usable names}. Raises the errors of GPT()."""
    for path in os.listdir():
        if path.startswith(checkpoint.PATH):
            os.remove(path)
    _use(GPT(**json.loads(changes)))
    path = gpt.settings["names"]
    with open(path, "rb") as file:
        found = listing.read(listing.beside(path), listing.identify(file, "fold"))
    return json.dumps({"lines": found.lines, "names": found.names})


def resume():
    """Take the model of the checkpoint at checkpoint.PATH. Raises CheckpointError if it cannot be
    used."""
    _use(GPT.load())


def _use(made):
    global gpt, run
    gpt = made
    run = gpt.trainer.run(gpt.model.config.steps)


def extend(steps):
    """Allow at least `steps` more steps: make the schedule longer if it is too short for them."""
    global run
    config = gpt.model.config
    config.steps = max(config.steps, gpt.trainer.step + steps)
    run = gpt.trainer.run(config.steps)


def train(steps):
    """Train up to `steps` steps, but not beyond the schedule. Return the JSON text of a dict:
    losses, the list of the losses of these steps; step, the steps done; steps, those of the
    schedule; and avg, the mean of the last 100 losses (null at step 0). Raises TrainingError if a
    loss is not finite."""
    losses = []
    for _ in range(steps):
        if next(run, None) is None:
            break
        losses.append(gpt.trainer.loss)
    facts = {"step": gpt.trainer.step, "steps": gpt.model.config.steps, "losses": losses}
    facts["avg"] = gpt.trainer.avg if gpt.trainer.step else None
    return json.dumps(facts)


def held():
    """Return the JSON text of the mean loss of some names that training never sees, or null if
    there are none."""
    return json.dumps(gpt.held_out_loss(MEASURED)[0])


def ask(request):
    """Print the line in which esp32gpt.watch answers `request`, a text such as "about". worker.js
    takes the line from the output."""
    watch.answer(gpt, request)


def save():
    """Write the checkpoint, over an earlier one, and return its path, which is not in JSON."""
    gpt.save()
    return gpt.path
