"""Steps that learn from several names: the gradients of the names are added up."""

from .buffers import zeros


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
        add = self._trainer.model.kernels.residual_forward
        grads = self._trainer.backward.grads
        n = len(grads)
        if is_last:
            add(grads, grads, self._sum, 0, 1, n)
        elif is_first:
            memoryview(self._sum)[:] = memoryview(grads)
        else:
            add(self._sum, self._sum, grads, 0, 1, n)
