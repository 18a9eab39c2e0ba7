"""Compute exp, log, sqrt and division with plain IEEE operations.

Each starts with integer arithmetic on the bits of the float and continues with a polynomial or with
Newton steps. The coprocessor's estimate instructions are not used (see xtensa.py). The tests in
host_tests/kernelc/test_math.py state the errors, in units in the last place.
"""

import math

from .builder import BRANCH
from .ir import Label

# ln 2 in two pieces, the first with few bits so that n · LN2_HIGH is exact (Cody & Waite 1980).
LN2_HIGH = 0.693359375
LN2_LOW = -2.12194440054690582e-4
LOG2_E = 1.4426950408889634

# Minimax fits (Lawson's iteration on Chebyshev nodes), highest power first:
# (eʳ − 1 − r) / r² on |r| ≤ ½ ln 2, and (log(1 + f) − f + f²/2) / f³ on √½ ≤ 1 + f ≤ √2.
EXP = (0.00138131447602, 0.00836941879243, 0.04166845604778, 0.16666515171528, 0.49999994039536)
LOG = (
    0.08700430393219,
    -0.14267486333847,
    0.14914768934250,
    -0.16577585041523,
    0.19963063299656,
    -0.25001338124275,
    0.33333909511566,
)

# ½π in three pieces, two of few bits; minimax fits of (sin r − r) / r³ and of cos r on |r| ≤ ¼π.
HALF_PI = (1.5703125, 4.837512969970703e-4, 7.549789948768648e-8)
SIN = (-1.951202841507081e-4, 8.332137138949702e-3, -0.16666654242183343)
COS = (
    2.4386371190434814e-5,
    -1.3886721304172123e-3,
    0.041666622016293536,
    -0.4999999971398306,
)

SQRT_HALF_BITS = 0x3F3504F3
RECIPROCAL_GUESS = 0x7EF311C7  # bits of 1/x are about this minus the bits of x
RSQRT_GUESS = 0x5F375A86  # bits of 1/√x are about this minus half the bits of x

# A guess of 1/√(2x), and a little more than ½ for each of two Newton steps y += y·(½ − x·y²), so
# that the errors above and below are equal: 8.8e-4 after the first, 8e-7 after the second.
EVEN_GUESS = 0x5EF76900
EVEN_HALVES = (0.500879, 0.5000005)


