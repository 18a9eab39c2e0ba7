"""`make bench`: measure the speed and the memory of each engine on a fixed piece of work, and print
one line of JSON per engine. With --port this runs on a board, real or emulated, with the library
that is deployed there; without, on this machine under MicroPython.

us_per_step is the time of a whole training step, in microseconds, with the names in memory, without
printing and without garbage collection: the mean over the first names of bench_names.txt, after
three steps of warm-up. us_forward (with the loss), us_backward and us_adam are its parts. us_data
is the time to read one name from the file. These times, and the time of sample_tokens_per_s, are
sums over short pieces; each piece is the best of four or eight passes. mem_peak is the heap in use,
in bytes, between the backward pass and the update, with everything that main.py creates. step_alloc
is the number of bytes that a step allocates, exec_bytes the size of the machine code in executable
memory, and first_step_s the time to build the model, which main.py does during its countdown, and
to train the first step. run_s is the time of gpt.train() for 1,000 steps from its call to its last
line, with every line and every measurement of the held-out loss, but without saving, which takes
save_s; first_name_s is the time from the end of the countdown to the first invented name, with all
of that. These three are null for the reference, which would take many minutes. A figure is null
where it cannot be measured.
"""

import argparse
import contextlib
import json

from tools.host import board
from tools.host.measure import STEPS, Board, Host, figures_of


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="the board's serial port; without it, this machine")
    parser.add_argument("--engine", help="only this one; by default all but the slow reference")
    parser.add_argument("--steps", type=int, default=STEPS, help="names to train on, 50 by default")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        machine = Host()
        if options.port:
            transport = stack.enter_context(board.session(options.port))
            board.identify(transport)
            machine = Board(transport)
        for figures in figures_of(machine, options.engine, options.steps):
            print(json.dumps(figures), flush=True)
