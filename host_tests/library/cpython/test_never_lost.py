"""Nothing is lost: power cuts in the middle of a save, flipped bits, settings of any kind.

ESP32GPT_FULL=1 runs the full-size versions.
"""

import json
import os
import random
import subprocess
from array import array

import pytest
from esp32gpt import checkpoint, recovery, settings, tables
from esp32gpt.config import Config
from esp32gpt.defaults import MODEL, SESSION, SettingsError

from host_tests.support.places import SUPPORT
from tools.host.paths import FIRMWARE

TABLE = {**MODEL, **SESSION}
FULL = bool(os.environ.get("ESP32GPT_FULL"))


@pytest.mark.parametrize("options", [["before"], []], ids=["a later save", "the first save"])
def test_a_power_cut_at_any_write_leaves_a_whole_checkpoint(micropython, options):
    """Of 100 % of the cuts, on littlefs; the script itself checks each of them."""
    done = subprocess.run(
        [
            micropython,
            "-X",
            "heapsize=64M",
            SUPPORT / "powercut.py",
            "1" if FULL else "7",
            *options,
        ],
        env={"MICROPYPATH": str(FIRMWARE)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    # Above it may stand what MicroPython says of files that it closes without power.
    tries, old, new, none = map(int, done.stdout.splitlines()[-1].split())
    assert tries > (800 if FULL else 100)
    assert old + new == tries if options else new + none == tries


def default_checkpoint(path):
    """Write a checkpoint of the default shape with random numbers; return its bytes."""
    config = Config()
    of_config = checkpoint.SHAPE + checkpoint.TRAINING
    names = checkpoint.INTS + checkpoint.FLOATS
    values = {name: 1 for name in names if name not in of_config} | {"moment_bits": 32}
    header = checkpoint.Header(config, "abcdefghijklmnopqrstuvwxyz", values)
    rng = random.Random(1)
    arrays = [array("f", rng.randbytes(4 * n)) for n in recovery.lengths(header)]
    checkpoint.save(str(path), header, arrays)
    return path.read_bytes()


def test_every_single_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "flipped.ckpt"
    whole = default_checkpoint(path)
    assert recovery.inspect(str(path)).n_losses == 1
    bits = 8 * len(whole)
    head = 8 * 200
    chosen = range(bits) if FULL else [*range(head), *random.Random(2).sample(range(bits), 2000)]
    with open(path, "r+b", buffering=0) as file:
        for bit in chosen:
            at = bit // 8
            file.seek(at)
            file.write(bytes([whole[at] ^ 1 << bit % 8]))
            with pytest.raises(checkpoint.CheckpointError):
                recovery.inspect(str(path))
            file.seek(at)
            file.write(whole[at : at + 1])
    assert path.read_bytes() == whole


def any_value(rng, depth=0):
    """Return a random JSON value of any kind."""
    kind = rng.randrange(9 if depth < 3 else 7)
    if kind < 2:
        return rng.choice([0, 1, -1, 2, 3, 4, 8, 16, 27, 1000, 1 << 31, 10**20, -(10**30)])
    if kind < 4:
        return rng.choice([0.0, 0.5, 0.01, 1e-9, 1e38, 1e300, -0.1, float("inf"), float("nan")])
    if kind == 4:
        return "".join(
            chr(rng.choice([0, 10, 65, 97, 955, 0x1F600])) for _ in range(rng.randrange(9))
        )
    if kind < 7:
        return rng.choice([True, False, None])
    inside = [any_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return inside if kind == 7 else {str(i): value for i, value in enumerate(inside)}


def any_settings(rng):
    """Return the bytes of a random settings file: JSON with known and unknown names, cut JSON, or
    no JSON."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(200))
    names = [*TABLE, "n_embed", "", "lr"]
    values = {}
    for _ in range(rng.randrange(5)):
        name = rng.choice(names)
        default = TABLE.get(name, (None,))[0]
        values[name] = default if rng.random() < 0.4 else any_value(rng)
    data = json.dumps(values).encode()
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.2 else data


def test_random_settings_are_refused_in_one_sentence_or_make_a_model(tmp_path):
    rng = random.Random(3)
    path = tmp_path / "esp32gpt.json"
    taken = 0
    for _ in range(10_000 if FULL else 500):
        path.write_bytes(any_settings(rng))
        try:
            values, _ = settings.read({}, str(path))
        except SettingsError as error:
            assert len(str(error).splitlines()) == 1 and len(str(error)) < 600
            continue
        taken += 1
        for name, (_, *limits) in TABLE.items():
            assert not limits or limits[0] <= values[name] <= limits[1]
        try:
            config = settings.new({}, str(path))[1]
        except ValueError as error:
            said = str(error)
            assert "n_head must divide n_embd" in said or "moment_bits must be 16 or 32" in said
        else:
            assert tables.model_bytes(config) > 0
    assert taken > 50
