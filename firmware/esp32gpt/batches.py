"""Steps that learn from several names: the gradients of the names are added up."""

from .buffers import PIECE, zeros


class Batch:
    """Adds up the gradients of the names of a batch for a Trainer."""

    def __init__(self, trainer):
        """Allocate the buffer for the sum. Raises MemoryError."""
        self._trainer = trainer
        self._sum = zeros(len(trainer.backward.grads), trainer.model.typecode)

    def learn(self, slot, batch):
        """Read `batch` names, a number; write the mean of their losses to trainer.losses[slot], and
        overwrite the trainer's gradients with the sum (not the mean) of the names' gradients. The
        last name stays the current one. Raises TrainingError as Trainer.forward does."""
        trainer = self._trainer
        documents = trainer.documents
        trainer.rewind()
        trainer.start = (documents.epoch, documents.block, documents.line)
        total = 0.0
        for i in range(batch):
            if i:
                documents.line += 1
            T = trainer.forward()
            trainer.backward.backward(trainer.tokens, T)
            self._add(i == 0, i == batch - 1)
            total += trainer.losses[slot]
        trainer.losses[slot] = total / batch

    def _add(self, is_first, is_last):
        grads = self._trainer.backward.grads
        if is_first:
            memoryview(self._sum)[:] = memoryview(grads)
            return
        total, other = (grads, self._sum) if is_last else (self._sum, grads)
        model = self._trainer.model
        C = model.n_embd  # all gradients have rows of C elements
        rows = len(grads) // C
        for row in range(0, rows, PIECE // C):
            more = min(PIECE // C, rows - row)
            model.kernels.residual_forward(total, total, other, row, more, C)
