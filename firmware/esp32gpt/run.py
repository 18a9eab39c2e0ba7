"""One run of training, with its lines of progress, its measurements of held-out loss and its
saves. This module is in memory only meanwhile."""

import time
from math import log

from . import compat
from .checkpoint import BEST, CheckpointError
from .compat import const
from .heldout import MEASURED
from .modules import borrow
from .progress import Progress

# Steps to time if the user gives seconds. A first one is not timed, because it may load names.
_TIMED = const(20)
_SHARE = const(0.88)  # of the time is steps as they are timed, the rest is shown and measured
_STEPS_BETWEEN = const(250)  # the fewest steps between two measurements
_MEASURES = const(50)  # about so many measurements in a long run


# Training has diverged if, for PATIENCE steps, the running mean of the loss is worse than guessing,
# or worse than its best value by _TROUBLE nats.
_TROUBLE = const(0.25)
PATIENCE = 500


def train(gpt, steps, seconds):
    """Do what GPT.train describes, for `gpt`, a GPT. `steps` and `seconds` are numbers or None."""
    trainer = gpt.trainer
    config = gpt.model.config
    if steps is not None and seconds is not None:
        raise ValueError("steps and seconds are both given: leave one of them out")
    if seconds is not None:
        borrow("recipes", "ask", config, seconds, gpt.settings["given"])
    elif steps is not None:
        borrow("defaults", "check", "steps", steps)
        config.steps = max(config.steps, trainer.step + steps)
    elif gpt.is_trained():
        print(f"all {config.steps} steps are done: gpt.train(1000) trains on")
        return
    for line in gpt.listed:
        print(line)
    gpt.listed = ()  # printed only once
    run = Run(gpt)
    try:
        if not config.steps:
            run.fix_steps()
        until = config.steps if steps is None else trainer.step + steps
        print(f"training: step {trainer.step} to {until}, {config.vocab_size - 1} letters")
        if trainer.documents.sorted:
            print("the names are sorted: they are drawn in another order")
        run.train(until)
    except KeyboardInterrupt:
        print(f"\nstopped after step {trainer.step}: gpt.train() goes on")
    run.save_at_end()


class Watch:
    """Finds out from the running mean of the loss whether training has diverged. `best` is the
    lowest mean so far, or the loss of guessing if that is lower."""

    def __init__(self, guessing):
        """Start with `guessing`, the loss of pure guessing: ln of the number of tokens."""
        self.guessing = guessing
        self.best = guessing
        self._fine = None  # the last step with a good mean

    def has_diverged(self, step, avg):
        """Return True if `avg`, the running mean after this step, was bad at all calls of the last
        PATIENCE (500) steps: more than 0.25 nats above its best value, or above the loss of
        guessing."""
        self.best = min(self.best, avg)
        is_fine = avg <= self.best + _TROUBLE and avg <= self.guessing
        if self._fine is None or is_fine:
            self._fine = step
        return step - self._fine >= PATIENCE


class Run:
    """Trains a GPT to a later step: prints progress and advice, measures held-out losses, saves."""

    def __init__(self, gpt):
        self.gpt = gpt
        self.held = None  # the last measured held-out loss: of the weights after _held_step steps
        self._held_step = -1
        self._saved_step = gpt.trainer.step
        self._saved_time = time.time()

    def fix_steps(self):
        """Train 21 steps, and set config.steps so that training takes config.seconds at their pace;
        then set the recipe for so many steps."""
        trainer = self.gpt.trainer
        config = trainer.model.config
        trainer.prepare()
        trainer.train_step()
        began = compat.ticks_us()
        for _ in range(_TIMED):
            trainer.train_step()
        us = compat.ticks_diff(compat.ticks_us(), began) / _TIMED
        more = int(config.seconds * 1000000 * _SHARE / max(us, 1)) - _TIMED - 1
        config.steps = trainer.step + max(more, 1)
        borrow("recipes", "finish", config, self.gpt.settings["given"])

    def train(self, until):
        """Train to step `until`, print lines of progress, and save as the settings say. Raises
        TrainingError, and KeyboardInterrupt on Ctrl-C."""
        trainer = self.gpt.trainer
        settings = self.gpt.settings
        seconds = settings["autosave_seconds"]
        steps = settings["autosave_steps"] or until + 1
        between = max(_STEPS_BETWEEN, (until - trainer.step) // _MEASURES)
        progress = Progress(trainer, until)
        watch = Watch(log(trainer.model.vocab_size))
        told = False
        measure_at = 0
        for state in trainer.run(until):
            us = progress.elapsed()
            if progress.is_due(us):
                if state.step >= measure_at or state.step == until:
                    self.measure()
                    measure_at = state.step + between
                progress.show(us, self.held)
                if not told and watch.has_diverged(state.step, state.avg):
                    told = True
                    print(self.advice(watch.best))
                if seconds and time.time() - self._saved_time >= seconds:
                    self.save()
            if state.step - self._saved_step >= steps:
                self.save()

    def advice(self, best):
        """Return the message for training that has diverged, with a remedy. `best` is that of the
        Watch."""
        rate = self.gpt.model.config.learning_rate
        path = self.gpt.path
        said = f"training has diverged: for {PATIENCE} steps avg has been far above {best:.2f}. "
        said += f"Begin anew with a learning_rate below {rate:g}; the weights of the lowest "
        return said + f"held-out loss stay in {path}, or {path}{BEST}"

    def measure(self):
        """Measure the held-out loss of the present weights, unless it is known, and keep it as
        self.held."""
        step = self.gpt.trainer.step
        if self._held_step != step:
            self.held = self.gpt.held_out_loss(MEASURED)[0]
            self._held_step = step

    def save(self):
        """Measure and save. If the save fails, print why and go on."""
        self.measure()
        try:
            self.gpt.save(self.held)
        except CheckpointError as error:
            print(error)
        self._saved_time = time.time()
        self._saved_step = self.gpt.trainer.step

    def save_at_end(self):
        """Save the steps since the last save, unless the settings turn off all saves."""
        settings = self.gpt.settings
        allowed = settings["autosave_seconds"] or settings["autosave_steps"]
        if allowed and self.gpt.trainer.step > self._saved_step:
            self.save()
