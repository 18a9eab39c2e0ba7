"""The encodings are right: an independent disassembler agrees with the listing."""

import re
import subprocess

import pytest

from tools.kernelc import xtensa
from tools.kernelc.listing import listing, operands

from . import machine
from .test_kernels import CODES, MODULE

needs_qemu = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)


def disassembly(memory, start, tmp_path):
    """Return {address: text} of the instructions that QEMU translated when the program ran."""
    path, log = tmp_path / "program", tmp_path / "log"
    path.write_bytes(machine.elf(memory, start))
    path.chmod(0o755)
    command = [*machine.COMMAND, "-d", "in_asm", "-D", str(log), str(path)]
    subprocess.run(command, capture_output=True, timeout=60)
    lines = re.findall(r"^0x([0-9a-f]+):\s+(.*)$", log.read_text(), re.MULTILINE)
    return {int(address, 16): text for address, text in lines}


def normal(text):
    """Return the mnemonic and the operands, with numbers in decimal."""
    mnemonic, *rest = text.replace(",", " ").split()
    numbers = [str(int(word, 0)) if re.match(r"-?\d", word) else word for word in rest]
    return [mnemonic, *numbers]


@needs_qemu
@pytest.mark.parametrize("name", CODES)
def test_the_disassembly_of_a_kernel_agrees_with_the_listing(name, tmp_path, monkeypatch):
    from .test_kernels import SHAPES, Case

    seen = {}

    def execute(memory, start, log):
        seen.update(memory=memory, start=start)
        raise StopIteration

    monkeypatch.setattr(machine, "_execute", execute)
    arguments = Case(SHAPES[0], 1).arguments(MODULE.kernels[name])
    with pytest.raises(StopIteration):
        machine.run(CODES[name], *arguments)
    memory = seen["memory"]
    base = machine.BASE + memory.data.find(CODES[name].bytes)
    texts = disassembly(memory, seen["start"], tmp_path)
    compared = 0
    for address, _, op in CODES[name].lines:
        if base + address not in texts:
            continue
        want = operands(op)
        want = re.sub(r"0x[0-9a-f]+", lambda label: str(base + int(label[0], 16)), want)
        assert normal(texts[base + address]) == normal(f"{op.name} {want}")
        compared += 1
    assert compared > len(CODES[name].lines) // 2


def test_the_listing_shows_every_instruction_beside_its_source_line():
    text = listing(MODULE, CODES)
    assert "total += x[t * n_in + i] * w[o * n_in + i]" in text
    instructions = sum(len(code.lines) for code in CODES.values())
    assert len(re.findall(r"^ {8} *[0-9a-f]+  [0-9a-f]{4,6}  ", text, re.MULTILINE)) == instructions


def test_an_immediate_that_does_not_fit_is_no_instruction():
    for name, args in {
        "addi": [2, 2, 128], "movi": [2, 2048], "lsi": [0, 2, 1024], "l32i": [2, 2, 2],
        "slli": [2, 2, 32], "l32i.n": [2, 2, 64], "addi.n": [2, 2, 16], "add": [2, 2, 16],
    }.items():  # fmt: skip
        with pytest.raises(xtensa.OutOfRange):
            xtensa.encode(name, args, 0)
    assert xtensa.encode("addi", [2, 2, -128], 0) == bytes.fromhex("22c280")
