"""Random numbers from xorshift32, with the same sequence on every interpreter.

The state of 32 bits is kept as two halves of 16. In MicroPython an int of more than 30 bits is a
heap object; with halves a draw allocates nothing.
"""

from math import cos, log, pi, sqrt


class Rng:
    """A generator of random numbers: xorshift32 with shifts 13, 17, 5 (Marsaglia 2003). Its period
    is 2^32 − 1.

    The attributes `high` and `low`, 16 bits each, are its whole state. Every draw changes them.
    """

    def __init__(self, seed=42):
        """Start from `seed`, any int, of which the lowest 32 bits count: different ones give
        different sequences."""
        self.high = (seed >> 16) & 0xFFFF
        self.low = seed & 0xFFFF
        if not self.high | self.low:
            self.high = 0x9E37  # a state of zero would stay zero
        for _ in range(16):  # after a small seed, the first draws would have few bits set
            self.bits()

    def bits(self):
        """Return 24 random bits as an int: the upper bits of the next state."""
        high = self.high
        low = self.low
        high ^= (high << 13 | low >> 3) & 0xFFFF
        low ^= low << 13 & 0xFFFF
        low ^= high >> 1
        high ^= (high << 5 | low >> 11) & 0xFFFF
        low ^= low << 5 & 0xFFFF
        self.high = high
        self.low = low
        return high << 8 | low >> 8

    def below(self, n):
        """Return a random int from 0 to n − 1, for n from 1 to 16,384."""
        return (self.bits() >> 10) * n >> 14

    def uniform(self):
        """Return a float in [0, 1) with 24 random bits, exact in float32."""
        return self.bits() * (1 / 16777216)

    def gaussian(self, mean, std):
        """Draw a float from the normal distribution with this mean and standard deviation, by the
        transform of Box and Muller. This takes two uniform draws."""
        radius = sqrt(-2 * log(1 - self.uniform()))
        return mean + std * radius * cos(2 * pi * self.uniform())

    def fill(self, buffer, std):
        """Overwrite each element of a float buffer with a draw from the normal distribution with
        mean 0 and standard deviation `std`, the same as from gaussian(0.0, std).

        The calls are written out here: on the chip, where a model has thousands of weights, they
        would take longer than the computation.
        """
        high = self.high
        low = self.low
        unit = 1 / 16777216
        circle = 2 * pi
        for i in range(len(buffer)):
            high ^= (high << 13 | low >> 3) & 0xFFFF
            low ^= low << 13 & 0xFFFF
            low ^= high >> 1
            high ^= (high << 5 | low >> 11) & 0xFFFF
            low ^= low << 5 & 0xFFFF
            radius = sqrt(-2 * log(1 - (high << 8 | low >> 8) * unit))
            high ^= (high << 13 | low >> 3) & 0xFFFF
            low ^= low << 13 & 0xFFFF
            low ^= high >> 1
            high ^= (high << 5 | low >> 11) & 0xFFFF
            low ^= low << 5 & 0xFFFF
            buffer[i] = std * radius * cos(circle * ((high << 8 | low >> 8) * unit))
        self.high = high
        self.low = low
