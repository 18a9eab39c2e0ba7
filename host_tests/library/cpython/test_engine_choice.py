"""The choice of engine: the best one that loads, unless it computes wrongly."""

import inspect
import types

import pytest
from esp32gpt import chip, follow, kernels
from esp32gpt.kernels import reference, selftest

KERNELS = [case[0] for case in selftest.cases()]


def broken(kernel):
    """Return the reference engine with one wrong kernel: its first output is off by 0.001, or by 1
    if it holds ints."""
    engine = types.SimpleNamespace(**vars(reference))

    def wrong(output, *others):
        result = getattr(reference, kernel)(output, *others)
        output[1] += 1 if output.typecode == "i" else 1e-3 * (1 + abs(output[1]))
        return result

    setattr(engine, kernel, wrong)
    return engine


def test_the_self_test_has_every_kernel():
    functions = inspect.getmembers(reference, inspect.isfunction)
    others = ("reserve", "from_bits", "to_bits")  # kernels call the last two
    assert sorted(KERNELS) == sorted(name for name, _ in functions if name not in others)


def test_the_reference_passes():
    selftest.check(reference)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_that_computes_wrongly_fails(kernel):
    with pytest.raises(ValueError, match=kernel):
        selftest.check(broken(kernel))


@pytest.fixture
def loads(monkeypatch):
    """Return a function that sets the result of loading an engine: a module, or an exception."""

    def decide(has_fpu=True, **results):
        def load(name):
            result = results.get(name, reference)
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(chip, "has_fpu", lambda: has_fpu)
        monkeypatch.setattr(kernels, "load", load)
        monkeypatch.setattr(kernels, "_choice", None)
        return kernels.choose()

    return decide


def test_the_best_engine_that_passes_is_chosen(loads):
    choice = loads(fpu=reference)
    assert (choice.name, choice.engine, choice.reasons) == ("fpu", reference, [])


def test_an_engine_that_fails_its_self_test_is_not_chosen(loads):
    choice = loads(fpu=broken("adam_step"), viper=reference)
    assert choice.name == "viper" and "adam_step fails" in choice.reasons[0]


@pytest.mark.parametrize(
    "error", [ImportError("x"), ValueError("incompatible .mpy file"), SyntaxError(), MemoryError()]
)
def test_whatever_keeps_an_engine_from_loading_the_next_is_chosen(loads, error):
    choice = loads(fpu=error, viper=error)
    assert choice.name == "reference"
    assert len(choice.reasons) == 2 and type(error).__name__ in choice.reasons[0]


def test_where_there_is_no_fpu_its_engine_is_not_even_loaded(loads):
    choice = loads(has_fpu=False, fpu=reference, viper=reference)
    assert choice.name == "viper" and "only ESP32 and ESP32-S3" in choice.reasons[0]


def test_the_first_choice_stays(loads):
    first = loads(fpu=reference)
    kernels.load = None  # from here on, no engine can be loaded
    assert kernels.choose() is first


def test_adam_with_16_bits_comes_from_its_own_file_if_it_is_right(monkeypatch):
    engine = types.ModuleType("fpu")
    files = {"kernels.fpu16": broken("adam_step_16"), "kernels.selftest": selftest}
    monkeypatch.setattr(kernels.modules, "load", files.get)
    with pytest.raises(ValueError, match="adam_step_16"):
        follow.with_adam_16(engine)
    files["kernels.fpu16"] = reference
    follow.with_adam_16(engine)
    assert engine.adam_step_16 is reference.adam_step_16
