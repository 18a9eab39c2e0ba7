"""The compiler's error."""


class CompileError(Exception):
    """A construct is outside the subset, or a file is no source. The message says where it is and
    what to write instead."""

    def __init__(self, path, node, message):
        self.line = getattr(node, "lineno", None) or 0
        super().__init__(f"{path}:{self.line}: {message}" if self.line else f"{path}: {message}")
