"""Convert models: a checkpoint (.ckpt, from a board or a host) to NumPy's .npz or back, or a
recording of microgpt.py (.json) to either.

    esp32gpt convert esp32gpt.ckpt model.npz
    esp32gpt convert model.npz esp32gpt.ckpt
    esp32gpt convert trace.json esp32gpt.ckpt [--initial]

An .npz holds each weight under its name, as a matrix (outputs, inputs), and Adam's moments as
m.NAME and v.NAME. It also holds the alphabet, the last losses and each number of the checkpoint's
header. A recording has no moments: they become zero, as at the start of a run.
`mpremote cp esp32gpt.ckpt :` copies a checkpoint to a board, and `mpremote cp :esp32gpt.ckpt .`
copies it back.
"""

import argparse
import json
import zipfile
from pathlib import Path

import numpy as np
from esp32gpt import checkpoint, recovery, tables
from esp32gpt.config import Config
from esp32gpt.rng import Rng
from esp32gpt.tokenizer import LATIN
from esp32gpt.trainer import WINDOW

from tools.host.errors import ToolError
from tools.host.recording import from_trace, shape_of

SEED = 42


def read_checkpoint(path):
    """Return (Header, [params, m, v, losses]) of a checkpoint. The arrays are flat numpy arrays of
    float32, also if the file holds moments of 16 bits. Raises ToolError if the file is missing or
    damaged."""
    try:
        header = recovery.inspect(str(path))
    except checkpoint.CheckpointError as error:
        raise ToolError(f"{error}.") from error
    arrays = [np.zeros(length, np.float32) for length in recovery.lengths(header)]
    recovery.restore(str(path), header, arrays)
    if header.config.moment_bits == 16:
        arrays[1:2] = halves(arrays[1].view(np.int32))
    return header, arrays


def halves(moments):
    """Return [m, v], flat float32 arrays, of `moments`, an int32 array in the form of adam_step_16:
    m in the upper 16 bits of each element, v in the lower."""
    return [(moments & ~0xFFFF).view(np.float32), ((moments & 0xFFFF) << 15).view(np.float32)]


def write_checkpoint(path, header, arrays):
    """Write a model as a checkpoint; `header` and `arrays` are those of `read_checkpoint`. With 16
    moment_bits in the header, m and v are rounded to 16 bits. An earlier file is kept with the
    suffix .old. Raises ToolError if the file cannot be written."""
    if header.config.moment_bits == 16:
        params, m, v, losses = arrays
        # To the nearest, where they have more bits.
        m, v = m.view(np.int32) + 0x8000, v.view(np.int32) + 0x4000
        arrays = [params, m & ~0xFFFF | v >> 15, losses]
    try:
        checkpoint.save(str(path), header, arrays)
    except checkpoint.CheckpointError as error:
        raise ToolError(f"{error}.") from error


