"""Flat buffers and the named views into them."""

from array import array


def zeros(n, typecode="f"):
    """A new array of n zeros, n > 0.

    Nothing else of its size is allocated on the way: on the chip there would be no room.
    Raises MemoryError if no piece of the heap is large enough.
    """
    try:
        buffer = array(typecode, range(n))
    except MemoryError:
        raise MemoryError(
            f"no {4 * n} bytes are free in one piece: choose a smaller n_embd, n_layer or "
            "block_size, or fewer letters; a soft reset (Ctrl-D) frees what the REPL holds"
        )
    for i in range(n):
        buffer[i] = 0
    return buffer


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
