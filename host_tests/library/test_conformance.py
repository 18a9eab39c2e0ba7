"""The contract of the kernels, tested on every engine of this interpreter.

Expected values come from the reference engine in double precision. test_gradients.py compares that
engine with finite differences.
"""

from array import array
from math import exp

from engines import check_close, engines, floats, reference, wide
from esp32gpt import compat
from esp32gpt.buffers import zeros
from esp32gpt.config import Config
from esp32gpt.kernels.floatbits import from_bits
from esp32gpt.rng import Rng

# (T, C, n_head, V, block_size): a single row, the model's shape full and in part, odd ones,
# and one beyond the default.
SHAPES = [(1, 16, 4, 27, 16), (7, 16, 4, 27, 16), (16, 16, 4, 27, 16), (5, 6, 3, 11, 9)]
SHAPES += [(1, 1, 1, 2, 1), (3, 20, 2, 40, 20)]
if not compat.ON_HOST:  # a chip takes minutes for all of them, and has no room for the last
    SHAPES = [SHAPES[1]] + SHAPES[3:5] + [(3, 12, 2, 40, 20)]
SCALES = [1e-3, 1.0, 30.0]
VOCABULARIES = [SHAPES[0]] + SHAPES[-3:]  # each V once


def gaussian(rng, n, scale):
    buffer = zeros(n)
    for i in range(n):  # no list of floats: on the chip each is an object
        buffer[i] = rng.gaussian(0.0, scale)
    return buffer


def each(shapes=SHAPES, scales=SCALES):
    """Yield (label, engine, tolerance, rng, shape, scale) for every engine, shape and scale."""
    for name, engine, tolerance in engines():
        for shape in shapes:
            T, C, n_head, V, block_size = shape
            engine.reserve(
                Config(n_embd=C, n_head=n_head, vocab_size=max(V, 2), block_size=block_size)
            )
            for scale in scales:
                yield f"{name} {shape} x{scale}", engine, tolerance, Rng(T * C), shape, scale


def run(engine, kernel, outputs, *arguments):
    """Call a kernel of the engine, and the reference's kernel in wide floats, on the same inputs.

    `outputs` are float32 buffers for the results. Returns (got, expected), each a list of buffers.
    """
    got = [floats(buffer) for buffer in outputs]
    getattr(engine, kernel)(*got, *arguments)
    expected = [wide(buffer) for buffer in outputs]
    doubles = [wide(a) if getattr(a, "typecode", "") == "f" else a for a in arguments]
    getattr(reference(), kernel)(*expected, *doubles)
    return got, expected


def test_encode_letters_stops_at_a_byte_without_an_id():
    text = bytearray(b"ab\xff\0 ba")
    ids = array("H", [0] * 256)
    ids[0], ids[97], ids[98], ids[255] = 9, 1, 1023, 2
    for name, engine, _ in engines():
        for first, n, expected in (
            (0, 7, [1, 1023, 2, 9]),
            (1, 2, [1023, 2]),
            (4, 3, []),
            (5, 2, [1023, 1]),
            (7, 0, []),
        ):
            tokens = array("i", [-5] * 9)
            for source in (text, bytes(text)):
                assert engine.encode_letters(tokens, source, ids, first, n) == len(expected), name
                got = list(tokens)
                assert got == [-5] + expected + [-5] * (8 - len(expected)), f"{name}: {got}"


def test_embed_forward_adds_token_and_position_and_normalizes():
    for label, engine, tolerance, rng, (T, C, _, V, block_size), scale in each():
        tokens = array("i", [rng.below(V) for _ in range(T)])
        wte = gaussian(rng, V * C, scale)
        wpe = gaussian(rng, block_size * C, scale)
        out = [zeros(T * C), zeros(T)]
        got, expected = run(engine, "embed_forward", out, tokens, wte, wpe, 0, T, C)
        check_close(label + " x", got[0], expected[0], tolerance)
        check_close(label + " rstd", got[1], expected[1], tolerance)


def test_embed_backward_sums_over_equal_tokens_and_clears_the_rest():
    for label, engine, tolerance, rng, (T, C, _, V, block_size), scale in each():
        tokens = array("i", [rng.below(2) for _ in range(T)])
        stale = [floats([9.0] * (V * C)), floats([9.0] * (block_size * C))]
        x = gaussian(rng, T * C, 1.0)
        dx = gaussian(rng, T * C, 1.0)
        rstd = zeros(T)
        reference().rmsnorm_forward(x, rstd, gaussian(rng, T * C, scale), 0, T, C)
        shape = (T, C, V, block_size)
        got, expected = run(engine, "embed_backward", stale, dx, x, rstd, tokens, *shape)
        # The scale is that of rmsnorm_backward; a token may be in every row.
        largest = max(rstd) * max(abs(d) for d in dx)
        check_close(label + " dwte", got[0], expected[0], 2 * tolerance, T * largest)
        check_close(label + " dwpe", got[1], expected[1], 2 * tolerance, largest)


