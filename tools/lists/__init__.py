"""Prepare any file of names for a board: decode, split, normalise, choose the letters, write,
report. Each step is a module; `prepare` calls them in this order.

The library's code decides which lines are names, so a board without a host decides in the same way.
"""
