"""The part of replay.py that runs where the library runs: replay.py sends it there, and then calls
these functions. Numbers come and go as float32 in hexadecimal, few at a time, since a board whose
memory is full of them has room for no more."""

from array import array
from binascii import hexlify, unhexlify

from esp32gpt import kernels
from esp32gpt.config import Config
from esp32gpt.dataset import NameList
from esp32gpt.model import Model
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer


def start(engine, shape):
    """A model on that engine, of a Config's arguments."""
    global trainer
    trainer = Trainer(Model(Config(**shape), kernels.load(engine)), NameList((), Tokenizer()))


def weights(first, numbers):
    """Set those from params[first]."""
    values = array("f", unhexlify(numbers))
    memoryview(trainer.model.params)[first : first + len(values)] = values


def train(names):
    """A step for each name, and its loss."""
    names = str(names, "utf-8").split()
    trainer.documents = NameList(names, trainer.documents.tokenizer)
    for _ in names:
        trainer.train_step()
        tell([trainer.loss])


def gradients(first, last):
    """The last step's, from grads[first] to before grads[last]."""
    tell(trainer.backward.grads[first:last])


def tell(values):
    print(hexlify(array("f", values)).decode())
