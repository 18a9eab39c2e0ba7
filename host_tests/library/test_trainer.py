"""Training: it learns, can be repeated, and is never left in the middle of a step."""

import gc

from engines import check_close, engines, reference
from esp32gpt import batches, compat, pieces
from esp32gpt import trainer as training
from esp32gpt.trainer import TrainingError
from raising import raises
from small import small, smallest, trainer


def test_training_lowers_the_loss_on_every_engine():
    for name, engine, _ in engines():
        t = trainer(engine, smallest(), names=["ann", "bo", "anna"])
        losses = [state.loss for state in t.run(24)]
        assert len(losses) == 24 and t.step == 24
        assert sum(losses[-3:]) < 0.8 * sum(losses[:3]), f"{name}: {losses}"


def test_training_is_repeatable():
    for name, engine, _ in engines()[:2]:
        runs = []
        for _ in range(2):
            t = trainer(engine, smallest())
            runs.append(([state.loss for state in t.run(5)], bytes(t.model.params)))
        assert runs[0] == runs[1], name


def test_avg_is_the_mean_of_the_last_100_losses():
    t = trainer(reference(), small(n_embd=4, n_head=1, block_size=3, steps=130))
    losses = []
    for state in t.run(130):
        losses.append(state.loss)
        last = losses[-100:]
        assert abs(state.avg - sum(last) / len(last)) < 1e-5


def test_training_ends_with_the_schedule():
    t = trainer(reference(), small(steps=3))
    assert len(list(t.run(10))) == 3 and list(t.run(10)) == []


def test_training_stops_before_weights_that_are_not_numbers():
    for name, engine, _ in engines():
        t = trainer(engine)
        list(t.run(2))
        t.model.lm_head[0] = float("nan")
        before = list(t.model.params[1:9])
        assert "step 2" in raises(TrainingError, list, t.run(3)), name
        assert list(t.model.params[1:9]) == before and t.step == 2


class Interrupted(Exception):
    pass


class Stopping:
    """An engine that raises Interrupted once, at the end of the n-th kernel call from now."""

    def __init__(self, engine, n):
        self.engine = engine
        self.left = n

    def __getattr__(self, kernel):
        def call(*arguments):
            result = getattr(self.engine, kernel)(*arguments)
            self.left -= 1
            if self.left == -1:
                raise Interrupted
            return result

        return call


def test_a_batch_adds_up_the_gradients_of_its_names():
    for name, engine, tolerance in engines():
        one = trainer(engine, smallest())
        total = [0.0] * len(one.model.params)
        losses = 0.0
        tokens = one.tokens
        for _ in range(3):
            T = one.forward()
            losses += one.losses[0]
            one.backward.backward(tokens, T)
            for i in range(len(total)):
                total[i] += one.backward.grads[i]
            one.documents.line += 1
        batch = trainer(engine, smallest(batch=3))
        list(batch.run(1))
        check_close(name, batch.backward.grads, total, 2 * tolerance)
        assert abs(batch.loss - losses / 3) < 1e-5 and batch.documents.line == 3


def test_moments_of_16_bits_begin_as_those_of_32():
    """Each weight is updated after all that its gradient needs of it, and by the same amount."""
    for name, engine, _ in engines():
        whole = trainer(engine, smallest(n_layer=2))
        half = trainer(engine, smallest(n_layer=2, moment_bits=16))
        list(whole.run(1))
        list(half.run(1))
        if "viper" not in name:  # whose blocks, and so its rounding, depend on its workspace
            assert bytes(half.model.params) == bytes(whole.model.params), name
        list(whole.run(5))
        list(half.run(5))
        assert abs(half.loss - whole.loss) < 0.02, f"{name}: {half.loss}, not {whole.loss}"


class InPieces:
    """Within this context, large models are those of more than 50 weights."""

    def __enter__(self):
        self.size = pieces.PIECE
        batches.PIECE = pieces.PIECE = training.PIECE = 50

    def __exit__(self, *_):
        batches.PIECE = pieces.PIECE = training.PIECE = self.size


def calls_and_weights(engine, batch):
    """Train two steps; return the number of kernel calls, and the weights as bytes."""
    counting = Stopping(engine, 10**6)
    t = trainer(counting, smallest(batch=batch))
    list(t.run(2))
    return 10**6 - counting.left, bytes(t.model.params)


def test_a_large_model_is_trained_in_pieces_as_in_one_call():
    for name, engine, _ in engines():
        for batch, additions in ((1, 0), (3, 2)):
            calls, weights = calls_and_weights(engine, batch)
            with InPieces():
                more, same = calls_and_weights(engine, batch)
            assert same == weights, name
            assert more - calls == 2 * 8 * (1 + additions)  # 424 weights are 9 pieces


def test_an_interrupted_step_is_not_begun():
    stop_at_each_kernel_call()


def test_an_interrupted_batch_is_not_begun():
    stop_at_each_kernel_call(batch=2)


def test_an_interrupted_step_with_moments_of_16_bits_is_not_begun():
    if not compat.CTRL_C_IS_TYPED:  # a chip holds Ctrl-C back instead
        stop_at_each_kernel_call(moment_bits=16)


def test_an_interrupted_step_in_pieces_is_not_begun():
    if not compat.CTRL_C_IS_TYPED:
        with InPieces():
            stop_at_each_kernel_call()


def stop_at_each_kernel_call(**recipe):
    """Stop a step at each kernel call in turn, and check that the next run continues correctly."""
    undisturbed = trainer(reference(), smallest(**recipe))
    list(undisturbed.run(3))
    expected = bytes(undisturbed.model.params)
    del undisturbed
    n = 0
    while True:
        t = layer = None  # a chip has no room for two trainers
        gc.collect()
        t = trainer(reference(), smallest(**recipe))
        list(t.run(1))
        engine = Stopping(reference(), n)
        t.model.kernels = t.optimizer.kernels = engine
        for layer in t.model.layers:
            layer.kernels = engine
        try:
            list(t.run(2))
        except Interrupted:
            assert t.step == 1
        if engine.left >= 0:
            break
        list(t.run(3))
        assert bytes(t.model.params) == expected, f"kernel call {n}"
        n += 1 if compat.ON_HOST else 6  # on a chip this takes minutes
    assert n > 20
