"""Translate kernels from the compiler's subset of Python to JavaScript, for a page that runs the
library under MicroPython's WebAssembly port.

JavaScript's numbers are doubles, and Float32Array rounds stored values to float32. So these kernels
give the same results as the reference engine under CPython. They work on the interpreter's memory;
an engine in Python (`wrapper`) passes them the places of the buffers in it.
"""

import ast
import json

from tools.kernelc.arrays import declaration
from tools.kernelc.frontend import parse
from tools.kernelc.subset import BITS, BUFFERS, FUNCTIONS

BINARY = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"},
    **{ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>"},
}
COMPARE = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="},
    **{ast.Eq: "===", ast.NotEq: "!=="},
}
UNARY = {ast.USub: "-", ast.UAdd: "+", ast.Not: "!", ast.Invert: "~"}
CONVERSIONS = {"float": "", "int": "Math.trunc"}  # the other functions have Math's names
ARRAYS = {"floats": "Float32Array", "ints": "Int32Array"}
VIEWS = {"floats": "F32", "ints": "I32", "uint16s": "U16", "uint8s": "U8"}

PROLOGUE = """\
// Made from %s. `bind` says in which memory buffers are.
let memory, F32 = new Float32Array(0), I32, U16, U8;
export function bind(wasmMemory) { memory = wasmMemory; view(); }
function view() {
  F32 = new Float32Array(memory.buffer);
  I32 = new Int32Array(memory.buffer);
  U16 = new Uint16Array(memory.buffer);
  U8 = new Uint8Array(memory.buffer);
}
const bits = new Int32Array(1), float = new Float32Array(bits.buffer);
function to_bits(x) { float[0] = x; return bits[0]; }
function from_bits(i) { bits[0] = i; return float[0]; }
function modulo(a, b) { return a - b * Math.floor(a / b); }
"""
# When the memory grows, the old views of it become empty.
RENEW = "  if (F32.length === 0) view();"

WRAPPER = '''\
"""The web engine: kernels in JavaScript, which are told where in memory a buffer begins."""

from uctypes import addressof

import web_kernels as js

# JavaScript takes no interrupt, so what it does is done as a whole.
ATOMIC = True


def reserve(config):
    """Nothing: these kernels need no workspace."""
'''


def kernels(source, path):
    """Return the text of a JavaScript module (ESM) with all kernels of the Python text `source`, as
    functions that take a buffer as the index of its first element in memory, and with `bind`, which
    sets the memory. `path` is the Path of the source's file, for messages. Raises CompileError,
    with the line, for a construct outside the subset."""
    module = parse(source, path)
    parts = [PROLOGUE % path.name]
    parts += [f"const {name} = {json.dumps(value)};" for name, value in module.constants.items()]
    for name, table in module.tables.items():
        parts.append(
            f"const {name} = {ARRAYS[table.kind]}.of({', '.join(map(repr, table.values))});"
        )
    parts += [_Translator(kernel, module).function() for kernel in module.kernels.values()]
    return "\n".join(parts) + "\n"


def wrapper(source, path):
    """Return the text of the engine, a Python module. It has a function for each kernel in the
    Python text `source`, which calls the JavaScript module `web_kernels`. Raises CompileError as
    `kernels` does."""
    parts = [WRAPPER]
    for kernel in parse(source, path).kernels.values():
        names = ", ".join(name for name, _ in kernel.params)
        values = ", ".join(
            f"addressof({n}) >> {BUFFERS[k].shift}" if k in VIEWS else n for n, k in kernel.params
        )
        parts.append(f"\n\ndef {kernel.name}({names}):\n    return js.{kernel.name}({values})\n")
    return "".join(parts)


