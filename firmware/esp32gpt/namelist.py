"""Documents from a list of names in memory: a fixed workload, for tests and measurements."""

from array import array

from .dataset import DatasetError


class NameList:
    """Documents from a list of names, in its order, again and again. A Trainer can use it instead
    of a Dataset. To go to the next name, add 1 to `line`."""

    epoch = block = 0
    sorted = False

    def __init__(self, names, tokenizer):
        """Use these names, a list of texts, and a Tokenizer. Raises DatasetError for a name with a
        character outside the alphabet."""
        self.tokenizer = tokenizer
        self._names = [name.encode() for name in names]
        self.line = 0
        tokens = array("i", [0] * 65)
        for name in self._names:
            if not tokenizer.encode(name, 0, len(name), tokens):
                raise DatasetError(f"{name} has characters outside '{tokenizer.alphabet}'")

    def peek(self, tokens):
        """Do the same as Dataset.peek: write the tokens of the current name and return T."""
        name = self._names[self.line % len(self._names)]
        return self.tokenizer.encode(name, 0, len(name), tokens)