def read_npz(path):
    """Read a file of `write_npz`; return the same as `read_checkpoint`. Raises ToolError if the
    file cannot be read or holds no whole model."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: np.array(value) for name, value in recovery.SINCE.items()}
            found |= dict(file)
        names = checkpoint.INTS + checkpoint.FLOATS
        values = {name: found[name].item() for name in names}
        alphabet = str(found["alphabet"])
        config = recovery.config_of(values)
        table = tables.parameters(config)
        flats = [
            [matrix(found, p + name, shape) for name, *shape in table] for p in ("", "m.", "v.")
        ]
        arrays = [np.concatenate([part.ravel() for part in flat]) for flat in flats]
        arrays.append(matrix(found, "losses", [values["n_losses"]]))
        header = checkpoint.Header(config, alphabet, values)
        if config.vocab_size != len(alphabet) + 1:
            raise ValueError(f"{config.vocab_size} tokens and {len(alphabet)} letters")
        header.pack(0)
    except OSError as error:
        raise ToolError(f"Cannot read {path} ({error.strerror or error}): name a file.") from error
    except KeyError as error:
        raise ToolError(
            f"{path} lacks {error}: export a checkpoint to see what is needed."
        ) from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, checkpoint.struct.error) as error:
        raise ToolError(
            f"{path} holds no model ({error}): export one from a checkpoint."
        ) from error
    return header, arrays


def matrix(found, name, shape):
    """Return found[name], one of the arrays of an .npz file, as float32. Raises ValueError if its
    shape is not `shape` or it holds numbers that are not finite, and KeyError if it is missing."""
    values = np.asarray(found[name], np.float32)
    if list(values.shape) != list(shape):
        raise ValueError(f"{name} is {values.shape}, not {tuple(shape)}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has numbers that are not finite")
    return values


def write_npz(path, header, arrays):
    """Write a model to `path` as .npz, over an earlier file; NumPy adds .npz to a name without it.
    `header` and `arrays` are those of `read_checkpoint`. The contents are described at the top of
    this module. Raises ToolError if the file cannot be written."""
    found = {name: getattr(header, name) for name in checkpoint.INTS + checkpoint.FLOATS}
    found["alphabet"] = header.alphabet
    found["losses"] = arrays[3]
    for prefix, flat in zip(("", "m.", "v."), arrays, strict=False):
        first = 0
        for name, rows, cols in tables.parameters(header.config):
            found[prefix + name] = flat[first : first + rows * cols].reshape(rows, cols)
            first += rows * cols
    try:
        np.savez(path, **found)
    except OSError as error:
        raise ToolError(f"Cannot write {path} ({error.strerror}): choose another place.") from error


def read_trace(path, initial=False):
    """Return the final model of a recording of microgpt.py in the form of `read_checkpoint`; with
    `initial`, the model of step 0. The moments are zeros. Raises ToolError if the file cannot be
    read or is no recording."""
    try:
        trace = json.loads(Path(path).read_text(encoding="utf-8"))
        config = Config(**shape_of(trace))
        losses = [] if initial else trace["losses"]
        params = np.array(from_trace(config, trace["init" if initial else "final"]), np.float32)
    except OSError as error:
        raise ToolError(f"Cannot read {path} ({error.strerror}): name a recording.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(f"{path} is not a recording of microgpt.py ({error!r}).") from error
    ring = np.zeros(WINDOW + 1, np.float32)
    for step, loss in enumerate(losses):
        ring[step % len(ring)] = loss
    rng = Rng(SEED)
    of_config = checkpoint.SHAPE + checkpoint.TRAINING
    names = checkpoint.INTS + checkpoint.FLOATS
    values = {name: 0 for name in names if name not in of_config}
    values |= {"step": len(losses), "n_losses": len(ring), "seed": SEED, "moment_bits": 32}
    values |= {"rng_high": rng.high, "rng_low": rng.low}
    header = checkpoint.Header(config, LATIN, values)
    return header, [params, np.zeros_like(params), np.zeros_like(params), ring]


READERS = {".ckpt": read_checkpoint, ".npz": read_npz, ".json": read_trace}
WRITERS = {".ckpt": write_checkpoint, ".npz": write_npz}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("dest", type=Path)
    parser.add_argument("--initial", action="store_true", help="a recording's weights of step 0")
    options = parser.parse_args()
    if options.source.suffix not in READERS or options.dest.suffix not in WRITERS:
        raise ToolError("Give a .ckpt, .npz or .json file, and a .ckpt or .npz file to write.")
    if options.initial and options.source.suffix != ".json":
        raise ToolError("--initial goes with a recording: leave it out.")
    arguments = [options.initial] if options.source.suffix == ".json" else []
    header, arrays = READERS[options.source.suffix](options.source, *arguments)
    WRITERS[options.dest.suffix](options.dest, header, arrays)
    print(f"{options.dest}: {arrays[0].size} parameters, step {header.step} of {header.steps}")
