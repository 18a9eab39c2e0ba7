"""Convert float32 to its bits and back, for the reference engine. tools/kernelc has instructions
for these functions."""

from struct import pack, unpack


def to_bits(x):
    """Round x to float32 and return its bits as an int32. CPython raises OverflowError if x is
    finite and too large for a float32."""
    return unpack("<i", pack("<f", x))[0]


def from_bits(bits):
    """Return the float that has, as a float32, the bits of an int32."""
    return unpack("<f", pack("<i", bits))[0]
