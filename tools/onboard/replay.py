"""The part of `esp32gpt replay` that runs next to the library. tools/replay.py sends this script to
the board, and then calls these functions. Numbers travel as float32 in hexadecimal, a few at a
time, because the board's memory has little room beside the model."""

from array import array
from binascii import hexlify, unhexlify

from esp32gpt import kernels
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer


def start(engine, shape):
    """Create the global `trainer`, with a model on the named engine; `shape` is a dict of the
    arguments of Config."""
    global trainer
    kernels.ENGINES = (engine,)  # the tokenizer uses the chosen engine, too
    model = Model(Config(**shape), kernels.choose().engine)
    trainer = Trainer(model, NameList((), Tokenizer()))


def weights(first, numbers):
    """Set the parameters from params[first] on to `numbers`, float32 in hexadecimal."""
    values = array("f", unhexlify(numbers))
    memoryview(trainer.model.params)[first : first + len(values)] = values


def train(names):
    """Train one step on each of the names, and print each loss with `tell`. `names` are bytes, with
    spaces between the names."""
    names = str(names, "utf-8").split()
    trainer.documents = NameList(names, trainer.documents.tokenizer)
    for _ in names:
        trainer.train_step()
        tell([trainer.loss])


def gradients(first, last):
    """Print grads[first:last] of the last step with `tell`."""
    tell(trainer.backward.grads[first:last])


def tell(values):
    """Print the values on one line, as float32 in hexadecimal."""
    print(hexlify(array("f", values)).decode())
