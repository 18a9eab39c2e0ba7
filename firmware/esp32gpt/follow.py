"""Training with moments of 16 bits: the backward pass also updates the weights.

Each tensor is updated as soon as its gradient is known and the backward pass does not need the
weights any more. So the gradients of all tensors can share one place.
"""

from . import compat, kernels, modules
from .buffers import views


def with_adam_16(engine):
    """Add the kernel adam_step_16 to an engine (a module) that lacks it; it is in a module of its
    own, since few need it.

    Make the first call before you allocate large arrays. Raises what the import raises, and
    ValueError if the self-test fails.
    """
    if not hasattr(engine, "adam_step_16"):
        module = kernels.load(getattr(engine, "ADAM_16", "fpu16"))
        if not hasattr(engine, "ADAM_16"):
            modules.borrow("kernels.selftest", "check", module)
        engine.adam_step_16 = module.adam_step_16


class Follow:
    """Updates the tensors of a model in the order in which the backward pass finishes them.

    `gradients` are the views {name: memoryview} that the backward pass writes. All begin at the
    start of `grads`, except that of wpe, which follows wte's: the embeddings are one update.
    """

    def __init__(self, model, grads, optimizer):
        """Use `grads`, the first of training_buffers(), and the moments of `optimizer`, an Adam."""
        with_adam_16(model.kernels)
        self._kernels = model.kernels
        self._optimizer = optimizer
        self._next = 0
        self._step = 0  # the step under way
        # Holds Ctrl-C back during the updates, where that is possible.
        self.interrupts = modules.load("interrupts") if compat.CTRL_C_IS_TYPED else None
        table = modules.borrow("tables", "parameters", model.config)
        params = views(table, model.params)
        moments = views(table, optimizer.moments[0])
        self.gradients = {name: memoryview(grads)[: rows * cols] for name, rows, cols in table}
        order = ["lm_head"]
        for i in range(len(model.layers) - 1, -1, -1):
            for tensor in ("mlp_fc2", "mlp_fc1", "attn_wo", "attn_wqkv"):
                order.append(f"layer{i}.{tensor}")
        self._tensors = [(params[name], self.gradients[name], moments[name]) for name in order]
        first = len(params["wte"])
        last = first + len(params["wpe"])
        self.gradients["wpe"] = memoryview(grads)[first:last]
        embeddings = [memoryview(b)[:last] for b in (model.params, grads, optimizer.moments[0])]
        self._tensors.append(embeddings)

    def update(self):
        """Update the next tensor and its moments in place, from its gradient."""
        optimizer = self._optimizer
        weights, grads, moments = self._tensors[self._next]
        self._next += 1
        self._kernels.adam_step_16(
            weights, grads, moments, optimizer.hyper, self._step, optimizer.steps, len(weights)
        )

    def commit(self, trainer, T):
        """Run the backward pass of the name under way, with T predictions, which updates all
        weights; count the step and go to the next name.

        On a chip, Ctrl-C interrupts only afterwards. On a host, the caller must undo what was
        interrupted.
        """
        self._next = 0
        self._step = trainer.step
        if self.interrupts:
            self.interrupts.hold()
        try:
            trainer.backward.backward(trainer.tokens, T)
            trainer.step += 1
            trainer.documents.line += 1
        finally:
            if self.interrupts:
                self.interrupts.release()
