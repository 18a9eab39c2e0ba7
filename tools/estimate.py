"""`esp32gpt estimate`: estimate how long a training step waits for an ESP32's PSRAM, and print one
line of JSON.

The options are those of `esp32gpt run`, with all settings, as in --n-embd 80 --moment-bits 16. One
step is trained on this machine, by the tiled kernels that `make kernel` compiles, with every buffer
in a model of the chip's PSRAM and its cache (tools/host/psram.py). lines_read and lines_written are
the transfers of 32 bytes, for a name of so many `predictions`; bytes_each is the bytes of all
transfers, divided by the number of parameters. psram_ms is their time, and longest_call_ms the
waiting time of the kernel call that waits longest. A chip needs this time in addition
to that of its instructions, which `make emulate ICOUNT=1` counts.
"""

import argparse
import contextlib
import json
import sys
import types

from esp32gpt.gpt import GPT
from esp32gpt.kernels import reference

from tools.host import engine
from tools.host.paths import FIRMWARE
from tools.host.psram import LINE, Psram
from tools.kernelc.frontend import parse
from tools.kernelc.tile import tiled_source
from tools.staging import stage

SOURCE = FIRMWARE / "esp32gpt" / "kernels" / "reference.py"


def engine_in(psram, waits):
    """Return an engine whose kernels do what the fpu engine's machine code does, access by access,
    with all buffers in the Psram. Each call adds its waiting time in seconds to the list `waits`.
    """
    module = parse(SOURCE.read_text(encoding="utf-8"), SOURCE)
    tiled = dict(vars(reference))
    exec(tiled_source(module), tiled)
    engine = types.ModuleType("psram")
    engine.__dict__.update(vars(reference))
    for name, kernel in module.kernels.items():
        setattr(engine, name, placed(psram, waits, tiled[name], kernel.params))
    return engine


def placed(psram, waits, function, params):
    """Return the kernel with its buffers in the Psram; a call adds its waiting time to `waits`.
    `params` are its parameters, as pairs (name, kind)."""

    def kernel(*arguments):
        pairs = zip(arguments, params, strict=True)
        began = psram.seconds
        result = function(*[a if kind == "int" else psram.place(a) for a, (_, kind) in pairs])
        waits.append(psram.seconds - began)
        return result

    return kernel


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stage.add_options(parser)
    options = parser.parse_args()
    psram, waits = Psram(), []
    engine.use("psram", engine_in(psram, waits))
    with stage.apart(options):
        with contextlib.redirect_stdout(sys.stderr):
            gpt = GPT(autosave_seconds=0)
        gpt.trainer.prepare()
        T = gpt.trainer.documents.peek(gpt.trainer.tokens)
        psram.reads = psram.writes = 0
        waits.clear()
        gpt.trainer.train_step()
        n = len(gpt.model.params)
        moved = (psram.reads + psram.writes) * LINE
        figures = {
            "parameters": n,
            "predictions": T,
            "lines_read": psram.reads,
            "lines_written": psram.writes,
            "bytes_each": round(moved / n, 1),
            "psram_ms": round(psram.seconds * 1000, 1),
            "longest_call_ms": round(max(waits) * 1000, 1),
        }
        print(json.dumps(figures))
