"""A float32's bits as an int, for the reference engine; tools/kernelc has instructions for it."""

from struct import pack, unpack


def to_bits(x):
    """Return the int32 with the bits of x, rounded to float32."""
    return unpack("<i", pack("<f", x))[0]


def from_bits(bits):
    """Return the float32 with the bits of an int32."""
    return unpack("<f", pack("<i", bits))[0]
