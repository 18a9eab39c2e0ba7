"""The shape of a model and the parameters of its training."""

from .modules import borrow

SHAPE = ("n_embd", "n_head", "n_layer", "block_size")  # and vocab_size


class Config:
    """The shape of a model and the parameters of its training. n_head must divide n_embd.

    Its attributes are vocab_size, init_std (the standard deviation of initial weights), eps (Adam's
    ε) and all names of defaults.MODEL. The defaults are those of microgpt. If `seconds` is not 0,
    `steps` becomes 0, even if it is given: the number of steps is not known yet.
    """

    def __init__(self, vocab_size=27, init_std=0.08, eps=1e-8, **changes):
        """Change the defaults to `changes`. Raises ValueError for an unknown name or a bad
        value."""
        for name, value in borrow("defaults", "model", changes).items():
            setattr(self, name, value)
        if not isinstance(vocab_size, int) or vocab_size < 1:
            raise ValueError(f"vocab_size must be a whole number from 1, not {vocab_size!r}")
        self.vocab_size = vocab_size
        self.init_std = init_std
        self.eps = eps
        if self.seconds:
            self.steps = 0  # until the number of steps for this time is known
        if self.moment_bits not in (16, 32):
            raise ValueError(f"moment_bits must be 16 or 32, not {self.moment_bits}")
        self.check_batch()
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_head must divide n_embd: {self.n_embd} channels do not split into {self.n_head}"
                " heads"
            )

    def check_batch(self):
        """Raise ValueError if moment_bits is 16 and batch is above 1, which cannot be trained."""
        if self.moment_bits == 16 and self.batch > 1:
            raise ValueError(
                "batch must be 1 with moment_bits 16: no gradient is kept then that those of other "
                "names could be added to"
            )
