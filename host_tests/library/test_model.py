"""The model: its memory, and its forward pass in pieces."""

from array import array

from engines import engines, reference
from esp32gpt import compat, tables
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from raising import raises
from small import small


def test_a_shape_too_large_for_memory_is_refused_before_it_is_allocated():
    free = compat.free_bytes
    compat.free_bytes = lambda: 20000
    try:
        message = raises(MemoryError, Model, Config(), reference())
        assert "20000" in message and str(tables.model_bytes(Config())) in message
    finally:
        compat.free_bytes = free


def test_a_forward_pass_in_pieces_gives_the_rows_of_the_whole_forward():
    for name, engine, tolerance in engines():
        config = small(n_layer=2)
        model = Model(config, engine)
        model.init_weights(Rng(2))
        tokens = array("i", [0, 5, 3, 26, 5, 1, 2, 9, 0])
        model.forward(tokens, 0, 8)
        whole = list(model.logits)
        V = config.vocab_size
        for start, T in ((0, 3), (3, 1), (4, 1), (5, 2), (7, 1)):
            model.forward(tokens, start, T)
            for i in range(start * V, (start + T) * V):
                assert abs(model.logits[i] - whole[i]) < 20 * tolerance, f"{name}: {i}"
