"""Show a program as text, in any of its forms, and the table of all passes."""

import ast

from .ir import Label, Loop, Register
from .listing import operands


def show(program, numbers=None):
    """Return the program as text, in its present form: machine code, flat instructions, tree or
    Python. `numbers` is a dict {Register or Label: its number}, to which new ones are added; with
    the same dict they keep their numbers from pass to pass."""
    names = _Names(program.registers or {}, {} if numbers is None else numbers)
    if program.code is not None:
        lines = [f"{address:5x}  {op.name} {operands(op)}" for address, _, op in program.code.lines]
    elif program.ops is not None:
        lines = [names.line(op) for op in program.ops]
    elif program.tree is not None:
        lines = ["at the door:", *names.tree(program.tree.door, 1)]
        lines += ["after it:", *names.tree(program.tree.body, 1)]
    else:
        lines = [line for node in program.statements for line in ast.unparse(node).split("\n")]
    return "\n".join(lines) + "\n"


class _Names:
    """Names for registers and labels: a number each, and a register's place if it has one."""

    def __init__(self, places, numbers):
        self.places = places
        self.numbers = numbers

    def name(self, arg, operand):
        if isinstance(arg, Register):
            text = f"{arg.bank}:{arg.name.replace(' ', '')}.{self.number(arg)}"
            return f"{text}={arg.bank}{self.places[arg]}" if arg in self.places else text
        if isinstance(arg, Label):
            return f"{arg.name}.{self.number(arg)}"
        return f"{operand.bank}{arg}"

    def number(self, arg):
        return self.numbers.setdefault(arg, len(self.numbers) + 1)

    def op(self, op):
        if op.label:
            return self.name(op.label, None) + ":"
        pairs = zip(op.args, op.row.operands, strict=True)
        return f"{op.name} {', '.join(self.name(arg, operand) for arg, operand in pairs)}".rstrip()

    def line(self, op):
        return "    " * (not op.label) + self.op(op)

    def tree(self, items, depth):
        space = "    " * depth
        for item in items:
            if isinstance(item, Loop):
                until = f"to {self.name(item.exit, None)}" if item.exit else ""
                times = f"{self.name(item.count, None)} times" if item.count else ""
                yield f"{space}loop {until}{times}:"
                yield from self.tree(item.items, depth + 1)
            else:
                yield space + self.op(item)


def passes_table(passes):
    """Return a Markdown table of a list of passes, as text. A row has the number, the name, a link
    to the module, and the first paragraph of the docstring."""
    rows = ["| | pass | module | |", "|---|---|---|---|"]
    for number, step in enumerate(passes, 1):
        file = step.__module__.rpartition(".")[2] + ".py"
        sentence = " ".join(step.__doc__.split("\n\n")[0].split())
        rows.append(f"| {number} | `{step.__name__}` | [{file}]({file}) | {sentence} |")
    return "\n".join(rows) + "\n"
