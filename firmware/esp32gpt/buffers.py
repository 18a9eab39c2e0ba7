"""Flat buffers and the named views into them."""

from array import array

from .compat import const

# So many elements one call of a kernel changes at most: Adam takes 60 ms for them in PSRAM.
PIECE = const(32768)


def zeros(n, typecode="f"):
    """Return a new array of n zeros, n > 0, of this typecode of `array`.

    No second buffer of this size is allocated meanwhile, because the chip would have no room for
    it. Raises MemoryError if no free piece of the heap is large enough.
    """
    try:
        buffer = array(typecode, range(n))
    except MemoryError:
        raise MemoryError(
            f"no {4 * n} bytes are free in one piece: choose a smaller n_embd, n_layer or "
            "block_size, or fewer letters; a soft reset (Ctrl-D) frees what the REPL holds"
        )
    buffer[0] = 0
    view = memoryview(buffer)
    done = 1
    while done < n:  # copies double what is done, which is faster than a loop over all
        more = min(done, n - done)
        view[done : done + more] = view[:more]
        done += more
    return buffer


def views(table, buffer):
    """Return {name: memoryview of its rows × cols elements} for one flat buffer with the layout of
    `table`, a list of (name, rows, cols)."""
    whole = memoryview(buffer)
    named = {}
    offset = 0
    for name, rows, cols in table:
        named[name] = whole[offset : offset + rows * cols]
        offset += rows * cols
    return named


def allocate(table, typecode="f"):
    """Return {name: array of rows × cols zeros}, with a separate array for each (name, rows, cols)
    of `table`. Raises MemoryError.

    The chip's free heap is in pieces, so many small arrays fit where one large array does not.
    """
    return {name: zeros(rows * cols, typecode) for name, rows, cols in table}
