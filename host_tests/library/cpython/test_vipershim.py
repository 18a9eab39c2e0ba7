"""The checks of the viper shim, which stands for the chip under CPython."""

import dis
import linecache
import runpy
import textwrap
from array import array

import pytest
from esp32gpt.kernels import reference
from esp32gpt.optimizer import Adam
from esp32gpt.trainer import Trainer

from host_tests.support.vipershim import World, compile_checked, load_viper


@pytest.fixture
def viper(tmp_path):
    """Return a function that compiles the source of a function `f` for a world of so many bits."""

    def compile_source(source, bits=32):
        path = tmp_path / "kernel.py"
        types = "ptr8, ptr16, ptr32, uint = 'ptr8', 'ptr16', 'ptr32', 'uint'\n"
        path.write_text(types + textwrap.dedent(source))
        linecache.checkcache(str(path))
        return compile_checked(runpy.run_path(str(path))["f"], World(bits))

    return compile_source


@pytest.mark.parametrize(
    "expression",
    [
        "a * 65536 * 32768",
        "a + 0x3FFFFFFF + 0x3FFFFFFF + 1",
        "a << 31",
        "0 - a * 46341 * 46341 - 9",
    ],
)
def test_an_int_beyond_32_bits_is_an_error_on_the_chip_only(viper, expression):
    source = f"def f(a: int) -> int:\n    return {expression}\n"
    with pytest.raises(OverflowError, match="32 bits"):
        viper(source, 32)(1)
    viper(source, 64)(1)


def test_a_uint_wraps(viper):
    source = "def f(a: int) -> int:\n    return uint(a) + uint(0x3FFFFFFF) * uint(8)\n"
    assert viper(source)(9) == 1
    assert viper(source, 64)(9) == 0x1FFFFFFF8 + 9


def test_only_32_bit_loads_extend_the_sign(viper):
    source = "def f(p: ptr32) -> int:\n    return p[0] >> 4\n"
    assert viper(source, 32)(array("i", [-16])) == -1
    assert viper(source, 64)(array("i", [-16])) == 0xFFFFFFF


@pytest.mark.parametrize("index", [-1, 2, 1000])
@pytest.mark.parametrize("access", ["q = p[i]", "p[i] = 5"])
def test_an_access_outside_the_buffer_is_an_error(viper, index, access):
    f = viper(f"def f(p: ptr32, i: int):\n    {access}\n")
    f(array("i", [1, 2]), 1)
    with pytest.raises(IndexError):
        f(array("i", [1, 2]), index)


def test_a_memoryview_slice_is_a_buffer_of_its_own(viper):
    f = viper("def f(p: ptr32, i: int) -> int:\n    return p[i]\n")
    view = memoryview(array("i", [10, 20, 30]))[1:2]
    assert f(view, 0) == 20
    for outside in (-1, 1):
        with pytest.raises(IndexError):
            f(view, outside)


def test_pointers_are_bumped_and_cast(viper):
    source = """
        def f(p: ptr32, b: ptr8) -> int:
            p = ptr32(int(p) + 4)
            return p[0] + ptr16(int(p) - 4)[0] + b[1]
    """
    assert viper(source)(array("i", [0x50007, 100]), b"\x01\x02") == 109


def test_a_misaligned_access_is_an_error(viper):
    with pytest.raises(IndexError):
        viper("def f(p: ptr32) -> int:\n    return ptr32(int(p) + 2)[0]\n")(array("i", [1, 2]))


@pytest.mark.parametrize("count", [-1, 32])
def test_a_shift_by_what_the_word_does_not_have_is_an_error(viper, count):
    with pytest.raises(ValueError, match="shift"):
        viper("def f(a: int) -> int:\n    return 1 >> a\n")(count)


def test_a_constant_too_large_for_viper_is_refused(viper):
    with pytest.raises(ValueError, match="too large a constant"):
        viper("def f(a: int) -> int:\n    return a & 0x40000000\n")


def test_the_engine_runs_in_either_world():
    for bits in (32, 64):
        engine = load_viper(bits)
        y = array("f", [0.0])
        engine.linear_forward(y, array("f", [3.0]), array("f", [-2.0]), 0, 1, 1, 1, 0)
        assert y[0] == pytest.approx(-6.0, rel=1e-3)


def test_what_commits_a_step_has_no_branch():
    """MicroPython raises KeyboardInterrupt only at branches, so code without one runs as a
    whole."""
    viper = load_viper(32)
    assert viper.ATOMIC and not reference.ATOMIC
    jumps = {*dis.hasjrel, *dis.hasjabs}
    committing = (Trainer._update, Adam.step, viper.adam_step)
    for function in committing:
        code = [function.__code__]
        code += [constant for constant in code[0].co_consts if hasattr(constant, "co_code")]
        for part in code:
            taken = [i.opname for i in dis.get_instructions(part) if i.opcode in jumps]
            assert not taken, (
                f"{part.co_qualname if hasattr(part, 'co_qualname') else part}: {taken}"
            )
