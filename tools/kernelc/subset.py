"""The names in the subset, and the replacements for constructs outside it."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Elements:
    """The elements of a kind of buffer. `typecodes` are the allowed type codes, as ints; `load` and
    `store` name the instructions that load and store an element, with "" for constants; an element
    has 2 ** `shift` bytes, and `text` is the name of such a buffer for messages."""

    typecodes: tuple
    load: str
    store: str
    shift: int
    text: str
    sign_bit: int = 0  # the sign bit, for elements that are loaded without their sign
    as_bits: bool = False  # True for floats that are loaded as ints with their bits

    @property
    def natural(self):
        """True if an element is never negative."""
        return self.load in ("l16ui", "l8ui") and not self.sign_bit


def _array(code):
    return f"an array('{code}') or a memoryview of one"


BYTEARRAY = 1  # the type code that a bytearray has (py/binary.h)
BUFFERS = {
    "floats": Elements((ord("f"),), "lsi", "ssi", 2, _array("f")),
    "ints": Elements((ord("i"),), "l32i", "s32i", 2, _array("i")),
    "int16s": Elements((ord("h"),), "l16si", "s16i", 1, _array("h")),
    "uint16s": Elements((ord("H"),), "l16ui", "s16i", 1, _array("H")),
    "int8s": Elements((ord("b"),), "l8ui", "s8i", 0, _array("b"), 7),
    "uint8s": Elements((ord("B"), BYTEARRAY), "l8ui", "s8i", 0, "a bytearray or " + _array("B")),
}
# The elements of tables, which are in the code. The FPU's loads cannot read that memory.
TABLES = {
    "floats": Elements((), "l32i", "", 2, "", as_bits=True),
    "ints": Elements((), "l32i", "", 2, ""),
}
KINDS = (*BUFFERS, "int", "float")
MATH = ("exp", "log", "sqrt", "sin", "cos")  # from the module of that name
BITS = ("to_bits", "from_bits")  # from a module floatbits
# The number of arguments of each function.
FUNCTIONS = dict.fromkeys((*MATH, *BITS, "abs", "float", "int"), 1) | {"max": 2, "min": 2}

# Constructs outside the subset, and what to write instead.
INSTEAD = {
    ast.List: "a list: write x = [0.0] * 16, or pass a buffer as a parameter and fill it",
    ast.ListComp: "a comprehension: write a for loop that stores into a buffer",
    ast.Tuple: "a tuple: assign each name in a separate statement; a table stands at module level",
    ast.Dict: "a dict: pass a buffer as a parameter",
    ast.Set: "a set: pass a buffer as a parameter",
    ast.Starred: "a star: write each argument out",
    ast.Lambda: "a lambda: define a function with def",
    ast.FunctionDef: "a function in a function: define it at module level",
    ast.ClassDef: "a class: write functions",
    ast.Try: "try: test the condition with if",
    ast.With: "with: kernels own no resources; leave it out",
    ast.Match: "match: write if and else",
    ast.Raise: "raise: return an int that tells the caller",
    ast.Assert: "assert: return an int that tells the caller",
    ast.Global: "global: pass a buffer as a parameter",
    ast.Nonlocal: "nonlocal: pass a buffer as a parameter",
    ast.AnnAssign: "an annotated variable: leave the annotation out, its value says the type",
    ast.Delete: "del: leave the name as it is",
    ast.Import: "an import in a function: import at the top, from math only",
    ast.ImportFrom: "an import in a function: import at the top, from math only",
    ast.JoinedStr: "a string: kernels compute numbers",
    ast.Yield: "yield: store into a buffer",
    ast.YieldFrom: "yield: store into a buffer",
    ast.NamedExpr: "`:=`: assign in a separate statement",
    ast.Slice: "a slice: let the caller pass a memoryview slice",
    ast.Attribute: "an attribute: pass its value as a parameter",
    ast.Compare: "a comparison as a number: write an if statement",
    ast.BoolOp: "and, or as numbers: write an if statement",
}
INSTEAD[getattr(ast, "TryStar", ast.Try)] = INSTEAD[ast.Try]  # Python 3.11
INSTEAD |= dict.fromkeys((ast.SetComp, ast.DictComp, ast.GeneratorExp), INSTEAD[ast.ListComp])
INSTEAD |= dict.fromkeys(
    (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await),
    "async: a kernel runs to its end; write a plain function",
)
# These may be a number or a test: later code decides which.
IN_PLACE = (ast.Compare, ast.BoolOp)

# Operators that kernels have for neither ints nor floats, or for only one of them.
OPERATORS = {
    ast.Pow: "**: write x * x, or exp(y * log(x))",
    ast.MatMult: "@: write the loops",
    ast.LShift: "<< of floats: int() makes an int of a float",
    ast.RShift: ">> of floats: int() makes an int of a float",
    ast.BitAnd: "& of floats: int() makes an int of a float",
    ast.BitOr: "| of floats: int() makes an int of a float",
    ast.BitXor: "^ of floats: int() makes an int of a float",
    ast.FloorDiv: "// of floats: int(a / b) leaves the fraction out",
    ast.Mod: "% of floats: write r = a - b * int(a / b), and add b to r if r is below 0",
}

# Functions outside the subset, and what to do instead.
NO_FUNCTION = {
    "len": "pass the length as an int parameter",
    "round": "write int(x + 0.5), or int(x - 0.5) where x is below 0",
    "pow": "write x * x, or exp(y * log(x))",
    "sum": "write a for loop",
    "print": "return the number, and print it outside",
    "range": "it stands in `for name in range(…)` only",
    "divmod": "write a // b and a % b",
    "tan": "write sin(x) / cos(x)",
}


def leaves(statements, how):
    """Return True if one of these statements, or of the branches in them, is a jump of kind `how`,
    ast.Break or ast.Continue. Jumps in inner loops belong to those loops and do not count."""
    return any(
        isinstance(node, how)
        or isinstance(node, ast.If)
        and (leaves(node.body, how) or leaves(node.orelse, how))
        for node in statements
    )
