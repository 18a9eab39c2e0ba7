"""The listing: the assembly beside the Python lines, with the costs of loops."""

from .latency import loops
from .xtensa import ENCODE_TARGET


def operands(op):
    """Return the operands of an assembled Op (from `Code.lines`) as text in the syntax of an
    assembler, such as "f4, a5, 4"."""
    texts = []
    for arg, operand in zip(op.args, op.row.operands, strict=True):
        if operand.kind in ENCODE_TARGET:
            texts.append(f"{arg:#x}")
        else:
            texts.append(f"{operand.bank}{arg}")
    return ", ".join(texts)


def listing(module, codes):
    """Return the listing of all kernels as text; `codes` is {kernel's name: Code}. Instructions are
    in the order of the code; whenever the source line changes, it is shown. An innermost loop
    begins with its cost, and `+n` marks an instruction that waits n cycles."""
    source = module.source.splitlines()
    total = sum(len(code.bytes) for code in codes.values())
    result = [f"{len(codes)} kernels, {total} bytes of machine code"]
    for name, code in codes.items():
        inner = loops(code)
        starts = {loop.lines[0][0]: loop for loop in inner}
        waits = {address: wait for loop in inner for address, wait in loop.waits.items()}
        result.append(f"\n{name}: {len(code.bytes)} bytes")
        result += [f"    {where(loop)}: {cost(loop)}" for loop in inner]
        line = None
        for address, data, op in code.lines:
            if op.line != line:
                line = op.line
                if line:
                    result.append(f"{line:5}  {source[line - 1].rstrip()}")
            if address in starts:
                result.append(f"        ----- {cost(starts[address])}")
            wait = f"+{waits[address]}" if address in waits else ""
            text = f"{op.name:9} {operands(op):22}{wait}".rstrip()
            result.append(f"        {address:5x}  {data[::-1].hex():6}  {text}")
    return "\n".join(result) + "\n"


def where(loop):
    """Return the address and the source lines, from the first to the last, of a `latency.Loop` as
    text, such as "loop at 0xf9, lines 15-17"."""
    lines = sorted({op.line for _, _, op in loop.lines})
    many = len(lines) > 1
    return f"loop at {loop.lines[0][0]:#x}, line{'s' * many} {lines[0]}{f'-{lines[-1]}' * many}"


def cost(loop):
    """Return the cost of one pass of a `latency.Loop` as text."""
    text = f"{len(loop.lines)} instructions + {loop.stalls} stalls = {loop.cycles} cycles a pass"
    return text + ", if none is jumped over" * loop.branches
