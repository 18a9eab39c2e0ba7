"""Config and the size tables that follow from it."""

from esp32gpt import buffers, tables
from esp32gpt.config import Config
from raising import raises
from small import small


def test_the_default_shape_is_that_of_microgpt():
    assert tables.count(Config()) == 4192


def test_impossible_shapes_are_refused_with_the_reason():
    assert "4 heads" in raises(ValueError, lambda: Config(n_embd=10, n_head=4))
    assert "n_layer" in raises(ValueError, lambda: Config(n_layer=0))
    assert "temperature" in raises(ValueError, lambda: Config(temperature=0.7))
    assert "block_size" in raises(ValueError, lambda: Config(block_size=2.5))


def test_batches_need_gradients_that_are_kept():
    message = raises(ValueError, lambda: Config(moment_bits=16, batch=2))
    assert "batch must be 1 with moment_bits 16" in message
    assert "16 or 32" in raises(ValueError, lambda: Config(moment_bits=24))
    n = tables.count(Config())
    saved = tables.training_bytes(Config()) - tables.training_bytes(Config(moment_bits=16))
    assert saved > 6 * n  # of 12 bytes a parameter


def test_views_of_weights_lie_one_after_another_in_the_flat_buffer():
    config = small(n_layer=2)
    flat = buffers.zeros(tables.count(config))
    for i in range(len(flat)):
        flat[i] = i
    expected = 0
    for name, rows, cols in tables.parameters(config):
        view = buffers.views(tables.parameters(config), flat)[name]
        assert len(view) == rows * cols and view[0] == expected
        expected += rows * cols
    assert expected == len(flat)


def test_new_buffers_hold_zeros():
    for n in (1, 2, 3, 17):
        assert list(buffers.zeros(n)) == [0.0] * n
