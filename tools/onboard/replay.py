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
    """Create a trainer with a model on that engine; `shape` holds the arguments of Config."""
    global trainer
    trainer = Trainer(Model(Config(**shape), kernels.load(engine)), NameList((), Tokenizer()))


def weights(first, numbers):
    """Set the parameters from params[first] on."""
    values = array("f", unhexlify(numbers))
    memoryview(trainer.model.params)[first : first + len(values)] = values


def train(names):
    """Train one step on each name, and print each loss."""
    names = str(names, "utf-8").split()
    trainer.documents = NameList(names, trainer.documents.tokenizer)
    for _ in names:
        trainer.train_step()
        tell([trainer.loss])


def gradients(first, last):
    """Print grads[first:last] of the last step."""
    tell(trainer.backward.grads[first:last])


def tell(values):
    """Print the values as float32 in hexadecimal."""
    print(hexlify(array("f", values)).decode())
