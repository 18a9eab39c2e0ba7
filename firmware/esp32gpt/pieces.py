"""Adam in pieces, for large models with moments of 32 bits.

They lie in PSRAM, where one call of a kernel for all weights would take up to half a second.
Nothing else would run meanwhile.
"""

from . import compat, modules
from .buffers import PIECE


class Pieces:
    """Updates the weights piece by piece after the backward pass, while Ctrl-C is held back."""

    def __init__(self, model, grads, optimizer):
        """Use `grads`, the gradients of all weights, and the moments of `optimizer`, an Adam."""
        self._optimizer = optimizer
        # Holds Ctrl-C back during the updates, where that is possible.
        self.interrupts = modules.load("interrupts") if compat.CTRL_C_IS_TYPED else None
        buffers = [memoryview(b) for b in [model.params, grads] + optimizer.moments]
        self._pieces = [
            [b[first : first + PIECE] for b in buffers] for first in range(0, optimizer.n, PIECE)
        ]

    def commit(self, trainer, T):
        """Update all weights from the gradients, count the step and go to the next name. `T` is not
        used: the backward pass is done.

        On a chip, Ctrl-C interrupts only afterwards. On a host, the caller must undo what was
        interrupted.
        """
        optimizer = self._optimizer
        step = trainer.step
        if self.interrupts:
            self.interrupts.hold()
        try:
            for params, grads, m, v in self._pieces:
                optimizer.kernels.adam_step(
                    params, grads, m, v, optimizer.hyper, step, optimizer.steps, len(params)
                )
            trainer.step += 1
            trainer.documents.line += 1
            trainer.start = None
        finally:
            if self.interrupts:
                self.interrupts.release()
