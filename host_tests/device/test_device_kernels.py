"""Compiled kernels on the chip: wrong arguments raise exceptions and change nothing, slices are
read at their offset, and the examples run."""

import re
import shutil

import pytest

from host_tests.support.chip import needs
from tools.host.paths import FIRMWARE
from tools.kernelc import gallery
from tools.kernelc.compiler import compile_file

EXAMPLES = FIRMWARE / "examples"


@pytest.fixture(autouse=True)
def fpu(engines):
    """Skip the tests on chips without an FPU."""
    needs("fpu", engines)


# The arguments are those of the self-test, but every buffer is a slice in the middle of a larger
# array. The other elements of that array must not change.
BUFFERS = """
from array import array
from esp32gpt import follow, kernels
fpu = kernels.load("fpu")
follow.with_adam_16(fpu)
selftest = kernels.load("selftest")
GUARD = {"f": 12345.0, "i": 54321, "H": 54321, "B": 123}
EDGE = 5

def guarded(values, typecode):
    edge = array(typecode, [GUARD[typecode]] * EDGE)
    whole = array(typecode, edge)
    whole.extend(array(typecode, values))
    whole.extend(edge)
    return whole

def calls():
    for name, sizes, arguments in selftest.cases():
        values = [selftest.inputs(size) for size in sizes] + list(arguments)
        typecodes = [None if isinstance(v, int) else TYPECODES.get(name + str(i), "f")
                     for i, v in enumerate(values)]
        wholes = [t and guarded(v, t) for v, t in zip(values, typecodes)]
        good = [v if w is None else memoryview(w)[EDGE:len(w) - EDGE]
                for v, w in zip(values, wholes)]
        yield name, good, wholes, typecodes, len(sizes) or 1

# The buffers without floats.
TYPECODES = {"encode_letters0": "i", "encode_letters1": "B", "encode_letters2": "H",
             "embed_forward2": "i", "embed_backward5": "i", "cross_entropy2": "i",
             "adam_step_162": "i"}

def intact(wholes, typecodes):
    for whole, t in zip(wholes, typecodes):
        if t:
            for i in range(EDGE):
                if whole[i] != GUARD[t] or whole[-1 - i] != GUARD[t]:
                    return False
    return True
"""

WRONG = """
NUMBERS = (None, 1.5, "1", b"1", (), [], {}, True, object, object(), len, 1j, array("i", [1]), -1,
           -2, -(1 << 29), -(1 << 30), 1 << 30, 1 << 31, (1 << 32) + 1, 1 << 40, -(1 << 40))
SIZES = ((1 << 30) - 1, 1 << 28, 65536, 46341, 1000)
OBJECTS = (None, 0, 3, -1, 1 << 30, 2.5, "text", b"", b"bytes of a certain length", [1.0, 2.0],
           (1.0, 2.0), {}, object, object(), len, bytearray(400), memoryview(b"read-only" * 40),
           array("b", range(100)), array("h", range(100)), array("I", range(100)),
           array("d", range(100)), array("q", range(100)), array("O", [1, 2]), range(9))

# Outputs that are not written to their end: tokens after the first byte without an id, attention
# weights of later rows, and room for a row.
NOT_WHOLE = ("encode_letters0", "attention_forward1", "attention_backward1")

# Ints that are no sizes: step and num_steps, top_k and draw, relu; and n, as a letter without an id
# ends the loop.
NO_SIZES = ("adam_step5", "adam_step6", "adam_step_164", "adam_step_165", "categorical4",
            "categorical5", "encode_letters4", "linear_forward7", "linear_backward8")

def wrong_arguments(name, good, typecodes, n_outputs):
    for i, t in enumerate(typecodes):
        if t is None:
            wrong = NUMBERS if name + str(i) in NO_SIZES else NUMBERS + SIZES
        else:
            other = "i" if t == "f" else "f"
            bytes_like = (str, bytes, bytearray, memoryview) if t == "B" else ()
            wrong = tuple([o for o in OBJECTS if not isinstance(o, bytes_like)])
            wrong += (array(other, range(200)), array(t), good[i][:0])
            if i < n_outputs and name + str(i) not in NOT_WHOLE:
                n = len(good[i])
                wrong += (good[i][:n - 1], good[i][1:], memoryview(bytes(4 * n)))
        for value in wrong:
            yield good[:i] + [value] + good[i + 1:]
            if i:  # and one that is wrong before it
                yield [wrong[0]] + good[1:i] + [value] + good[i + 1:]
    for n in range(len(good)):
        yield good[:n]
    for more in ([0], [None], [good[0]], [1] * 20):
        yield good + more

count = 0
failures = []
for name, good, wholes, typecodes, n_outputs in calls():
    kernel = getattr(fpu, name)
    kernel(*good)
    copies = [w and array(t, w) for w, t in zip(wholes, typecodes)]
    said = set()
    for arguments in wrong_arguments(name, good, typecodes, n_outputs):
        count += 1
        try:
            kernel(*arguments)
            failures.append((name, "took", [type(a) for a in arguments]))
        except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            said.add(str(error))
        if not intact(wholes, typecodes):
            failures.append((name, "wrote beyond", [type(a) for a in arguments]))
            break
    try:
        kernel(*good, more=1)
        failures.append((name, "took a keyword"))
    except TypeError:
        count += 1
    for i in range(n_outputs, len(good)):
        # What a kernel only reads is as it was; adam_step also writes to moments.
        if typecodes[i] and "adam_step" not in name and list(wholes[i]) != list(copies[i]):
            failures.append((name, "changed an input", i))
    for text in said:
        if not text.startswith(name + ": "):
            failures.append((name, text))
print(count, "calls", failures[:9])
selftest.check(fpu)
print("and still right")
"""

