"""The reference engine: the definition of every kernel, in plain Python loops.

The conformance suite compares every other engine with this file. The file is written in a small
typed subset of Python (int and float scalars, buffers of floats and ints, loops, arithmetic, `exp`,
`log`, `sqrt`, the bits of a float), so that tools/kernelc can compile it. Annotations give the
types of parameters.

The contract, for every engine:
- Buffers are `array`s or memoryviews of them, with matrices row by row. The caller owns them.
  Tokens are int32. A weight is stored (outputs, inputs).
- Forward kernels compute rows start … start+T-1 and leave the other rows as they are. So the same
  forward serves training (start 0, a whole name) and cached sampling (T = 1).
- Backward kernels work on rows 0 … T-1, with T > 0, and overwrite their output. Only
  `rmsnorm_backward` adds to it.
- Outputs overlap no input unless the docstring allows it. Kernels allocate nothing and keep no
  state between calls.

Dimensions are named as in llm.c: T time (rows), C channels (n_embd), V vocabulary.
"""

from math import exp, log, sqrt

from .floatbits import from_bits, to_bits

floats = "a float buffer"
ints = "an int32 buffer"
uint16s = "a buffer of 16 bits, array('H')"
uint8s = "bytes"

# How tools/kernelc unrolls and jams the loops when it compiles this file. Results stay the same.
SCHEDULE = {
    "linear_forward": "o×4, t×2",
    "linear_backward": "o×2, i×4, c×4, row×2",
    "adam_step": "i×2",
}

COMPILED = False  # the compiler sets this to True

# True if an interrupt cannot stop adam_step halfway. It can stop bytecode, but not machine code.
ATOMIC = COMPILED


def reserve(config):
    """Allocate workspace for the kernels of a model of this shape, a Config. This engine needs
    none, so this does nothing."""


def encode_letters(tokens: ints, text: uint8s, ids: uint16s, first: int, n: int) -> int:
    """Write the id of each letter text[first], …, text[first+n-1] to tokens[1], …, tokens[n]; stop
    at the first byte whose id is 0. Return the number of tokens that are written.

    ids[byte] is the id of a byte, for all 256 bytes.
    """
    for i in range(n):
        token = ids[text[first + i]]
        if token == 0:
            return i
        tokens[1 + i] = token
    return n


def embed_forward(
    x: floats, rstd: floats, tokens: ints, wte: floats, wpe: floats, start: int, T: int, C: int
):
    """Write rows start … start+T-1 of x (.., C) = rmsnorm(wte[tokens] + wpe), the token and
    position embedding of each row, and of rstd (..), the factors of the norm."""
    for t in range(start, start + T):
        token_row = tokens[t] * C
        row = t * C
        for i in range(C):
            x[row + i] = wte[token_row + i] + wpe[row + i]
    rmsnorm_forward(x, rstd, x, start, T, C)


def embed_backward(
    dwte: floats,
    dwpe: floats,
    dx: floats,
    x: floats,
    rstd: floats,
    tokens: ints,
    T: int,
    C: int,
    V: int,
    block_size: int,
):
    """Overwrite dwte (V, C) and dwpe (block_size, C) with the gradients, from dx (T, C). Unused
    rows become 0. x (T, C) and rstd (T,) are the outputs of embed_forward."""
    for i in range(V * C):
        dwte[i] = 0.0
    for i in range(block_size * C):
        dwpe[i] = 0.0
    rmsnorm_backward(dwpe, dx, x, rstd, T, C)
    for t in range(T):
        token_row = tokens[t] * C
        row = t * C
        for i in range(C):
            dwte[token_row + i] += dwpe[row + i]


def rmsnorm_forward(y: floats, rstd: floats, x: floats, start: int, T: int, C: int):
    """Write rstd = (mean(x²) + 1e-5)^-½ of each row from start to start+T-1, and the same rows of y
    (.., C) = x · rstd. y may be x."""
    for t in range(start, start + T):
        row = t * C
        squares = 0.0
        for i in range(C):
            squares += x[row + i] * x[row + i]
        scale = 1.0 / sqrt(squares / C + 1e-5)
        rstd[t] = scale
        for i in range(C):
            y[row + i] = x[row + i] * scale


