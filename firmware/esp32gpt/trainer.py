"""The training loop, as a generator: the caller prints, saves and stops."""

from array import array

from . import compat
from .backward import Backward
from .buffers import zeros
from .optimizer import Adam

WINDOW = 100  # losses in the running mean


class TrainingError(Exception):
    """Training cannot go on; the message says why and what to do."""


class Trainer:
    """Trains a model on documents (a Dataset or NameList), one name a step.

    The state of training is params, m, v, `step`, the documents' position and the last
    losses. It moves as one: whatever interrupts a step, it is either done or not begun.
    """

    def __init__(self, model, documents, buffers=None):
        """buffers: the gradients' and both moments'; made here if None. Raises MemoryError."""
        config = model.config
        self.model = model
        self.documents = documents
        n = len(model.params)
        if buffers is None:
            compat.require_bytes(config.training_bytes(), "training this model")
            buffers = [zeros(n, model.typecode) for _ in range(3)]
        grads, m, v = buffers
        self.optimizer = Adam(config, model.kernels, m, v, model.typecode)
        self.backward = Backward(model, grads)
        self.step = 0  # steps done
        # A ring with one place more than the mean takes, for the loss of the step under way.
        self.losses = zeros(WINDOW + 1, model.typecode)
        self.tokens = array("i", [0] * (config.block_size + 1))
        self.targets = memoryview(self.tokens)[1:]
        # Where an interrupt could stop the update half way, keep what takes it back.
        self._undo = None
        if not (compat.INTERRUPTS_AT_BRANCHES and model.kernels.ATOMIC):
            state = (model.params, self.optimizer.m, self.optimizer.v)
            self._undo = [
                (memoryview(live), memoryview(zeros(len(live), model.typecode))) for live in state
            ]

    @property
    def loss(self):
        """The last step's loss: the mean cross-entropy of one name's predictions, in nats."""
        return self.losses[(self.step - 1) % (WINDOW + 1)]

    @property
    def avg(self):
        """The mean of the last 100 losses, which is what quality is judged by."""
        n = min(self.step, WINDOW)
        return sum(self.losses[(self.step - 1 - i) % (WINDOW + 1)] for i in range(n)) / n

    def run(self, until):
        """Generator: train to `until` steps done (config.steps at most); yields after each step.

        What it yields is the trainer itself. Raises TrainingError if the loss is not
        finite; the weights are then those before that step.
        """
        until = min(until, self.model.config.steps)
        while self.step < until:
            self.train_step()
            yield self

    def train_step(self):
        """One step: forward, backward, update."""
        model = self.model
        T = self.documents.peek(self.tokens)
        if not T:
            raise TrainingError("no name of the list can be used any more: deploy another one")
        model.forward(self.tokens, 0, T)
        slot = self.step % (WINDOW + 1)
        if not model.loss_forward(self.losses, self.targets, slot, T):
            raise TrainingError(
                f"the loss is not finite at step {self.step}: try a lower learning rate"
            )
        self.backward.backward(self.tokens, T)
        if self._undo:
            self._update_or_undo()
        else:
            self._update()

    def _update(self):
        # No branch may stand in here or in what it calls: on the chip these lines then
        # happen as one (compat.INTERRUPTS_AT_BRANCHES).
        self.optimizer.step(self.model.params, self.backward.grads, self.step)
        self.step += 1
        self.documents.advance()

    def _update_or_undo(self):
        step = self.step
        for live, saved in self._undo:
            saved[:] = live
        try:
            self._update()
        except BaseException:
            if self.step == step:
                for live, saved in self._undo:
                    live[:] = saved
            raise
