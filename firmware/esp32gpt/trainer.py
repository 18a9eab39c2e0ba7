"""The training loop, as a generator. The caller prints, saves and stops."""

from array import array

from . import compat
from .backward import Backward
from .buffers import PIECE, zeros
from .modules import borrow, load
from .optimizer import Adam

WINDOW = 100  # losses in the running mean


class TrainingError(Exception):
    """Training cannot go on; the message says why and what to do."""


def moment_types(config, typecode="f"):
    """Return the typecodes of the buffers for moments as a text: `typecode` twice, such as "ff",
    for m and v; or "i" for one buffer for both, if config.moment_bits is 16."""
    return "i" if config.moment_bits == 16 else 2 * typecode


def training_buffers(config, typecode="f"):
    """Return a list of new buffers of zeros, [gradients, moments …], for a Trainer. Raises
    MemoryError."""
    n, grads = borrow("tables", "lengths", config)
    return [zeros(grads, typecode)] + [zeros(n, kind) for kind in moment_types(config, typecode)]


class Trainer:
    """Trains a model on documents (a Dataset or NameList), with config.batch names in each step.

    The state of training is params, m, v, `step` (the number of steps that are done), the position
    in the documents, and `losses` (a ring buffer of the last losses). After an interruption at any
    moment, a step is either done or not begun.
    """

    def __init__(self, model, documents, buffers=None):
        """Use `buffers`, for the gradients and then the moments; allocate them if None.

        Raises MemoryError.
        """
        config = model.config
        self.model = model
        self.documents = documents
        if buffers is None:
            compat.require_bytes(borrow("tables", "training_bytes", config), "training this model")
            buffers = training_buffers(config, model.typecode)
        grads, *moments = buffers
        self.optimizer = Adam(config, model.kernels, moments, model.typecode)
        self._follow = None
        if config.moment_bits == 16:
            self._follow = load("follow").Follow(model, grads, self.optimizer)
        # An object whose `commit` updates the weights in several calls, or None for one call.
        self._calls = self._follow
        if not self._follow and self.optimizer.n > PIECE:
            self._calls = load("pieces").Pieces(model, grads, self.optimizer)
        self.backward = Backward(model, grads, self._follow)
        self._batch = None
        self.step = 0  # steps done
        # A ring buffer: the losses of the mean, and one place for the step under way.
        self.losses = zeros(WINDOW + 1, model.typecode)
        self.start = None  # the position of a batch's first name, while the batch is under way
        self.tokens = array("i", [0] * (config.block_size + 1))
        self.targets = memoryview(self.tokens)[1:]
        # If an interrupt could stop the update halfway, keep copies to undo it.
        self._undo = None
        if self._calls:
            is_safe = self._calls.interrupts
        else:
            is_safe = compat.INTERRUPTS_AT_BRANCHES and model.kernels.ATOMIC
        if not is_safe:
            kinds = model.typecode + moment_types(config, model.typecode)
            self._undo = [
                (memoryview(live), memoryview(zeros(len(live), kind)))
                for kind, live in zip(kinds, [model.params] + moments)
            ]

    @property
    def loss(self):
        """The loss of the last step in nats: the mean over its names of the mean over their
        predictions."""
        return self.losses[(self.step - 1) % (WINDOW + 1)]

    @property
    def avg(self):
        """The mean of the last 100 losses, or of all if there are fewer, in nats. There must be
        one."""
        n = min(self.step, WINDOW)
        return sum(self.losses[(self.step - 1 - i) % (WINDOW + 1)] for i in range(n)) / n

    def run(self, until):
        """Train until `until` steps, counted from the new model, are done, or config.steps if these
        are fewer and not 0. This is a generator: it yields this trainer after each step.

        Raises TrainingError as `forward` does; the weights stay as before that step.
        """
        config = self.model.config
        self.prepare()
        while self.step < until and (self.step < config.steps or not config.steps):
            self.train_step()
            yield self

    def prepare(self):
        """Take the settings of training from the Config, and go to the first name of the next step.

        Call this before a run of steps: the settings may have changed. Raises MemoryError if there
        is no room for the gradients of a batch.
        """
        self.optimizer.begin()
        if self.model.config.batch > 1 and not self._batch:
            self._batch = load("batches").Batch(self)
        self.rewind()

    def train_step(self):
        """Train one step: forward and backward for each name, then the update. Call `prepare`
        before the first. Raises TrainingError as `forward` does; the step is then not done."""
        batch = self.model.config.batch
        # On a chip a call of a Python function takes 1,200 instructions or more, so there are few.
        if self.optimizer.varies:
            self.optimizer.prepare(self.step)
        T = 0
        if batch > 1:
            self._batch.learn(self.step % (WINDOW + 1), batch)
        else:
            T = self.forward()
            if not self._follow:
                self.backward.backward(self.tokens, T)
        if self._undo:
            self._commit_or_undo(T)
        elif self._calls:
            self._calls.commit(self, T)
        else:
            self._update()

    def forward(self):
        """Run the forward pass of the current name, write its mean loss in nats to `losses`, at the
        place of the step under way, and its gradient to the logits. Return the number of
        predictions.

        Raises TrainingError if the loss is not finite, or if the list has no usable name.
        """
        T = self.documents.peek(self.tokens)
        if not T:
            raise TrainingError("no name in the list can be used: deploy another list")
        self.model.forward(self.tokens, 0, T)
        if not self.model.kernels.cross_entropy(
            self.losses,
            self.model.logits,
            self.targets,
            self.step % (WINDOW + 1),
            T,
            self.model.vocab_size,
        ):
            raise TrainingError(
                f"the loss is not finite at step {self.step}: try a lower learning rate"
            )
        return T

    def rewind(self):
        """Go back to the first name of the next step, if a batch was interrupted after it."""
        if self.start:
            documents = self.documents
            documents.epoch, documents.block, documents.line = self.start
            self.start = None

    def _update(self):
        # There must be no branch here, nor in the functions that this calls. Then no interrupt can
        # come between these lines on the chip (compat.INTERRUPTS_AT_BRANCHES).
        self.optimizer.step(self.model.params, self.backward.grads, self.step)
        self.step += 1
        self.documents.line += 1
        self.start = None

    def _commit_or_undo(self, T):
        step = self.step
        for live, saved in self._undo:
            saved[:] = live
        try:
            if self._calls:
                self._calls.commit(self, T)
            else:
                self._update()
        except BaseException:
            if self.step == step:
                for live, saved in self._undo:
                    live[:] = saved
            raise
