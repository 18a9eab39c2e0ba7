"""The lines that training prints, in one fixed form that serial plotters can draw."""

from . import compat
from .compat import const

# A line is printed after the first step, after so many steps, and after so much time.
_STEPS = const(50)
_MICROSECONDS = const(400_000)


class Progress:
    """Prints lines with step, loss, avg (the mean of the last 100 losses), held (the held-out
    loss), ms (the milliseconds of a step) and eta (the seconds left)."""

    def __init__(self, trainer, until):
        """Start the clock. `until` is the last step of this run."""
        self.trainer = trainer
        self.until = until
        self._first = trainer.step + 1
        self._begin()

    def _begin(self):
        self._step = self.trainer.step
        self._began = compat.ticks_us()

    def elapsed(self):
        """Return the microseconds since the last line, or at first since this Progress was made."""
        return compat.ticks_diff(compat.ticks_us(), self._began)

    def is_due(self, us):
        """Return True if a line is due after this step, `us` microseconds after the last line:
        after the first and the last step, after every 50 steps, and after 0.4 seconds."""
        step = self.trainer.step
        return us > _MICROSECONDS or step % _STEPS == 0 or step in (self._first, self.until)

    def show(self, us, held):
        """Print a line and start the clock again. The steps since the last line took `us`
        microseconds; this does not include the time to measure `held`, the held-out loss or
        None."""
        state = self.trainer
        ms = us / 1000 / (state.step - self._step)
        held = "" if held is None else f" held:{held:.4f}"
        losses = f"loss:{state.loss:.4f} avg:{state.avg:.4f}{held}"
        eta = ms * (self.until - state.step) / 1000
        print(f"step:{state.step} {losses} ms:{ms:.1f} eta:{eta:.0f}")
        self._begin()
