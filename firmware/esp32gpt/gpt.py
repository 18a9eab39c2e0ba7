"""GPT, the class for the REPL and for main.py: a model, its training and its sampling."""
# ruff: noqa: E402

from . import compat
from .compat import const

compat.collect_every(4096)  # while modules load: garbage must not split the free memory

from . import checkpoint
from .checkpoint import BEST, OLD, Header

# isort: split
# Only building.py, which leaves memory, uses most of these; they stay.
from . import evaluator, kernels, model, rng, sampler, tokenizer, trainer  # noqa: F401
from .dataset import HELD_OUT, TRAINED, Dataset
from .heldout import MEASURED, HeldOut
from .modules import borrow

_EVALUATED = const(256)  # different names that `evaluate` measures
_DROPPED = const(
    "no letter arrived: a board's prompt drops those beyond ASCII, so write å as \\xe5"
)


class GPT:
    """A GPT that learns names. GPT.help() lists its methods.

    `model`, `trainer`, `sampler`, `tokenizer` and `evaluator` are its parts, objects of the classes
    with these names. `settings` is the dict of its settings, `path` the file that `save` writes,
    and `engine_name` the engine that computes.
    """

    def __init__(self, **changes):
        """Create a model with random weights. `changes` are settings that replace those of
        esp32gpt.json, as in GPT(n_embd=24).

        Raises SettingsError, or another ValueError, for settings that cannot be used, DatasetError
        for such a names file, and MemoryError if the shape does not fit.
        """
        kernels.choose()  # here, because machine code cannot be unloaded
        borrow("building", "new", self, changes)

    @staticmethod
    def load(path=checkpoint.PATH, **changes):
        """Return the GPT that is saved in the checkpoint at `path`, and print its step. Training
        continues exactly where it was saved, unless the names file has changed.

        `changes` are settings, as in GPT(), but `seed` and `keep_case` have no effect, and `steps`
        cannot shorten the schedule. If the file is missing or damaged, the previous checkpoint is
        used; a damaged file is renamed. Raises CheckpointError if that cannot be used either,
        SettingsError if `changes` or esp32gpt.json ask for another shape, and the errors of GPT().
        """
        kernels.choose()
        gpt = object.__new__(GPT)
        borrow("building", "load", gpt, path, changes)
        return gpt

    def arrays(self):
        """Return a list of the arrays that a checkpoint stores: parameters, moments (m and v, or
        one array for both), losses. They are the arrays in use, not copies."""
        return [self.model.params] + list(self.trainer.optimizer.moments) + [self.trainer.losses]

    def save(self, held=None):
        """Write a checkpoint to self.path, and print this. Raises CheckpointError if it cannot be
        written.

        `held` is the held-out loss of these weights in nats, or None if it was not measured. The
        previous file is kept as self.path + ".old"; or as self.path + ".best", if its held-out loss
        is the lowest of all saves and this save does not reach it. The first save of a new model
        keeps an earlier model's file as self.path + ".kept".
        """
        self.trainer.rewind()
        names = self.trainer.documents
        best = self.best
        is_best = bool(held) and not 0 < best[0] < held
        if is_best:
            best[0] = held
        values = {
            "step": self.trainer.step,
            "n_losses": len(self.trainer.losses),
            "rng_high": self.rng.high,
            "rng_low": self.rng.low,
            "seed": self.settings["seed"],
            "epoch": names.epoch,
            "block": names.block,
            "line": names.line,
            "names_bytes": names.identity[0],
            "names_crc": names.identity[1],
            "held": held or 0.0,
            "best": best[0],
        }
        if self.is_new:
            checkpoint.keep(self.path)
        self.is_new = False
        header = Header(self.model.config, self.tokenizer.alphabet, values)
        checkpoint.save(self.path, header, self.arrays())
        if self.last_is_best and not is_best:
            checkpoint.replace(self.path + OLD, self.path + BEST)
        self.last_is_best = is_best
        print(f"saved: step {self.trainer.step} to {self.path}")

    def train(self, steps=None, seconds=None):
        """Train for a number of steps, or of seconds (give only one), or, without either, to the
        end of the schedule. Print lines of progress. Save as the autosave settings say, and at the
        end, unless both of these are 0.

        Ctrl-C stops the training; this method then saves and returns as at the end. The learning
        rate falls to zero at the end of the schedule; the schedule becomes longer if there are more
        steps. Raises SettingsError for a number that cannot be used, and TrainingError if a loss is
        not finite.
        """
        borrow("run", "train", self, steps, seconds)

    def is_trained(self):
        """Return True if all steps of the schedule are done."""
        return 0 < self.model.config.steps <= self.trainer.step

    def sample(self, n=1, prompt=None, temperature=None, top_k=0):
        """Return a list of n invented names, as texts, that begin with the text `prompt`.

        A temperature below 1 gives likelier names, above 1 stranger ones; None uses the settings'
        temperature. With top_k > 0 each letter is one of the top_k likeliest. At a board's prompt,
        write letters beyond ASCII as escapes, such as "\\xe5": the board drops them when they are
        typed. An empty prompt prints a hint about this. Raises ValueError for a prompt that is too
        long or has letters that the model does not know, for a temperature not above 0, and for a
        negative top_k.
        """
        if prompt == "":
            print(_DROPPED)
        if temperature is None:
            temperature = self.settings["temperature"]
        return [self.sampler.sample(prompt or "", temperature, top_k) for _ in range(n)]

    def known(self, names):
        """Return the set of those texts of the list `names` that are in the names file, and so are
        not new. Raises DatasetError if the file is missing."""
        return borrow("novelty", "known", self.settings["names"], names, self.tokenizer)

    def show(self, n=20, **options):
        """Print n invented names, how many of them are new, and which are not. `options` are those
        of `sample`: prompt, temperature, top_k."""
        borrow("inventions", "show", self, n, options)

    def report(self, n=20):
        """Print n invented names, figures on the quality of names, and the loss of up to 256
        held-out names."""
        borrow("inventions", "judge", self, n)
        measured = self.held_out_loss(_EVALUATED)  # no borrowed module takes its memory now
        borrow("inventions", "say_held_out", self, *measured)

    def loss(self, name):
        """Print the name as it arrived, and return the mean loss of its letters and its end, in
        nats.

        A likelier name has a lower loss. Only the first block_size letters count. Write letters
        beyond ASCII as for `sample`. Raises ValueError for an empty name, and for one with letters
        that the model does not know.
        """
        if not name:
            raise ValueError(_DROPPED)
        print(f"'{name}':")
        return self.evaluator.loss(name)

    def evaluate(self, names=_EVALUATED):
        """Return the mean loss, in nats, of held-out names, which training never sees. `names` is
        the number of different names to measure, if there are as many.

        Returns None if the list has too few different names to hold some out.
        """
        return self.held_out_loss(names)[0]

    def held_out_loss(self, names):
        """Return a tuple (mean loss in nats or None, number of names measured) for up to `names`
        different held-out names.

        Those that are measured while training stay in memory; a larger number is read each time. If
        there is no room for it, only as many are measured as the memory of the former holds.
        """
        held_out = self.held_out
        if names > MEASURED:
            try:
                held_out = HeldOut(names)
            except MemoryError:
                compat.collect()
        documents = self.trainer.documents
        if documents.side == TRAINED and held_out.wants(names):
            others = Dataset(documents.path, self.tokenizer, documents.seed, side=HELD_OUT)
            try:
                held_out.read(others, names, self.evaluator.tokens)
            finally:
                others.close()
        return self.evaluator.mean(held_out, names)

    def __repr__(self):
        steps = f"{self.trainer.step} of {self.model.config.steps} steps"
        return f"<GPT of {len(self.model.params)} parameters, {steps}, {self.engine_name} engine>"

    @staticmethod
    def help():
        """Print a list of the methods."""
        borrow("manual", "show")
