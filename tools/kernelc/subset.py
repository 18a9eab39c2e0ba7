"""The names of the subset, and what to write in place of what is not in it."""

import ast

KINDS = ("floats", "ints", "int", "float")
BUFFERS = ("floats", "ints")
MATH = ("exp", "log", "sqrt")  # from the module of that name
BITS = ("to_bits", "from_bits")  # from a module floatbits
# How many arguments each function takes.
FUNCTIONS = dict.fromkeys((*MATH, *BITS, "abs", "float", "int"), 1) | {"max": 2, "min": 2}

# What is not in the subset, and what to write instead.
INSTEAD = {
    ast.List: "a list: pass a buffer as a parameter and fill it",
    ast.ListComp: "a comprehension: write a for loop that stores into a buffer",
    ast.Tuple: "a tuple: assign each name in a statement of its own",
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
    ast.Break: "break: put the condition into a while loop",
    ast.Continue: "continue: put the rest of the body under an if",
    ast.Global: "global: pass a buffer as a parameter",
    ast.Nonlocal: "nonlocal: pass a buffer as a parameter",
    ast.AnnAssign: "an annotated variable: leave the annotation out, its value says the type",
    ast.Delete: "del: leave the name as it is",
    ast.Import: "an import in a function: import at the top, from math only",
    ast.ImportFrom: "an import in a function: import at the top, from math only",
    ast.IfExp: "a conditional expression: write an if statement",
    ast.JoinedStr: "a string: kernels compute numbers",
    ast.Yield: "yield: store into a buffer",
    ast.YieldFrom: "yield: store into a buffer",
    ast.NamedExpr: "`:=`: assign in a statement of its own",
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
# These stand where a number or a test may stand: who meets them there decides.
IN_PLACE = (ast.Compare, ast.BoolOp)

# Operators that ints or floats do not have.
OPERATORS = {
    ast.Pow: "**: write x * x, or exp(y * log(x))",
    ast.MatMult: "@: write the loops",
    ast.LShift: "<<: multiply by a power of 2",
    ast.RShift: ">>: divide by a power of 2, with //",
    ast.BitAnd: "&: take the rest of a power of 2, with %",
    ast.BitOr: "|: add, where no bit is in both",
    ast.BitXor: "^: take + - * // %",
    ast.FloorDiv: "// of floats: int(a / b) leaves the fraction out",
    ast.Mod: "% of floats: write a - b * int(a / b)",
}
