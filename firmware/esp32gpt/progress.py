"""The lines that training prints: one fixed form, which serial plotters draw as it is."""

from . import compat

STEPS = 50  # at the latest after so many steps there is a line,
MICROSECONDS = 400_000  # or after so much time; and after the first


class Progress:
    """Prints step, loss, avg (of the last 100 losses), held (the held-out loss), the
    milliseconds of a step, and the seconds that are left (eta)."""

    def __init__(self, trainer, until):
        """until: the last step of this run."""
        self.trainer = trainer
        self.until = until
        self._first = trainer.step + 1
        self._begin()

    def _begin(self):
        self._step = self.trainer.step
        self._began = compat.ticks_us()

    def elapsed(self):
        """Return the microseconds since the last line."""
        return compat.ticks_diff(compat.ticks_us(), self._began)

    def is_due(self, us):
        """Return whether to show a line after this step, `us` microseconds after the last one."""
        step = self.trainer.step
        return us > MICROSECONDS or step % STEPS == 0 or step in (self._first, self.until)

    def show(self, us, held):
        """Print the line: the steps since the last one took `us` microseconds.

        held: the held-out loss, None if there is none. It may be measured in between, and its
        time then counts for no step.
        """
        state = self.trainer
        ms = us / 1000 / (state.step - self._step)
        held = "" if held is None else f" held:{held:.4f}"
        losses = f"loss:{state.loss:.4f} avg:{state.avg:.4f}{held}"
        eta = ms * (self.until - state.step) / 1000
        print(f"step:{state.step} {losses} ms:{ms:.1f} eta:{eta:.0f}")
        self._begin()
