"""A cascade of second-order filters (biquads), direct form II transposed."""

floats = "a float buffer"


def biquad(x: floats, coefficients: floats, state: floats, sections: int, n: int):
    """Filter n samples of x in place. A section has five coefficients b0, b1, b2, a1, a2 (a0 is 1)
    and two numbers of state, which go on from call to call and begin as 0."""
    for s in range(sections):
        b0 = coefficients[5 * s]
        b1 = coefficients[5 * s + 1]
        b2 = coefficients[5 * s + 2]
        a1 = coefficients[5 * s + 3]
        a2 = coefficients[5 * s + 4]
        first = state[2 * s]
        second = state[2 * s + 1]
        for i in range(n):
            value = x[i]
            y = first + b0 * value
            first = second + b1 * value - a1 * y
            second = b2 * value - a2 * y
            x[i] = y
        state[2 * s] = first
        state[2 * s + 1] = second
