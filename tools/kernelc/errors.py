"""How the compiler says no."""


class CompileError(Exception):
    """A construct outside the subset: where it stands, and what to write instead."""

    def __init__(self, path, node, message):
        self.line = getattr(node, "lineno", 0)
        super().__init__(f"{path}:{self.line}: {message}")
