"""Time a step, its parts, reading and sampling, with nothing else in memory.

bench.py puts a line `ENGINE, STEPS, PASSES, PATH, NAMES = ...` before this script. The script
prints one line, a dict of figures.

Every call allocates, and an allocation takes as long as the search for a free piece of the heap. So
the position of earlier garbage changes the time of a step by up to 5 %. tidy() therefore brings the
heap into the same state before each measurement: garbage collected, the holes filled with new
garbage, and the last 9 KB free. That is enough for five steps without a collection, except for the
reference engine.
"""

import gc

from esp32gpt import compat, kernels, modules

kernels.ENGINES = (ENGINE,)
engine = kernels.choose().engine
engine.ATOMIC = True  # nothing interrupts the bench: no copies to take a step back
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

ticks_diff, ticks_us = compat.ticks_diff, compat.ticks_us
modules.borrow("chip", "set_highest_clock")
tokenizer = Tokenizer()
rng = Rng(42)
names = [name.decode() for name in NAMES.split()]
model = Model(Config(), engine)
model.init_weights(rng)
trainer = Trainer(model, NameList(names, tokenizer))
sampler = Sampler(model, tokenizer, rng)
tokens = trainer.tokens
half = 0.5


def litter(n):
    """Allocate n floats that nobody keeps."""
    for _ in range(n):
        half * half


def room():
    """Collect garbage; return how many floats then fit until the next collection, in steps of 64,
    at most 8,192. This fills the heap with floats."""
    gc.collect()
    count = used = 0
    while used < gc.mem_alloc() and count < 8192:
        used = gc.mem_alloc()
        litter(64)
        count += 64
    return count


def tidy():
    """Bring the heap into the state in which each measurement begins."""
    gc.collect()
    litter(holes)


def keep(times, i, time):
    """Store a time at times[i] if it is shorter than the one that is there."""
    times[i] = min(times[i], time)


def reading():
    """Time 20 readings of 20 names from the file. reads[i] is the time of reading i, in
    microseconds, the shortest of all calls."""
    names = Dataset(PATH, tokenizer, 42)
    for i in range(20):
        tidy()
        began = ticks_us()
        for _ in range(20):
            names.peek(tokens)
            names.line += 1
        keep(reads, i, ticks_diff(ticks_us(), began))
    names.close()


def fives():
    """Begin the names anew, and yield (number, range of steps) for each five of STEPS steps, with
    the heap tidied before each."""
    trainer.documents = NameList(names, tokenizer)
    for i in range(0, STEPS, 5):
        tidy()
        yield i // 5, range(i, min(i + 5, STEPS))


def training():
    """Train STEPS steps. steps[i] is the time of five steps together, in microseconds, the shortest
    of all calls."""
    for i, five in fives():
        began = ticks_us()
        for _ in five:
            trainer.train_step()
        keep(steps, i, ticks_diff(ticks_us(), began))


def parts():
    """Time the parts of STEPS steps: the forward pass with the loss, the backward pass, and Adam.
    forwards[i], backwards[i] and adams[i] are the times in step i, in microseconds, each the
    shortest of all calls."""
    for _, five in fives():
        for step in five:
            T = trainer.documents.peek(tokens)
            trainer.documents.line += 1
            a = ticks_us()
            logits = model.forward(tokens, 0, T)
            engine.cross_entropy(trainer.losses, logits, trainer.targets, 0, T, model.vocab_size)
            b = ticks_us()
            trainer.backward.backward(tokens, T)
            c = ticks_us()
            trainer.optimizer.step(model.params, trainer.backward.grads, trainer.step)
            d = ticks_us()
            keep(forwards, step, ticks_diff(b, a))
            keep(backwards, step, ticks_diff(c, b))
            keep(adams, step, ticks_diff(d, c))


def sampling():
    """Draw 20 names without a prompt, the same in each call as long as the weights are the same.
    samples[i] is the time of name i, in microseconds, the shortest of all calls; lengths[i] is the
    number of its tokens in this call."""
    rng.high, rng.low = 1, 42
    for i in range(20):
        tidy()
        began = ticks_us()
        name = sampler.sample()
        keep(samples, i, ticks_diff(ticks_us(), began))
        lengths[i] = min(len(name) + 1, 16)


def predictions():
    """Return the mean number of predictions in a step, a float, over STEPS names."""
    trainer.documents = NameList(names, tokenizer)
    count = 0
    for _ in range(STEPS):
        count += trainer.documents.peek(tokens)
        trainer.documents.line += 1
    return count / STEPS


def allocated():
    """Return the number of bytes that a training step allocates, the mean of four steps. Return
    None if the memory has no room for four steps without a garbage collection."""
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        for _ in range(4):
            trainer.train_step()
        return (gc.mem_alloc() - before) // 4
    except MemoryError:
        return None
    finally:
        gc.enable()


def unknown(n):
    """Return a list of n times, in microseconds, that are longer than any measured one."""
    return [1 << 29] * n


reads, samples, lengths = unknown(20), unknown(20), unknown(20)
steps = unknown((STEPS + 4) // 5)
forwards, backwards, adams = unknown(STEPS), unknown(STEPS), unknown(STEPS)
for _ in range(3):
    trainer.train_step()
holes = max(room() - 640, 0)
for measure in (reading, reading, training, parts, parts, sampling):
    for _ in range(PASSES):
        measure()
        holes += 1
print(
    {
        "us_per_step": round(sum(steps) / STEPS, 1),
        "us_data": round(sum(reads) / 400, 1),
        "tokens_per_step": predictions(),
        "sample_tokens_per_s": round(1000000 * sum(lengths) / sum(samples), 1),
        "us_forward": round(sum(forwards) / STEPS, 1),
        "us_backward": round(sum(backwards) / STEPS, 1),
        "us_adam": round(sum(adams) / STEPS, 1),
        "step_alloc": allocated(),
    }
)