def test_rmsnorm_forward():
    for label, engine, tolerance, rng, (T, C, _, _, _), scale in each(scales=[1e-6] + SCALES):
        x = gaussian(rng, T * C, scale)
        got, expected = run(engine, "rmsnorm_forward", [zeros(T * C), zeros(T)], x, 0, T, C)
        check_close(label + " y", got[0], expected[0], tolerance)
        check_close(label + " rstd", got[1], expected[1], tolerance)


def test_rmsnorm_may_work_in_place():
    for label, engine, tolerance, rng, (T, C, _, _, _), scale in each(scales=[1.0]):
        x = gaussian(rng, T * C, scale)
        got, expected = run(engine, "rmsnorm_forward", [zeros(T * C), zeros(T)], x, 0, T, C)
        engine.rmsnorm_forward(x, got[1], x, 0, T, C)
        check_close(label, x, expected[0], tolerance)


def test_rmsnorm_backward_adds():
    for label, engine, tolerance, rng, (T, C, _, _, _), scale in each(scales=[1e-6] + SCALES):
        x = gaussian(rng, T * C, scale)
        dy = gaussian(rng, T * C, 1.0)
        y, rstd = zeros(T * C), zeros(T)
        reference().rmsnorm_forward(y, rstd, x, 0, T, C)
        # Before its two terms cancel, the result is as large as rstd · dy.
        largest = max(rstd) * max(abs(d) for d in dy)
        before = gaussian(rng, T * C, largest)
        got, expected = run(engine, "rmsnorm_backward", [before], dy, y, rstd, T, C)
        check_close(label, got[0], expected[0], 2 * tolerance, largest)


def linear_cases():
    """Yield (label, engine, tolerance, T, n_in, n_out, x, w, dy) for square, wide and narrow
    layers."""
    for label, engine, tolerance, rng, (T, C, _, V, _), scale in each():
        for n_in, n_out in ((C, 3 * C), (4 * C, C), (C, V)):
            x = gaussian(rng, T * n_in, 1.0)
            w = gaussian(rng, n_out * n_in, scale)
            dy = gaussian(rng, T * n_out, scale)
            yield f"{label} {n_in}→{n_out}", engine, tolerance, T, n_in, n_out, x, w, dy


def relu(x):
    return floats([max(value, 0.0) for value in x])


def test_linear_forward():
    for label, engine, tolerance, T, n_in, n_out, x, w, _ in linear_cases():
        sizes = (0, T, n_in, n_out)
        got, expected = run(engine, "linear_forward", [zeros(T * n_out)], x, w, *sizes, 0)
        check_close(label, got[0], expected[0], tolerance)
        y = zeros(T * n_out)
        engine.linear_forward(y, x, w, *sizes, 1)
        assert list(y) == list(relu(got[0])), label


def test_linear_backward_overwrites():
    for label, engine, tolerance, T, n_in, n_out, x, w, dy in linear_cases():
        stale = [floats([9.0] * (T * n_in)), floats([9.0] * (n_out * n_in))]
        sizes = (T, n_in, n_out)
        got, expected = run(engine, "linear_backward", stale, dy, x, w, *sizes, 0)
        check_close(label + " dx", got[0], expected[0], tolerance)
        check_close(label + " dw", got[1], expected[1], tolerance)
        engine.linear_backward(x, stale[1], dy, x, w, *sizes, 0)
        assert list(x) == list(got[0]) and list(stale[1]) == list(got[1]), label + " in place"


def test_linear_backward_through_a_relu():
    for label, engine, tolerance, T, n_in, n_out, x, w, dy in linear_cases():
        if T * n_in > 1:
            x[0] = 0.0
            x[1] = 1e-30  # even the smallest value counts as positive
        outputs = [zeros(T * n_in), zeros(n_out * n_in)]
        got, expected = run(engine, "linear_backward", outputs, dy, relu(x), w, T, n_in, n_out, 1)
        check_close(label + " dx", got[0], expected[0], tolerance)
        check_close(label + " dw", got[1], expected[1], tolerance)
        for i in range(T * n_in):
            assert x[i] > 0.0 or got[0][i] == 0.0, label


