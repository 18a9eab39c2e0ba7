"""Makes any file of names into one that the board can read: decode, split, normalise, choose the
letters, write, report. A module each, in this order; `prepare` joins them.

The lines that a list keeps are decided by the library's code, as a board decides alone.
"""