class _Translator:
    """Translates the statements and expressions of one kernel to JavaScript."""

    def __init__(self, kernel, module):
        self.kernel = kernel
        self.constants = module.constants
        self.whole = {*kernel.arrays, *module.tables}  # arrays that are not in the memory
        self.views = {name: VIEWS[kind] for name, kind in kernel.params if kind in VIEWS}
        self.loops = 0

    def function(self):
        """Return the kernel as the text `export function name(…) {…}`. A buffer is passed as the
        index of its first element."""
        names = [name for name, _ in self.kernel.params]
        stored = {
            node.id
            for statement in self.kernel.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        lines = [f"export function {self.kernel.name}({', '.join(names)}) {{", RENEW]
        if local := sorted(stored - set(names)):
            lines.append(f"  let {', '.join(f'{name} = 0' for name in local)};")
        for statement in self.kernel.body:
            lines += self.statement(statement, "  ")
        return "\n".join([*lines, "}"])

    def statement(self, node, indent):
        """Translate a statement, an ast node; return the lines of JavaScript as a list. Each begins
        with the text `indent`. Raises CompileError for a statement that has no translation here."""
        if array := declaration(self.kernel, node, self.constants):
            made = f"new {ARRAYS[array.kind]}({array.length}).fill({array.value!r})"
            return [f"{indent}{node.targets[0].id} = {made};"]
        match node:
            case ast.Assign(targets=[target], value=value):
                return [f"{indent}{self.expression(target)} = {self.expression(value)};"]
            case ast.AugAssign(target=target, value=value):
                read = ast.BinOp(left=target, op=node.op, right=value)
                ast.copy_location(read, node)
                return [f"{indent}{self.expression(target)} = {self.expression(read)};"]
            case ast.For():
                return self.loop(node, indent)
            case ast.While(test=test, body=body):
                return [f"{indent}while ({self.expression(test)}) {{", *self.block(body, indent)]
            case ast.If(test=test, body=body, orelse=orelse):
                lines = [f"{indent}if ({self.expression(test)}) {{", *self.block(body, indent)]
                if orelse:
                    lines += [f"{indent}else {{", *self.block(orelse, indent)]
                return lines
            case ast.Return(value=value):
                return [f"{indent}return{' ' + self.expression(value) if value else ''};"]
            case ast.Expr(value=value):
                return [f"{indent}{self.expression(value)};"]
            case ast.Break() | ast.Continue():
                return [f"{indent}{type(node).__name__.lower()};"]
            case ast.Pass():
                return []
        return self.kernel.refuse(node, "the page's engine does not know this statement")

    def block(self, body, indent):
        return [line for s in body for line in self.statement(s, indent + "  ")] + [indent + "}"]

    def loop(self, node, indent):
        """Return a loop in JavaScript, as a list of lines. As in Python, the counter is separate
        from the variable, and the end is computed once."""
        self.loops += 1
        i, end = f"i{self.loops}$", f"n{self.loops}$"
        arguments = list(node.iter.args)
        if len(arguments) == 1:
            arguments.insert(0, ast.Constant(0))
        step = self.step(arguments[2]) if len(arguments) == 3 else 1
        first, stop = map(self.expression, arguments[:2])
        until = f"{i} {'<' if step > 0 else '>'} {end}"
        return [
            f"{indent}for (let {i} = {first}, {end} = {stop}; {until}; {i} += {step}) {{",
            f"{indent}  {node.target.id} = {i};",
            *self.block(node.body, indent),
        ]

    def step(self, node):
        """Return the step of a range, an int; its sign decides how the loop ends. Raises
        CompileError if it is not a number."""
        try:
            return int(ast.literal_eval(node))
        except ValueError:
            return self.kernel.refuse(node, "the page's engine needs a number as the step of range")

    def expression(self, node):
        """Return an expression in JavaScript, as text, in parentheses if it has parts. Raises
        CompileError for one that the page does not know."""
        e = self.expression
        match node:
            case ast.Constant(value=bool(value)):
                return str(int(value))
            case ast.Constant(value=value):
                return repr(value)
            case ast.Name(id=name):
                return name
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self.views:
                return f"{self.views[name]}[{name} + {e(index)}]"
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self.whole:
                return f"{name}[{e(index)}]"
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({e(left)} / {e(right)})"
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return f"modulo({e(left)}, {e(right)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return f"({e(left)} {BINARY[type(op)]} {e(right)})"
            case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
                return f"({UNARY[type(op)]}{e(operand)})"
            case ast.Compare(left=left, ops=ops, comparators=rights):
                operands = [left, *rights]
                pairs = zip(operands, ops, rights, strict=False)
                parts = [f"({e(a)} {COMPARE[type(op)]} {e(b)})" for a, op, b in pairs]
                return f"({' && '.join(parts)})"
            case ast.BoolOp(op=op, values=values):
                return f"({(' && ' if isinstance(op, ast.And) else ' || ').join(map(e, values))})"
            case ast.Call(func=ast.Name(id=name), args=arguments):
                if any(isinstance(arg, ast.Name) and arg.id in self.whole for arg in arguments):
                    return self.kernel.refuse(node, "the page's engine cannot pass this array")
                if name in CONVERSIONS:
                    name = CONVERSIONS[name]
                elif name in FUNCTIONS and name not in BITS:
                    name = f"Math.{name}"
                return f"{name}({', '.join(map(e, arguments))})"
        return self.kernel.refuse(node, "the page's engine does not know this expression")