def rmsnorm_backward(dx: floats, dy: floats, y: floats, rstd: floats, T: int, C: int):
    """Add rstd · (dy − y · mean(dy·y)) to dx (T, C). y (T, C) and rstd (T,) are the outputs of
    rmsnorm_forward; its input is not needed."""
    for t in range(T):
        row = t * C
        dot = 0.0
        for i in range(C):
            dot += dy[row + i] * y[row + i]
        mean = dot / C
        scale = rstd[t]
        for i in range(C):
            dx[row + i] += scale * (dy[row + i] - y[row + i] * mean)


def linear_forward(
    y: floats,
    x: floats,
    w: floats,
    start: int,
    T: int,
    n_in: int,
    n_out: int,
    relu: int,
):
    """Write rows start … start+T-1 of y (.., n_out) = x (.., n_in) · wᵀ, with w (n_out, n_in). If
    relu is 1, write max(y, 0) instead."""
    for o in range(n_out):
        for t in range(start, start + T):
            total = 0.0
            for i in range(n_in):
                total += x[t * n_in + i] * w[o * n_in + i]
            y[t * n_out + o] = total
    if relu == 1:
        for k in range(start * n_out, (start + T) * n_out):
            y[k] = max(y[k], 0.0)


def linear_backward(
    dx: floats,
    dw: floats,
    dy: floats,
    x: floats,
    w: floats,
    T: int,
    n_in: int,
    n_out: int,
    relu: int,
):
    """Overwrite dw (n_out, n_in) with dyᵀ (n_out, T) · x (T, n_in), then dx (T, n_in) with dy · w.

    If relu is 1, x is the output of a ReLU, and dx is 0 where x is 0. Otherwise dx may be x.
    """
    for o in range(n_out):
        for i in range(n_in):
            total = dy[o] * x[i]  # not 0.0: a sum of few terms would take a sixth longer
            for t in range(1, T):
                total += dy[t * n_out + o] * x[t * n_in + i]
            dw[o * n_in + i] = total
    for k in range(T * n_in):
        dx[k] = 0.0
    # 32 rows of w at a time: a chip with PSRAM then reads w once, since its cache keeps these rows.
    for first in range(0, n_out, 32):
        last = min(first + 32, n_out)
        for c in range(n_in):
            for row in range(T):
                total = dx[row * n_in + c]
                for o in range(first, last):
                    total += dy[row * n_out + o] * w[o * n_in + c]
                dx[row * n_in + c] = total
    if relu == 1:
        for k in range(T * n_in):
            d = dx[k]
            if x[k] == 0.0:
                d = 0.0
            dx[k] = d


def attention_forward(
    y: floats,
    probs: floats,
    qkv: floats,
    start: int,
    T: int,
    C: int,
    n_head: int,
    block_size: int,
):
    """Compute causal attention: rows start … start+T-1 attend to all rows up to themselves.

    A row of qkv (.., 3C) holds q, k and v side by side, each as n_head heads of C/n_head. Writes
    these rows of y (.., C), and the attention weights probs[head, row, s] for s <= row. A head's
    part of probs is a triangle: its rows have 1, 2, … block_size weights, one after the other.
    """
    size = C // n_head
    triangle = block_size * (block_size + 1) // 2
    scale = 1.0 / sqrt(size)
    for h in range(n_head):
        for t in range(start, start + T):
            q = t * 3 * C + h * size
            p = h * triangle + t * (t + 1) // 2
            top = -1e30
            for s in range(t + 1):
                k = s * 3 * C + C + h * size
                dot = 0.0
                for i in range(size):
                    dot += qkv[q + i] * qkv[k + i]
                dot = dot * scale
                probs[p + s] = dot
                if dot > top:
                    top = dot
            total = 0.0
            for s in range(t + 1):
                weight = exp(probs[p + s] - top)
                probs[p + s] = weight
                total += weight
            inverse = 1.0 / total
            for s in range(t + 1):
                probs[p + s] = probs[p + s] * inverse
            for i in range(size):
                dot = 0.0
                for s in range(t + 1):
                    dot += probs[p + s] * qkv[s * 3 * C + 2 * C + h * size + i]
                y[t * C + h * size + i] = dot


