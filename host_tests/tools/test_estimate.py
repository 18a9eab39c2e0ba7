"""`esp32gpt estimate`, and the model of the PSRAM behind it."""

import json
import sys
from array import array

import pytest
from esp32gpt import kernels
from esp32gpt.kernels import reference

from tools import estimate
from tools.host import psram
from tools.host.psram import LINE, Psram

FLOATS = LINE // 4  # in a line


def transfers(ram):
    return ram.reads, ram.writes


def test_a_line_is_read_once_while_it_is_in_the_cache():
    ram = Psram()
    values = ram.place(array("f", range(10 * FLOATS)))
    assert [values[i] for i in range(10 * FLOATS)] == list(range(10 * FLOATS))
    assert transfers(ram) == (10, 0)
    assert values[0] == 0 and transfers(ram) == (10, 0)


def test_a_changed_line_is_written_back_when_its_place_is_needed():
    ram = Psram()
    n = 3 * psram.SETS * FLOATS  # three lines for each set of two
    values = ram.place(array("f", bytes(4 * n)))
    for i in range(n):
        values[i] = 1.0
    assert transfers(ram) == (3 * psram.SETS, psram.SETS)
    assert ram.seconds == 3 * psram.SETS * psram.READ + psram.SETS * psram.WRITE


def test_of_two_lines_the_one_that_was_used_longer_ago_is_replaced():
    ram = Psram()
    stride = psram.SETS * FLOATS
    values = ram.place(array("f", bytes(4 * 3 * stride)))
    for line in (0, 1, 0, 2, 0):
        values[line * stride]
    assert transfers(ram) == (3, 0)
    values[stride]
    assert transfers(ram) == (4, 0)


def test_a_part_of_a_buffer_is_at_its_place_in_the_buffer():
    ram = Psram()
    whole = array("f", range(4 * FLOATS))
    part = ram.place(memoryview(whole)[FLOATS : 2 * FLOATS])
    assert part[0] == FLOATS
    part[0] = -1.0
    assert whole[FLOATS] == -1.0 and transfers(ram) == (1, 0)
    ram.place(whole)[FLOATS]
    assert transfers(ram) == (1, 0)
    ram.place(array("f", [5.0]))[0]
    assert transfers(ram) == (2, 0)


def test_the_kernels_compute_what_the_reference_does():
    ram, waits = Psram(), []
    engine = estimate.engine_in(ram, waits)
    x = array("f", range(3 * 5))
    w = array("f", range(7 * 5))
    y = array("f", bytes(4 * 3 * 7))
    expected = y[:]
    engine.linear_forward(y, x, w, 0, 3, 5, 7, 0)
    reference.linear_forward(expected, x, w, 0, 3, 5, 7, 0)
    assert y == expected and ram.reads > len(w) // FLOATS
    assert waits == [ram.seconds]


@pytest.fixture
def figures(build, monkeypatch, capsys):
    """Return a function that runs the command with these options and returns its figures."""
    monkeypatch.setattr(kernels, "ENGINES", kernels.ENGINES)
    monkeypatch.setattr(kernels, "_choice", None)
    monkeypatch.delitem(sys.modules, "esp32gpt.kernels.psram", raising=False)

    def run(*options):
        monkeypatch.chdir(build)
        monkeypatch.setattr(kernels, "_choice", None)
        monkeypatch.setattr(sys, "argv", ["estimate", *options])
        estimate.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def test_weights_gradients_and_moments_go_through_the_cache_once_a_pass(figures):
    # At least: the weight twice, its gradient, the moments; the last three are also written.
    shape = ("--n-embd", "40", "--moment-bits", "16")
    said = figures(*shape)
    assert said["parameters"] == 22_000
    assert 28 < said["bytes_each"] < 44
    assert said["lines_read"] > said["lines_written"] > 12 * said["parameters"] / LINE
    ms = said["lines_read"] * psram.READ + said["lines_written"] * psram.WRITE
    assert said["psram_ms"] == pytest.approx(1000 * ms, abs=0.1)
    # The largest tensors are two ninths of the weights, and Adam changes them in one call.
    assert said["psram_ms"] / 9 < said["longest_call_ms"] < said["psram_ms"] / 4
