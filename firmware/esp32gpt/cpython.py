"""The functions of compat.py under CPython, which has others than MicroPython."""

import time


def const(value):
    """Return the value. MicroPython puts it wherever the name stands, and, because of the
    underscore in `_NAME = const(value)`, keeps neither the name nor a global for it."""
    return value


def ticks_us():
    """Return the time in microseconds, from an arbitrary start."""
    return time.perf_counter_ns() // 1000


def ticks_diff(later, earlier):
    """Return the microseconds between two values of ticks_us."""
    return later - earlier


def free_bytes():
    """Return the free bytes of the heap. CPython's heap grows, so this is a large number."""
    return 1 << 40


def collect():
    """Do nothing: CPython decides by itself when to collect garbage."""


def collect_every(n):
    """Do nothing, as `collect`."""
