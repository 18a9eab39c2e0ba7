"""The report on invented names."""

from esp32gpt import inventions
from esp32gpt.inventions import JUDGED


def test_quality_counts_new_repeated_and_ended_names():
    half = JUDGED // 2
    known = ["anna"] * half + ["otto"] * (JUDGED - half)
    new = ["n" + "o" * i for i in range(JUDGED)]  # all longer ones fill a context of 8
    mixed = ["anna", "", "bo", "bo"] * (JUDGED // 4)
    line = inventions.quality([known, new, mixed], {"anna", "otto"}, 8)
    assert line.startswith("at temperature 0.5 / 0.8 / 1.1: ")
    repeated = 100 * (JUDGED - 2) // JUDGED, 100 * (JUDGED - 3) // JUDGED
    assert f"new 0 / 100 / {100 // 2} %" in line
    assert f"repeated {repeated[0]} / 0 / {repeated[1]} %" in line
    assert f"ended 100 / {100 * 7 // JUDGED} / 100 %" in line