SLICES = """
reference = kernels.load("reference")
wrong = []
for name, good, wholes, typecodes, n_outputs in calls():
    plain = [v if t is None else array(t, v) for v, t in zip(good, typecodes)]
    getattr(fpu, name)(*good)
    getattr(reference, name)(*plain)
    for i in range(len(good)):
        if typecodes[i]:
            for a, b in zip(good[i], plain[i]):
                if not abs(a - b) <= 1e-4 * (1 + abs(b)):
                    wrong.append((name, i, a, b))
    if not intact(wholes, typecodes):
        wrong.append((name, "wrote beyond"))
print("wrong:", wrong)
"""


def test_a_thousand_wrong_calls_are_exceptions_and_touch_nothing(chip):
    said = chip.exec(BUFFERS + WRONG).decode()
    count, failures = re.match(r"(\d+) calls (.*)\r\n", said).groups()
    print(f"{count} calls with wrong arguments")
    assert failures == "[]" and "and still right" in said, said
    assert int(count) > 1000


def test_slices_are_taken_at_their_offset(chip):
    assert chip.exec(BUFFERS + SLICES).decode().strip() == "wrong: []"


@pytest.mark.parametrize("name", ["fir", "mandelbrot"])
def test_an_example_runs_and_agrees_with_its_bytecode(chip, name, tmp_path):
    shutil.copy(EXAMPLES / f"{name}.py", tmp_path)
    (tmp_path / f"{name}_fpu.mpy").write_bytes(compile_file(EXAMPLES / f"{name}.py")[2])
    chip.mount_local(str(tmp_path))
    said = chip.exec((EXAMPLES / f"time_{name}.py").read_text()).decode()
    chip.umount_local()
    assert re.search(r"bytecode \d+ us, machine code [\d.]+ us: \d+ times", said), said


def test_the_gallery_runs_and_agrees_with_its_bytecode(chip, tmp_path):
    for path in gallery.FILES:
        shutil.copy(path, tmp_path)
        (tmp_path / f"{path.stem}_fpu.mpy").write_bytes(compile_file(path)[2])
    chip.mount_local(str(tmp_path))
    said = chip.exec((gallery.GALLERY / "time_gallery.py").read_text()).decode().replace("\r", "")
    chip.umount_local()
    print(said)
    lines = re.findall(r"^\w+ +\d+ us in bytecode, +\d+ us as machine code$", said, re.MULTILINE)
    assert len(lines) == len(gallery.FILES) + 2 and "DIFFER" not in said, said
