"""A chip loses its power while it trains and saves. ESP32GPT_FULL=1 repeats this 50 times."""

import os
import random
import re
import time

from tools.host import emulator, ports
from tools.host.paths import DATA
from tools.staging import flashimage, stage

FULL = bool(os.environ.get("ESP32GPT_FULL"))


def listen(port, pattern, seconds):
    """Return the board's output until the pattern matches, or for `seconds`."""
    said = ""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, said) and time.monotonic() < deadline:
        said += port.read(max(1, port.in_waiting)).decode(errors="replace")
    return said


def test_a_chip_killed_at_random_moments_always_resumes(firmware, tmp_path):
    """Killing the emulator while it trains and saves leaves the flash half written."""
    settings_file = tmp_path / "settings.json"
    settings_file.write_text(
        '{"preset": "tiny", "autosave_steps": 20, "autosave_seconds": 0, "steps": 100000}'
    )
    stage.prepare_files(DATA / "names.txt", settings_file)
    flash = tmp_path / "flash.bin"
    flashimage.make_flash(firmware, flash)
    flashimage.update_files(
        firmware, flash, stage.stage(firmware.chip.architecture, firmware.chip.fpu)
    )
    rng = random.Random(4)
    saved = 0  # the step of the last save that the board has reported
    resumed = 0
    for _ in range(50 if FULL else 4):
        with (
            emulator.Emulator(firmware.chip, flash) as emulated,
            ports.open_port(emulated.port) as port,
        ):
            said = listen(port, r"training: step \d+ to \d+,|Traceback|>>> ", 300)
            begun = re.search(r"training: step (\d+) to 100000", said)
            assert begun and ("resumed" in said or not saved), said
            assert int(begun[1]) >= saved, said
            resumed += "resumed" in said
            said = listen(port, r"saved: step \d+ ", 60)
            said += listen(port, "no such thing", 3 * rng.random())
            emulated.process.kill()
        saved = max([saved, *map(int, re.findall(r"saved: step (\d+) ", said))])
    assert resumed > (40 if FULL else 1)
