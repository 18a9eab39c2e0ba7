"""How the compiler says no."""


class CompileError(Exception):
    """A construct outside the subset, or a file that is no source: where it stands, and what to
    write instead."""

    def __init__(self, path, node, message):
        self.line = getattr(node, "lineno", None) or 0
        super().__init__(f"{path}:{self.line}: {message}" if self.line else f"{path}: {message}")
