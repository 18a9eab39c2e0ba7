"""Replace calls between kernels by the statements of the callee.

A real call would cost an entry with its checks, and registers. Kernels are short, and without
calls, constants and loop-invariant values can move further. A callee may return a value only in its
last statement.
"""

import ast
import copy
from dataclasses import replace

from .desugar import Replace, desugared
from .subset import BUFFERS, FUNCTIONS


def inline(program):
    """Replace calls of the file's other kernels by their statements.

    Return the new Program, with other `statements`. Raises CompileError for a call that cannot be
    replaced, such as a recursion."""
    kernel = program.kernel
    body = copy.deepcopy(program.statements)
    body = _Inliner(kernel, program.module).block(body, {}, (kernel.name,))
    return replace(program, statements=body)


class _Inliner:
    def __init__(self, kernel, module):
        self.kernel = kernel
        self.kernels = module.kernels
        self.constants = module.constants
        self.calls = 0

    def block(self, statements, names, stack):
        result = []
        for statement in statements:
            result += self.statement(statement, names, stack)
        return result

    def statement(self, node, names, stack):
        before = []
        if isinstance(node, (ast.For, ast.If, ast.While)):
            body = self.block(node.body, names, stack)
            orelse = self.block(node.orelse, names, stack)
            node.body = node.orelse = []
            whole = _Renamer(names).visit(node)
            whole.body, whole.orelse = body, orelse
            if isinstance(node, ast.For):
                node.iter = self.expression(node.iter, before, stack)
            else:
                node.test = self.expression(node.test, before, stack)
            if before and isinstance(node, ast.While):
                self.kernel.refuse(node, "call kernels in the loop's body, not in its condition")
            return [*before, whole]
        node = _Renamer(names).visit(node)
        if isinstance(node, ast.Expr) and self._callee(node.value):
            self._call(node.value, before, stack)
            return before
        node = self.expression(node, before, stack)
        return [*before, node]

    def expression(self, node, before, stack):
        inliner = self

        class Calls(ast.NodeTransformer):
            def visit_Call(self, call):
                self.generic_visit(call)
                if not inliner._callee(call):
                    return call
                value = inliner._call(call, before, stack)
                if value is None:
                    inliner.kernel.refuse(call, f"{call.func.id} returns nothing")
                return value

        return Calls().visit(node)

    def _callee(self, node):
        if not isinstance(node, ast.Call) or node.func.id in FUNCTIONS:
            return None
        return self.kernels.get(node.func.id)

    def _call(self, call, before, stack):
        """Append the callee's statements to `before`; return its value as an expression, or
        None."""
        callee = self.kernels[call.func.id]
        if callee.name in stack:
            self.kernel.refuse(call, f"{callee.name} calls itself: write a loop")
        if callee.arrays:
            what = "others call it, so it cannot create an array: pass it a buffer"
            callee.refuse(callee.node, f"{callee.name}: {what}")
        if len(call.args) != len(callee.params):
            message = f"{callee.name} takes {len(callee.params)} arguments, not {len(call.args)}"
            self.kernel.refuse(call, message)
        self.calls += 1
        names = {}
        body = desugared(callee, self.constants)
        for child in ast.walk(ast.Module(body, [])):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                names[child.id] = f"{child.id}@{callee.name}{self.calls}"
        # The caller may have variables with the names of constants.
        taken = names.keys() | {param for param, _ in callee.params}
        constants = {
            name: ast.Constant(value)
            for name, value in self.constants.items()
            if name not in taken and isinstance(value, (int, float))
        }
        body = [Replace(constants).visit(statement) for statement in body]
        for (param, kind), arg in zip(callee.params, call.args, strict=True):
            if kind in BUFFERS:
                if not isinstance(arg, ast.Name):
                    self.kernel.refuse(arg, f"pass a buffer by its name for {param}")
                names[param] = arg.id
                continue
            names[param] = f"{param}@{callee.name}{self.calls}"
            if kind == "float":
                arg = ast.Call(ast.Name("float", ast.Load()), [arg], [])
            target = ast.Name(names[param], ast.Store())
            before.append(ast.fix_missing_locations(_at(call, ast.Assign([target], arg))))
        value = None
        if isinstance(body[-1], ast.Return):
            value = body.pop().value
        for statement in body:
            for child in ast.walk(statement):
                if isinstance(child, ast.Return):
                    callee.refuse(child, "a kernel that others call returns at its end only")
        before += self.block(body, names, (*stack, callee.name))
        if value is None:
            return None
        return self.expression(_Renamer(names).visit(value), before, (*stack, callee.name))


def _at(where, node):
    return ast.copy_location(node, where)


class _Renamer(ast.NodeTransformer):
    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node
