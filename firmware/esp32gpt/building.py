"""Build the parts of a GPT, for a new model or from a checkpoint. This module is in memory only
meanwhile."""

from . import checkpoint, compat, kernels, modules, tables
from .buffers import zeros
from .dataset import ALL, TRAINED, Dataset
from .evaluator import Evaluator
from .heldout import HeldOut
from .model import Model
from .modules import borrow, intern
from .rng import Rng
from .sampler import Sampler
from .tokenizer import Tokenizer
from .trainer import Trainer, training_buffers


def new(gpt, changes):
    """Set the attributes of `gpt`, an empty GPT, to what GPT() describes, with random weights.
    `changes` is a dict of settings. Raises as GPT() does."""
    values, config = borrow("settings", "new", changes)
    letters, *about = _look_at_list(values, config)
    config.vocab_size = len(letters) + 1
    _build(gpt, values, config, letters, about, checkpoint.PATH)
    gpt.model.init_weights(gpt.rng)


def load(gpt, path, changes):
    """Set the attributes of `gpt`, an empty GPT, to what GPT.load describes, and print the step.
    `changes` is a dict of settings. Raises as GPT.load does."""
    found, header = borrow("recovery", "newest", path)
    values = borrow("settings", "resume", changes, found, header)
    letters, *about = _look_at_list(values, header.config, header.alphabet)
    _build(gpt, values, header.config, letters, about, checkpoint.main(path))
    borrow("recovery", "restore", found, header, gpt.arrays())
    _continue(gpt, header)
    print(f"resumed: step {header.step} from {found}")


def _look_at_list(settings, config, letters=None):
    """Return (alphabet, True if names are held out, lines of a report) for the names file."""
    path = settings["names"]
    return borrow("listing", "load", path, not settings["keep_case"], config, letters)


def _build(gpt, settings, config, letters, about, path):
    choice = kernels.choose()
    if config.moment_bits == 16:
        modules.load("follow").with_adam_16(choice.engine)
    compat.collect_every(1024)
    intern("run", "novelty", "inventions")
    needed = tables.model_bytes(config) + tables.training_bytes(config)
    compat.require_bytes(needed, "this shape")
    # A chip's heap is two pieces of 55 KB, and one that the library fills. Large arrays are
    # allocated first: three fit into one piece, and the activations fit into the rest.
    params = zeros(tables.count(config))
    others = training_buffers(config)
    gpt.settings = settings
    gpt.engine_name = choice.name
    gpt.tokenizer = Tokenizer(letters)
    holds_out, gpt.listed = about
    side = TRAINED if holds_out else ALL
    names = Dataset(settings["names"], gpt.tokenizer, settings["seed"], side=side)
    gpt.rng = Rng(settings["seed"])
    gpt.model = Model(config, choice.engine, params=params)
    gpt.trainer = Trainer(gpt.model, names, others)
    gpt.sampler = Sampler(gpt.model, gpt.tokenizer, gpt.rng)
    gpt.evaluator = Evaluator(gpt.model, gpt.tokenizer)
    gpt.held_out = HeldOut()
    gpt.path = path
    gpt.is_new = True
    # In an array, because a float that is made later would split the free memory.
    gpt.best = zeros(1, "d")
    gpt.last_is_best = False
    compat.collect_every(-1)


def _continue(gpt, header):
    """Restore the step, the rng, the best loss and the place in the list; the arrays are there.

    If the names file has changed, this is printed, and training begins at its first name.
    """
    names = gpt.trainer.documents
    gpt.trainer.step = header.step
    gpt.rng.high = header.rng_high
    gpt.rng.low = header.rng_low
    gpt.is_new = False
    gpt.best[0] = header.best
    gpt.last_is_best = header.held > 0 and header.held == header.best
    if names.identity == (header.names_bytes, header.names_crc):
        names.epoch = header.epoch
        names.block = header.block
        names.line = header.line
    else:
        print(f"{names.path} has changed since: training begins at its first name")