def test_linear_backward_is_right_beside_small_gradients():
    """Adam makes steps of the same size of them as of large ones."""
    T, n_in, n_out = 7, 16, 12
    for name, engine, tolerance in engines():
        rng = Rng(5)
        x = gaussian(rng, T * n_in, 1.0)
        w = gaussian(rng, n_out * n_in, 1.0)
        dy = gaussian(rng, T * n_out, 1.0)
        for i in range(T * n_out):
            dy[i] *= 10.0 ** -(i % n_out)
        out = [zeros(T * n_in), zeros(n_out * n_in)]
        got, expected = run(engine, "linear_backward", out, dy, x, w, T, n_in, n_out, 0)
        for o in range(n_out):
            first, last = o * n_in, (o + 1) * n_in
            check_close(
                f"{name}, output {o}", got[1][first:last], expected[1][first:last], tolerance
            )


def triangle(T):
    """Return the number of attention weights of T rows."""
    return T * (T + 1) // 2


def attention_probs(T, n_head, block_size, probs):
    """Return the attention weights that are defined: for rows up to T, each up to its position."""
    return [probs[h * triangle(block_size) + i] for h in range(n_head) for i in range(triangle(T))]


def test_attention_forward():
    for label, engine, tolerance, rng, shape, scale in each(scales=[1e-3, 1.0, 3.0]):
        T, C, n_head, _, block_size = shape
        qkv = gaussian(rng, T * 3 * C, scale)
        out = [zeros(T * C), zeros(n_head * triangle(block_size))]
        got, expected = run(engine, "attention_forward", out, qkv, 0, T, C, n_head, block_size)
        # A probability's relative error is its score's error, which grows with q · k.
        slack = tolerance * max(1.0, 4 * scale * scale)
        check_close(label + " y", got[0], expected[0], slack)
        got = attention_probs(T, n_head, block_size, got[1])
        check_close(label, got, attention_probs(T, n_head, block_size, expected[1]), slack)


def test_attention_backward_overwrites():
    for label, engine, tolerance, rng, shape, scale in each(scales=[1e-3, 1.0, 3.0]):
        T, C, n_head, _, block_size = shape
        qkv = gaussian(rng, T * 3 * C, scale)
        dy = gaussian(rng, T * C, 1.0)
        probs = zeros(n_head * triangle(block_size))
        reference().attention_forward(zeros(T * C), probs, qkv, 0, T, C, n_head, block_size)
        stale = [floats([9.0] * (T * 3 * C)), zeros(block_size)]
        got, expected = run(
            engine, "attention_backward", stale, dy, probs, qkv, T, C, n_head, block_size
        )
        # Where scores saturate, what is left of dq and dk is small beside its summands.
        summands = max(abs(d) for d in dy) * scale * scale * (C / n_head) ** 0.5
        largest = max(abs(d) for d in expected[0])
        check_close(label, got[0], expected[0], tolerance, largest + summands)


