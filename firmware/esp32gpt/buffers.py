"""Flat buffers and the named views into them."""

from array import array


def zeros(n, typecode="f"):
    """A new array of n zeros."""
    return array(typecode, bytes(n * ITEM_BYTES[typecode]))


ITEM_BYTES = {"f": 4, "d": 8, "i": 4, "H": 2}


def views(table, buffer):
    """{name: memoryview of its rows × cols elements} over one flat buffer laid out by table."""
    whole = memoryview(buffer)
    named = {}
    offset = 0
    for name, rows, cols in table:
        named[name] = whole[offset : offset + rows * cols]
        offset += rows * cols
    return named


def allocate(table, typecode="f"):
    """{name: array of zeros} with a separate buffer for each tensor of table.

    Many small blocks fit where one large one does not: the chip's heap is in pieces.
    """
    return {name: zeros(rows * cols, typecode) for name, rows, cols in table}
