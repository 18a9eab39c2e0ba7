"""The compiler's error."""


class CompileError(Exception):
    """A file cannot be compiled, for example because a construct is outside the subset. The message
    says where the error is and what to write instead. `line` is the line of the ast node, or 0 if
    there is none."""

    def __init__(self, path, node, message):
        self.line = getattr(node, "lineno", None) or 0
        super().__init__(f"{path}:{self.line}: {message}" if self.line else f"{path}: {message}")