def test_attention_backward_of_a_saturated_head():
    """Its q and k have small gradients, beside which those of the other head are large."""
    T, C, n_head, size = 6, 8, 2, 4
    for name, engine, _ in engines():
        rng = Rng(12)
        qkv = gaussian(rng, T * 3 * C, 1.0)
        for i in range(T * 3 * C):
            if i % (3 * C) < 2 * C and i % C < size:
                qkv[i] *= 3.5
        dy = gaussian(rng, T * C, 1.0)
        probs = zeros(n_head * triangle(T))
        engine.attention_forward(zeros(T * C), probs, qkv, 0, T, C, n_head, T)
        out = [zeros(T * 3 * C), zeros(T)]
        got, expected = run(engine, "attention_backward", out, dy, probs, qkv, T, C, n_head, T)
        for part in range(6):  # of q, k and v of a head
            places = [i for i in range(T * 3 * C) if i % (3 * C) // size == part]
            some = [got[0][i] for i in places], [expected[0][i] for i in places]
            check_close(f"{name}, part {part}", some[0], some[1], 0.02)


def test_residual_forward():
    for label, engine, _, rng, (T, C, _, _, _), scale in each():
        x = gaussian(rng, T * C, 1.0)
        branch = gaussian(rng, T * C, scale)
        sums = wide([x[i] + branch[i] for i in range(T * C)])
        y = zeros(T * C)
        engine.residual_forward(y, x, branch, 0, T, C)
        check_close(label, y, sums, 1e-6)
        engine.residual_forward(x, x, branch, 0, T, C)
        check_close(label + " in place", x, sums, 1e-6)


def test_cross_entropy_and_its_gradient():
    for label, engine, tolerance, rng, (T, _, _, V, _), scale in each():
        logits = gaussian(rng, T * V, scale)
        targets = array("i", [rng.below(V) for _ in range(T)])
        got, expected = run(engine, "cross_entropy", [zeros(3), logits], targets, 1, T, V)
        slack = tolerance * max(1.0, scale)
        check_close(label + " loss", got[0], expected[0], tolerance, max(expected[0][1], 1.0))
        check_close(label + " gradient", got[1], expected[1], slack, 1 / T)


def test_cross_entropy_says_whether_the_loss_is_finite():
    targets = array("i", [1])
    for name, engine, _ in engines():
        for bad in (float("nan"), float("inf")):
            losses = zeros(1)
            finite = engine.cross_entropy(losses, floats([0.0, bad, 1.0]), targets, 0, 1, 3)
            assert finite == 0, f"{name}: {bad} passed for finite"
        finite = engine.cross_entropy(zeros(1), floats([0.0, 50.0, -900.0]), targets, 0, 1, 3)
        assert finite == 1, name


def shares(engine, logits, V, temperature, top_k=0, n=200):
    """Return the share of each of V tokens in n draws that lie evenly between 0 and 2^24."""
    counts = [0] * V
    inverse = floats([1 / temperature])
    for i in range(n):
        rows = floats([7.0] * V + list(logits) + [7.0])
        # Use small ints only: older MicroPython keeps the result of large ints as an object.
        counts[engine.categorical(rows, inverse, 1, V, top_k, (2 * i + 1) * (8388608 // n))] += 1
        assert rows[0] == rows[V - 1] == rows[2 * V] == 7.0, "another row has changed"
    return [count / n for count in counts]


def softmax(logits, temperature, least=-1e30):
    """Return the probabilities of the logits that are at least `least`; 0 for the others."""
    top = max(logits)
    weights = [exp((x - top) / temperature) if x >= least else 0.0 for x in logits]
    return [weight / sum(weights) for weight in weights]


def test_categorical_draws_in_proportion():
    for label, engine, _, rng, (_, _, _, V, _), scale in each(VOCABULARIES, [4.0]):
        logits = gaussian(rng, V, scale)
        for temperature in (0.1, 1.0, 4.0):
            got = shares(engine, logits, V, temperature)
            # At each end of a token's share, one draw may fall on the other side.
            check_close(f"{label} t={temperature}", got, softmax(logits, temperature), 0.0101, 1.0)


def test_categorical_of_the_likeliest():
    for label, engine, _, rng, (_, _, _, V, _), _ in each(VOCABULARIES, [1.0]):
        logits = gaussian(rng, V, 1.0)
        for top_k in (1, 2, 5, V + 3):
            least = sorted(logits)[-min(top_k, V)]
            got = shares(engine, logits, V, 1.0, top_k)
            check_close(f"{label} of {top_k}", got, softmax(logits, 1.0, least), 0.0101, 1.0)
            for i in range(V):
                assert logits[i] >= least or not got[i], f"{label} of {top_k}: drew {i}"


def test_categorical_never_draws_what_cannot_occur():
    inverse = floats([1.0])
    for name, engine, _ in engines():
        logits = [-900.0, 0.0, -900.0, 0.0, -900.0]
        for top_k in (0, 2, 5):
            for draw, token in ((0, 1), ((1 << 23) - 9, 1), ((1 << 23) + 9, 3), ((1 << 24) - 1, 3)):
                got = engine.categorical(floats(logits), inverse, 0, 5, top_k, draw)
                assert got == token, f"{name}: {draw} of {top_k} drew {got}"
        for top_k in (0, 2):
            nothing = floats([float("nan")] * 3)
            assert 0 <= engine.categorical(nothing, inverse, 0, 3, top_k, 1 << 23) < 3, name


def test_forward_kernels_leave_other_rows_alone():
    T, C, V, block_size = 3, 8, 5, 6
    rng = Rng(3)
    x = gaussian(rng, block_size * 3 * C, 1.0)
    w = gaussian(rng, 3 * C * C, 1.0)
    tokens = array("i", [1, 2, 3, 4, 0, 1])
    for name, engine, _ in engines():
        calls = [
            (C, lambda k, y: k.embed_forward(y, zeros(block_size), tokens, w, x, 2, T, C)),
            (C, lambda k, y: k.rmsnorm_forward(y, zeros(block_size), x, 2, T, C)),
            (V, lambda k, y: k.linear_forward(y, x, w, 2, T, C, V, 0)),
            (
                C,
                lambda k, y: k.attention_forward(
                    y, zeros(2 * triangle(block_size)), x, 2, T, C, 2, block_size
                ),
            ),
            (V, lambda k, y: k.linear_forward(y, x, w, 2, T, C, V, 1)),
            (C, lambda k, y: k.residual_forward(y, x, w, 2, T, C)),
        ]
        for i, (width, call) in enumerate(calls):
            y = floats([-9.0] * (block_size * width))
            call(engine, y)
            for j in range(block_size * width):
                inside = 2 * width <= j < (2 + T) * width
                assert (y[j] != -9.0) == inside, f"{name}, call {i}, element {j}"


def test_zeros_give_zeros():
    T, C = 4, 8
    for name, engine, _ in engines():
        y = floats([9.0] * (T * C))
        engine.linear_forward(y, zeros(T * C), zeros(C * C), 0, T, C, C, 0)
        assert list(y) == [0.0] * (T * C), name
        engine.rmsnorm_forward(y, zeros(T), zeros(T * C), 0, T, C)
        assert list(y) == [0.0] * (T * C), name
        engine.residual_forward(y, zeros(T * C), zeros(T * C), 0, T, C)
        assert list(y) == [0.0] * (T * C), name


def test_denormals_and_large_values():
    T, C = 2, 8
    for name, engine, tolerance in engines():
        for scale in (1e-40, 1e-30, 1e15):
            x = gaussian(Rng(9), T * C, scale)
            w = gaussian(Rng(8), C * C, 1.0)
            got, expected = run(engine, "linear_forward", [zeros(T * C)], x, w, 0, T, C, C, 0)
            check_close(f"{name} linear x{scale}", got[0], expected[0], tolerance)
            got, expected = run(engine, "residual_forward", [zeros(T * C)], x, w, 0, T, C)
            check_close(f"{name} residual x{scale}", got[0], expected[0], 1e-6)


def test_equal_extremes_do_not_overflow():
    T, C = 2, 16
    for name, engine, tolerance in engines():
        x = floats([1.9999999] * (T * C))
        w = floats([-1.9999999] * (C * C))
        got, expected = run(engine, "linear_forward", [zeros(T * C)], x, w, 0, T, C, C, 0)
        check_close(name, got[0], expected[0], tolerance)
        qkv = floats([1.9999999] * (T * 3 * C))
        out = [zeros(T * C), zeros(4 * T * T)]
        got, expected = run(engine, "attention_forward", out, qkv, 0, T, C, 4, T)
        check_close(name, got[0], expected[0], tolerance)


def adam_case(engine, n, steps, gradient):
    """Return p, m and v after some steps, from the engine and from the reference in wide floats."""
    hyper = floats([0.01, 0.85, 0.99, 1e-8])
    rng = Rng(4)
    start = gaussian(rng, n, 0.08)
    results = []
    for kernels, kind in ((engine, floats), (reference(), wide)):
        rng = Rng(6)
        p, m, v = kind(start), kind(zeros(n)), kind(zeros(n))
        for step in range(steps):
            grads = kind(floats([gradient(rng, i) for i in range(n)]))
            kernels.adam_step(p, grads, m, v, kind(hyper), step, 1000, n)
        results.append((p, m, v))
    moved = wide([results[0][0][i] - start[i] for i in range(n)])
    should = wide([results[1][0][i] - start[i] for i in range(n)])
    return moved, should, results


GRADIENTS = {
    "typical": lambda rng, i: rng.gaussian(0.0, 0.01),
    "of all magnitudes": lambda rng, i: rng.gaussian(0.0, 1.0) * 10.0 ** (3 - i % 12),
    "sparse": lambda rng, i: rng.gaussian(0.0, 0.01) if i % 3 == 0 else 0.0,
    "none": lambda rng, i: 0.0,
}


def test_adam_step_moves_parameters_and_moments():
    for name, engine, tolerance in engines():
        for kind, gradient in GRADIENTS.items():
            for steps in (1, 2, 30):
                moved, should, results = adam_case(engine, 48, steps, gradient)
                label = f"{name}, {kind} gradients, {steps} steps"
                # A parameter's change is known only to the last of the parameter's 24 bits.
                slack = max(4 * tolerance, 3e-5)
                check_close(label, moved, should, slack, max(0.01, max(map(abs, should))))
                for i in range(48):
                    largest = abs(results[1][2][i]) ** 0.5  # sqrt(v), the size of m's terms
                    close(f"{label} m", results[0][1][i], results[1][1][i], tolerance, 9 * largest)
                    close(f"{label} v", results[0][2][i], results[1][2][i], tolerance, largest**2)


def close(what, got, expected, tolerance, scale):
    check_close(what, [got], [expected], tolerance, scale)


def test_adam_step_follows_the_schedule():
    for name, engine, tolerance in engines():
        hyper = floats([0.01, 0.85, 0.99, 1e-8])
        for step, rate in ((0, 1.0), (500, 0.5), (999, 0.001)):
            p, m, v = floats([1.0]), floats([0.0]), floats([0.0])
            engine.adam_step(p, floats([0.5]), m, v, hyper, step, 1000, 1)
            corrections = (1 - 0.85 ** (step + 1)) / (1 - 0.99 ** (step + 1)) ** 0.5
            moved = (1.0 - p[0]) / (0.01 * 0.15 / 0.1 / corrections)
            close(f"{name}, step {step}", moved, rate, 10 * tolerance + 1e-4, 1.0)


def test_adam_step_passes_over_nothing():
    # Elements that the viper engine computes with floats must not end its loop early.
    for name, engine, _ in engines():
        n = 9
        p, m, v = zeros(n), zeros(n), zeros(n)
        grads = floats([1e-3, 1e-12, 1e-3, 1e-30, 1e-12, 0.0, 1e-3, 1e-9, 1e-3])
        engine.adam_step(p, grads, m, v, floats([0.01, 0.85, 0.99, 1e-8]), 0, 1000, n)
        for i in (0, 2, 6, 8):
            assert abs(p[i] + 0.01) < 1e-4, f"{name}: element {i} moved to {p[i]}"


def halves(moments):
    """Return (m, v) of 16-bit moments, in the widest floats of this interpreter."""
    bits = [word - word % 65536 for word in moments], [word % 65536 * 32768 for word in moments]
    return [wide([from_bits(x) for x in half]) for half in bits]


def test_adam_step_16_follows_adam_step():
    for name, engine, tolerance in engines():
        for kind, gradient in GRADIENTS.items():
            n = 48
            hyper = floats([0.01, 0.85, 0.99, 1e-8])
            rng = Rng(6)
            p, m, v = floats([0.1] * n), wide(zeros(n)), wide(zeros(n))
            q, moments = wide(p), zeros(n, "i")
            for step in range(12):
                grads = floats([gradient(rng, i) for i in range(n)])
                engine.adam_step_16(p, grads, moments, hyper, step, 1000, n)
                reference().adam_step(q, wide(grads), m, v, wide(hyper), step, 1000, n)
            got_m, got_v = halves(moments)
            for i in range(n):
                label = f"{name}, {kind} gradients, [{i}]"
                # m is rounded to 8 bits and v to 9, at the last step and with smaller weight
                # before.
                root = v[i] ** 0.5
                close(label + " m", got_m[i], m[i], 2**-6 + tolerance, 9 * root)
                close(label + " v", got_v[i], v[i], 2**-6 + tolerance, v[i])
                close(label + " p", p[i], q[i], 0.02, 0.12)


def test_adam_step_16_loses_no_small_change():
    """A mean that moves by 1/1000 in each step, much less than its last bit, arrives."""
    for name, engine, tolerance in engines():
        n = 32
        hyper = floats([0.0, 0.999, 0.999, 1e-8])
        params, moments, grads = zeros(n), zeros(n, "i"), floats([0.7] * n)
        for step in range(1500):
            engine.adam_step_16(params, grads, moments, hyper, step, 10000, n)
        for half, goal in zip(halves(moments), (0.7, 0.49)):
            close(name, sum(half) / n, goal * (1 - 0.999**1500), 0.01 + 10 * tolerance, goal)


def test_adam_step_16_takes_large_tensors_and_leaves_the_rest_alone():
    for name, engine, _ in engines():
        n = 300
        hyper = floats([0.01, 0.85, 0.99, 1e-8])
        params, moments = zeros(n + 1), zeros(n + 1, "i")
        engine.adam_step_16(params, floats([1.0] * (n + 1)), moments, hyper, 0, 1000, n)
        for i in range(n):
            close(f"{name} [{i}]", params[i], -0.01, 1e-3, 0.01)
        assert params[n] == 0 and moments[n] == 0, name