def attention_backward(
    dqkv: floats,
    dscores: floats,
    dy: floats,
    probs: floats,
    qkv: floats,
    T: int,
    C: int,
    n_head: int,
    block_size: int,
):
    """Overwrite dqkv (T, 3C) with the gradient of qkv, from dy (T, C), and from the qkv and probs
    of attention_forward. dscores (block_size,) is workspace for one row of scores.

    With p = softmax(s), s = q·k·scale, y = p·v: dv += p·dy, dp = dy·v, ds = p · (dp − Σ p·dp), dq
    += ds·k·scale, dk += ds·q·scale.
    """
    size = C // n_head
    triangle = block_size * (block_size + 1) // 2
    scale = 1.0 / sqrt(size)
    for i in range(T * 3 * C):
        dqkv[i] = 0.0
    for h in range(n_head):
        for t in range(T):
            q = t * 3 * C + h * size
            out = t * C + h * size
            p = h * triangle + t * (t + 1) // 2
            mean = 0.0
            for s in range(t + 1):
                v = s * 3 * C + 2 * C + h * size
                dot = 0.0
                for i in range(size):
                    dot += dy[out + i] * qkv[v + i]
                    dqkv[v + i] += probs[p + s] * dy[out + i]
                dscores[s] = dot
                mean += probs[p + s] * dot
            for s in range(t + 1):
                k = s * 3 * C + C + h * size
                dscore = probs[p + s] * (dscores[s] - mean) * scale
                for i in range(size):
                    dqkv[q + i] += dscore * qkv[k + i]
                    dqkv[k + i] += dscore * qkv[q + i]


def residual_forward(y: floats, x: floats, branch: floats, start: int, T: int, C: int):
    """Write rows start … start+T-1 of y (.., C) = x + branch. y may be x."""
    for i in range(start * C, (start + T) * C):
        y[i] = x[i] + branch[i]


def cross_entropy(losses: floats, logits: floats, targets: ints, slot: int, T: int, V: int) -> int:
    """Write the mean of −log softmax(logits)[target] over rows 0 … T-1, in nats, to losses[slot].
    targets[t] is the token of row t.

    Overwrites the logits (T, V) with their gradient, (softmax(logits) − one-hot(targets)) / T.
    Returns 1, or 0 if the loss is not a finite number.
    """
    loss = 0.0
    for t in range(T):
        row = t * V
        target = row + targets[t]
        top = -1e30
        for i in range(V):
            if logits[row + i] > top:
                top = logits[row + i]
        # Not −log(probability), which is infinite if the probability underflows.
        loss += top - logits[target]
        total = 0.0
        for i in range(V):
            weight = exp(logits[row + i] - top)
            logits[row + i] = weight
            total += weight
        loss += log(total)
        scale = 1.0 / (total * T)
        for i in range(V):
            logits[row + i] = logits[row + i] * scale
        logits[target] -= 1.0 / T
    loss = loss / T
    losses[slot] = loss
    if loss - loss == 0.0:
        return 1
    return 0


def categorical(logits: floats, scale: floats, row: int, V: int, top_k: int, draw: int) -> int:
    """Return a token drawn from softmax(logits · scale[0]) of one row of logits (.., V). Overwrites
    the row.

    scale[0] is 1/temperature. draw, a random number from 0 to 2^24 − 1, decides which token it is.
    With top_k > 0, only the top_k likeliest tokens can be drawn, and tokens as likely as the last
    of these; with 0, all can.
    """
    first = row * V
    top = -1e30
    for i in range(V):
        if logits[first + i] > top:
            top = logits[first + i]
    # Find the smallest logit that may be drawn: go from the largest to the next until there are
    # top_k.
    least = 1e30
    if top_k == 0:
        least = -1e30
    kept = 0
    while kept < top_k:
        largest = -1e30
        count = 0
        for i in range(V):
            if logits[first + i] < least:
                if logits[first + i] > largest:
                    largest = logits[first + i]
                    count = 0
                if logits[first + i] == largest:
                    count += 1
        least = largest
        if count == 0:
            kept = top_k  # there are no more
        kept += count
    total = 0.0
    for i in range(V):
        weight = 0.0
        if logits[first + i] >= least:
            weight = exp((logits[first + i] - top) * scale[0])
        logits[first + i] = weight
        total += weight
    left = total * draw * 5.9604644775390625e-8
    token = 0
    for i in range(V):
        if logits[first + i] > 0.0:
            if left >= 0.0:
                token = i
            left -= logits[first + i]
    return token


