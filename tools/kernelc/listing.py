"""The assembly beside the Python lines."""

from .xtensa import Label


def operands(op):
    """An instruction's operands as an assembler writes them."""
    texts = []
    for arg, spec in zip(op.args, op.fields, strict=True):
        if isinstance(arg, Label):
            texts.append(f"{arg.address:#x}")
        elif spec[0] in "afb" and spec[1:2] in ("r", "s", "t"):
            texts.append(f"{spec[0]}{arg}")
        else:
            texts.append(str(arg))
    return ", ".join(texts)


def listing(module, codes):
    """The text of all kernels. Instructions stand in the order of the code; each change of the
    source line is shown by that line."""
    source = module.source.splitlines()
    result = []
    for name, code in codes.items():
        result.append(f"\n{name}: {len(code.bytes)} bytes")
        line = None
        for address, data, op in code.lines:
            if op.line != line:
                line = op.line
                if line:
                    result.append(f"{line:5}  {source[line - 1].rstrip()}")
            text = f"{op.name:9} {operands(op)}".rstrip()
            result.append(f"        {address:5x}  {data[::-1].hex():6}  {text}")
    total = sum(len(code.bytes) for code in codes.values())
    return f"{len(codes)} kernels, {total} bytes of machine code\n" + "\n".join(result) + "\n"
