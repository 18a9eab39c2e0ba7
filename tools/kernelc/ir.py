"""The data between passes: registers, instructions, loops, and the program that contains them.

A kernel starts as Python statements. It becomes a tree of instructions and loops, then a flat list
of instructions with labels, and in the end bytes. Registers, labels and instructions are immutable:
a pass creates new ones.
"""

from dataclasses import dataclass, field, replace

from .xtensa import INSTRUCTIONS


@dataclass(frozen=True, eq=False)
class Register:
    """A virtual register: bank "a" (int32, addresses) or "f" (float32).

    `again`, if set, is the instruction (name, operands after the first) that computes the value
    again, so spilling it needs no room on the stack.
    """

    bank: str
    name: str = ""
    again: tuple = None

    def __repr__(self):
        return f"{self.bank}.{self.name}"


@dataclass(frozen=True, eq=False)
class Label:
    """A place in the code. With `cold`, the code that a branch to this label skips is seldom
    executed."""

    name: str = ""
    cold: bool = False

    def __repr__(self):
        return self.name


@dataclass(frozen=True, eq=False)
class Op:
    """An instruction, of Xtensa or for a later pass to expand. `args` are its operands in the order
    of its row: Registers, Labels, ints. An int is an immediate or the number of a physical
    register. `line` is the source line, or 0."""

    name: str
    args: tuple
    line: int = 0
    conditional: bool = False  # in a branch: not executed in every iteration

    def __post_init__(self):
        object.__setattr__(self, "args", tuple(self.args))

    def __repr__(self):
        return f"{self.name} {', '.join(map(str, self.args))}"

    @property
    def row(self):
        """The instruction's row in the table of xtensa.py."""
        return INSTRUCTIONS[self.name]

    def having(self, args):
        """Return a copy of the instruction with the operands `args`."""
        return replace(self, args=args)

    @property
    def label(self):
        """The label that this op places, or None."""
        return self.args[0] if self.name == "label" else None

    @property
    def target(self):
        """The label that this op may jump to, or None. For `loopgtz` it is the label of the loop's
        end."""
        return self.args[-1] if self.row.jumps else None

    @property
    def past_cold(self):
        """The label of this branch if it jumps over cold code, else None."""
        return self.target if self.row.opposite and self.target.cold else None

    @property
    def uses(self):
        """The list of the Registers that the instruction reads. Physical registers, which are
        numbers, are left out."""
        return [arg for arg, operand in self._registers() if operand.reads]

    @property
    def defs(self):
        """The list of the Registers that the instruction writes. Physical registers, which are
        numbers, are left out."""
        return [arg for arg, operand in self._registers() if operand.writes]

    def _registers(self):
        pairs = zip(self.args, self.row.operands, strict=True)
        return [(arg, operand) for arg, operand in pairs if isinstance(arg, Register)]


@dataclass(eq=False)
class Loop:
    """A loop in the tree: `items`, which are Ops and Loops, run `count` times (a register), or
    until they jump to `exit`. Either `count` or `exit` is None."""

    items: list
    count: Register = None
    exit: Label = None
    line: int = 0
    inductions: dict = field(default_factory=dict)  # register: its step, a polynomial
    trips: object = None  # a polynomial: how often, if that is known not to be negative

    @property
    def innermost(self):
        """True if there is no loop within this one."""
        return not any(isinstance(item, Loop) for item in self.items)


@dataclass(frozen=True)
class Tree:
    """A kernel as instructions and loops. `door` and `body` are lists of Ops and Loops: `door`
    checks the arguments, `body` does the rest.

    `refusals` maps (reason, position of the argument) to the label to jump to if the argument is
    wrong, and a return jumps to `epilogue`. `tables` is {Label: list of ints}: constants of 32 bits
    that `assemble` puts into the code."""

    door: list
    body: list
    refusals: dict
    epilogue: Label
    tables: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Region:
    """A loop in flat code: `start` is the label before its body, `end` the label behind it, and
    `loop` its Loop in the tree."""

    start: Label
    end: Label
    loop: Loop

    @property
    def innermost(self):
        """True if there is no loop within the region's loop."""
        return self.loop.innermost


@dataclass(frozen=True)
class Program:
    """A kernel between two passes. A pass returns a new Program and does not change this one. Its
    form is the last of `statements`, `tree`, `ops` and `code` that is set; earlier forms stay as
    they were."""

    kernel: object  # frontend.Kernel, as it was written
    module: object  # frontend.Module, for constants and the kernels that it calls
    number: int  # of the kernel in its module
    places: dict  # mpy.Module.places
    statements: list  # Python, until `lower`
    tree: Tree = None
    ops: list = None  # flat, from `flatten` on
    regions: list = ()  # the loops in them, inner ones first
    in_software: frozenset = frozenset()  # loops too long for the loop option
    registers: dict = None  # the place of each, from `allocate` on
    stack: int = 0  # the end of the used part of the stack
    code: object = None  # assemble.Code