def adam_step(
    params: floats,
    grads: floats,
    m: floats,
    v: floats,
    hyper: floats,
    step: int,
    num_steps: int,
    n: int,
):
    """Update n parameters, m and v in place with Adam (Kingma & Ba 2015, algorithm 1), from their
    gradients.

    hyper holds the learning rate, β1, β2 and ε. step counts from 0. The learning rate is multiplied
    by (num_steps − step) / num_steps.
    """
    beta1 = hyper[1]
    beta2 = hyper[2]
    # Compute β^(step+1) by squaring, so that no state is kept.
    power1 = 1.0
    power2 = 1.0
    square1 = beta1
    square2 = beta2
    left = step + 1
    while left > 0:
        if left % 2 == 1:
            power1 = power1 * square1
            power2 = power2 * square2
        square1 = square1 * square1
        square2 = square2 * square2
        left = left // 2
    # The bias correction of v is the same for all parameters, so it is moved out of the root.
    correct2 = sqrt(1.0 - power2)
    rate = hyper[0] * (num_steps - step) / num_steps / (1.0 - power1) * correct2
    eps = hyper[3] * correct2
    for i in range(n):
        g = grads[i]
        mean = m[i] + (g - m[i]) * (1.0 - beta1)
        square = v[i] + (g * g - v[i]) * (1.0 - beta2)
        v[i] = square
        m[i] = mean
        scale = rate / (sqrt(square) + eps)
        params[i] -= scale * mean


def adam_step_16(
    params: floats,
    grads: floats,
    moments: ints,
    hyper: floats,
    step: int,
    num_steps: int,
    n: int,
):
    """Do the same as adam_step, with m and v of each parameter in the 32 bits of one int of
    `moments`.

    m is a bfloat16, the upper half of a float32, in the upper 16 bits. v is never negative; its
    float32, without the sign and the last 15 bits, is in the lower 16 bits. Both are rounded up or
    down by thresholds, so that errors cancel over many steps. The thresholds are a Weyl sequence,
    which visits all 16-bit values evenly, with the golden ratio over parameters and √2 over steps.
    It is computed from `step`, so no state is kept.
    """
    beta1 = hyper[1]
    beta2 = hyper[2]
    # Compute β^(step+1) by squaring, so that no state is kept.
    power1 = 1.0
    power2 = 1.0
    square1 = beta1
    square2 = beta2
    left = step + 1
    while left > 0:
        if left % 2 == 1:
            power1 = power1 * square1
            power2 = power2 * square2
        square1 = square1 * square1
        square2 = square2 * square2
        left = left // 2
    # The bias correction of v is the same for all parameters, so it is moved out of the root.
    correct2 = sqrt(1.0 - power2)
    rate = hyper[0] * (num_steps - step) / num_steps / (1.0 - power1) * correct2
    eps = hyper[3] * correct2
    for i in range(n):
        both = moments[i]
        low = both % 65536
        mean = from_bits(both - low)
        square = from_bits(low * 32768)
        g = grads[i]
        mean = mean + (g - mean) * (1.0 - beta1)
        square = square + (g * g - square) * (1.0 - beta2)
        threshold = (i * 40503 + step * 27146) % 65536
        low = to_bits(mean) + threshold
        moments[i] = low - low % 65536 + (to_bits(square) + threshold // 2) // 32768
        scale = rate / (sqrt(square) + eps)
        params[i] -= scale * mean
