"""Small models, and trainers of them, that the tests share."""

from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "bo", "christopherrobinson"]


def small(**changes):
    """Return a Config that trains fast."""
    shape = {"n_embd": 8, "n_head": 2, "n_layer": 1, "block_size": 8, "steps": 60}
    shape.update(changes)
    return Config(**shape)


def smallest(**recipe):
    """Return the Config of the smallest model that uses every kernel."""
    return Config(n_embd=4, n_head=2, block_size=4, steps=60, learning_rate=0.03, **recipe)


def trainer(engine, config=None, names=NAMES, seed=1):
    """Return a Trainer of a new model, on a list of names."""
    model = Model(config or small(), engine)
    model.init_weights(Rng(seed))
    return Trainer(model, NameList(names, Tokenizer()))
