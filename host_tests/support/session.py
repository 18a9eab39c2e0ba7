"""The output of a board from its banner to its prompt, for tests of the monitor."""

BANNER = """\
esp32gpt: Generic ESP32 module with ESP32, MicroPython 1.24.0, 240 MHz
engine: fpu, free memory: 136 KB
training starts in 2 s (Ctrl-C: REPL)
"""
TRAINING = "training: step 0 to 1000, 26 letters\n"
SAMPLES = ["areli", "ja", "Ольга", "小明", "", "anna 2", "kaia"]
KNOWN = {"ja", "kaia"}
END = f"""\
saved: step 1000 to esp32gpt.ckpt
held-out: loss 2.4312 (272 names that training never saw)
{len(SAMPLES)} names it has invented:
{"".join(f"{i:2} {name}" + chr(10) for i, name in enumerate(SAMPLES, 1))}\
5 of 7 are new; known: ja, kaia
"""


def progress(first, last):
    """Return lines of progress, one every 100 steps; the line of step 100 has no held-out loss."""
    lines = ""
    for step in range(first, last + 1, 100):
        held = f" held:{3.1 - step / 2000:.4f}" if step > 100 else ""
        lines += f"step:{step} loss:2.7134 avg:{3.2 - step / 1000:.4f}{held} ms:2.1 eta:2\n"
    return lines


def said(*parts):
    """Return the parts as the bytes that arrive from the port."""
    return "".join(parts).replace("\n", "\r\n").encode()


WHOLE = said(BANNER, TRAINING, progress(100, 1000), END) + b">>> "
