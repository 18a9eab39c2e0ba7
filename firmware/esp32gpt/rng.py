"""Random numbers: xorshift32, the same sequence on every interpreter.

The 32-bit state is kept as two 16-bit halves, because MicroPython's ints of more than 30
bits are heap objects: this way a draw allocates nothing.
"""

from math import cos, log, pi, sqrt


class Rng:
    """xorshift32 with shifts 13, 17, 5 (Marsaglia 2003), period 2^32 − 1."""

    def __init__(self, seed=42):
        """seed: any int; seeds that differ in their low 32 bits give different sequences."""
        self.high = (seed >> 16) & 0xFFFF
        self.low = seed & 0xFFFF
        if not self.high | self.low:
            self.high = 0x9E37  # the all-zero state would stay zero
        for _ in range(16):  # small seeds have few bits set, and their first draws too
            self.bits()

    def bits(self):
        """24 random bits, as an int: the upper ones of the next state."""
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
        """An int from 0 to n − 1, for n up to 16,384."""
        return (self.bits() >> 10) * n >> 14

    def uniform(self):
        """A float in [0, 1) with 24 random bits, exact in float32."""
        return self.bits() * (1 / 16777216)

    def gaussian(self, mean, std):
        """A normal deviate by Box & Muller's transform; the second of each pair is not used."""
        radius = sqrt(-2 * log(1 - self.uniform()))
        return mean + std * radius * cos(2 * pi * self.uniform())

    def fill(self, buffer, std):
        """Overwrite a float buffer with what as many calls of gaussian(0.0, std) return.

        All of them are written out here: on the chip, where a model has thousands of weights,
        the calls would take longer than what they do.
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