class MathOps:
    """Emits float operations to a `Builder`. Arguments and results are float registers, and no
    argument is changed. An instruction that exists already with the same operands is used again
    (`Builder.pure`)."""

    def __init__(self, builder):
        self.builder = builder
        self.pure = builder.pure

    def fma(self, a, b, c):
        """Emit the instruction for a + b·c, rounded once; return the register with its result."""
        return self.pure("fma", a, b, c)

    def fms(self, a, b, c):
        """Emit the instruction for a − b·c, rounded once; return the register with its result."""
        return self.pure("fms", a, b, c)

    def horner(self, x, coefficients):
        """Emit the computation of a polynomial at x; return the register with the result. The
        coefficients are Python floats; the first is that of the highest power."""
        total = self.builder.float_constant(coefficients[0])
        for c in coefficients[1:]:
            total = self.fma(self.builder.float_constant(c), total, x)
        return total

    def error(self, x, r):
        """Emit the instruction for 1 − x·r, which is small if r is nearly 1/x; return the register
        with its result."""
        return self.fms(self.builder.float_constant(1.0), x, r)

    def reciprocal_guess(self, x):
        """Emit a guess of 1/x from the bits of x, with a relative error of up to 5.1 %; return the
        register with it."""
        bits = self.pure("sub", self.builder.constant(RECIPROCAL_GUESS), self.pure("rfr", x))
        return self.pure("wfr", bits)

    def reciprocal(self, x):
        """Emit 1/x for 2⁻¹²⁶ ≤ |x| ≤ 2¹²⁶; return the register with the result. With the error e of
        the guess r, 1/x = r·(1 + e + e² + …): compute r·(1 + e)·(1 + e²), then a Newton step r +
        r·e, which rounds well."""
        r = self.reciprocal_guess(x)
        e = self.error(x, r)
        square = self.pure("mul.s", e, e)
        r = self.fma(r, r, e)
        r = self.fma(r, r, square)
        return self.fma(r, r, self.error(x, r))

    def quotient(self, a, b):
        """Emit a/b: a times nearly 1/b, corrected by the remainder. Return the register with the
        result."""
        r = self.reciprocal_guess(b)
        e = self.error(b, r)
        r = self.fma(r, r, self.fma(e, e, e))
        r = self.fma(r, r, self.error(b, r))
        q = self.pure("mul.s", a, r)
        return self.fma(q, r, self.fms(a, q, b))

    def square_root(self, x):
        """Emit √x for x ≥ 0; return the register with the result. Start from a guess of 1/√x on its
        bits and do two steps of Goldschmidt towards root = √x and half = ½/√x: e = ½ − root·half,
        root += root·e, half += half·e. Then root += half·(x − root²). 0 gives 0; below 2⁻¹²⁶ the
        error is absolute, less than 2⁻⁶³."""
        bits = self.pure("srai", self.pure("rfr", x), 1)
        y = self.pure("wfr", self.pure("sub", self.builder.constant(RSQRT_GUESS), bits))
        root = self.pure("mul.s", x, y)
        half = self.pure("mul.s", y, self.builder.float_constant(0.5))
        for _ in range(2):
            e = self.fms(self.builder.float_constant(0.5), root, half)
            root, half = self.fma(root, root, e), self.fma(half, half, e)
        return self.fma(root, half, self.fms(x, root, root))

    def root_and_inverse(self, x):
        """Emit √(x/2) and 1/√(2x), from a guess on the bits of x and one Newton step, with relative
        errors of up to 0.00088. Return the two registers with the results. With these, a step takes
        no product by ½."""
        bits = self.pure("srai", self.pure("rfr", x), 1)
        y = self.pure("wfr", self.pure("sub", self.builder.constant(EVEN_GUESS), bits))
        root = self.pure("mul.s", x, y)
        e = self.fms(self.builder.float_constant(EVEN_HALVES[0]), root, y)
        return self.fma(root, root, e), self.fma(y, y, e)

    def over_root_and(self, a, x, c):
        """Emit a/(√x + c) for c ≥ 0, with a relative error below 1.2e-6; return the register with
        the result. If c is below √x / 4096, as it nearly always is in Adam, the second step for
        1/√(2x) uses √(x/2) + c·√2 instead of √(x/2), which also subtracts c/x. The code for the
        rare other case is emitted when the result is first read (`Builder.later`), so the code
        before that is straight. Most often x is 0 in this case."""
        bits = self.pure("rfr", x)
        few = self.pure("mul.s", c, self.builder.float_constant(4096.0))
        least = self.pure("rfr", self.pure("fma", self.builder.float_constant(2.0**-126), few, few))
        last_half = self.builder.float_constant(EVEN_HALVES[1])
        square_root_of_2 = self.builder.float_constant(math.sqrt(2))
        root, y = self.root_and_inverse(x)
        total = self.pure("add.s", root, self.pure("mul.s", c, square_root_of_2))
        e = self.fms(last_half, total, y)
        y = self.pure("mul.s", y, self.pure("mul.s", a, square_root_of_2))
        result = self.builder.register("f", "quotient", self.builder.top)
        self.builder.emit("fma", result, y, y, e)

        def otherwise():
            end = Label("settled", cold=True)
            self.builder.emit("bge", bits, least, end)
            with self.builder.scope(BRANCH):
                self.builder.emit("mov", result, self.pure("mul.s", a, self.slow_reciprocal(c)))
                self.builder.emit("beqz", bits, end)
                root, y = self.root_and_inverse(self.pure("wfr", bits))
                root = self.fma(root, root, self.fms(last_half, root, y))
                inverse = self.slow_reciprocal(self.fma(c, root, square_root_of_2))
                self.builder.emit("mul.s", result, a, inverse)
            self.builder.emit("label", end)

        self.builder.later(result, otherwise)
        return result

    def slow_reciprocal(self, x):
        """Emit 1/x in few instructions that wait for each other; return the register with the
        result."""
        r = self.reciprocal_guess(x)
        for _ in range(3):
            r = self.fma(r, r, self.error(x, r))
        return r

    def exponential(self, x):
        """Emit eˣ = 2ⁿ · eʳ, with n = round(x / ln 2) and a polynomial for eʳ; return the register
        with the result. The result is 0 for x below −87.7, where eˣ is below 2⁻¹²⁶, and infinite
        for x above 88.4."""
        x = self.pure("raise_to", x, self.builder.float_constant(-88.0))  # so n ≥ −127
        x = self.pure("lower_to", x, self.builder.float_constant(89.0))
        n = self.pure("round.s", self.pure("mul.s", x, self.builder.float_constant(LOG2_E)), 0)
        whole = self.pure("float.s", n, 0)
        r = self.fms(x, whole, self.builder.float_constant(LN2_HIGH))
        r = self.fms(r, whole, self.builder.float_constant(LN2_LOW))
        p = self.horner(r, (*EXP, 1.0, 1.0))
        power = self.pure("slli", self.pure("addi", n, 127), 23)
        return self.pure("mul.s", p, self.pure("wfr", power))

    def sine(self, x):
        """Emit sin x, with an absolute error of up to 1.2·10⁻⁷ for |x| up to 8,000; return the
        register with the result."""
        return self._sine_of_quadrant(x, 0)

    def cosine(self, x):
        """Emit cos x = sin(x + π/2), with the errors of `sine`; return the register with the
        result."""
        return self._sine_of_quadrant(x, 1)

    def _sine_of_quadrant(self, x, quadrant):
        """sin(x + quadrant · π/2). With n = round(x / ½π) and r = x − n · ½π it is, by the last two
        bits of n + quadrant, sin r, cos r, −sin r or −cos r, each from a polynomial. ½π is
        taken off in three pieces; their products are exact for |x| up to some thousands."""
        pure, constant = self.pure, self.builder.float_constant
        n = pure("round.s", pure("mul.s", x, constant(2 / math.pi)), 0)
        whole = pure("float.s", n, 0)
        r = x
        for piece in HALF_PI:
            r = self.fms(r, whole, constant(piece))
        square = pure("mul.s", r, r)
        sine = self.fma(r, pure("mul.s", r, square), self.horner(square, SIN))
        cosine = self.horner(square, (*COS, 1.0))
        if quadrant:
            n = pure("addi", n, quadrant)
        odd = pure("and", n, self.builder.constant(1))
        sign = pure("slli", pure("and", n, self.builder.constant(2)), 30)
        result = pure("select_zero", cosine, sine, odd)
        return pure("wfr", pure("xor", pure("rfr", result), sign))

    def logarithm(self, x):
        """Emit log x = n·ln 2 + log(1 + f), with √½ ≤ 1 + f < √2, for normal x > 0; return the
        register with the result. The result is about −88 for 0, and NaN if x is infinite or NaN."""
        bits = self.pure("rfr", x)
        n = self.pure("sub", bits, self.builder.constant(SQRT_HALF_BITS))
        n = self.pure("srai", n, 23)
        m = self.pure("wfr", self.pure("sub", bits, self.pure("slli", n, 23)))
        whole = self.pure("float.s", n, 0)
        f = self.pure("sub.s", m, self.builder.float_constant(1.0))
        square = self.pure("mul.s", f, f)
        p = self.pure("mul.s", self.pure("mul.s", f, square), self.horner(f, LOG))
        p = self.fma(p, whole, self.builder.float_constant(LN2_LOW))
        p = self.fms(p, square, self.builder.float_constant(0.5))
        total = self.fma(self.pure("add.s", f, p), whole, self.builder.float_constant(LN2_HIGH))
        # x − x is 0, or NaN if x is infinite or NaN.
        return self.pure("add.s", total, self.pure("sub.s", x, x))
