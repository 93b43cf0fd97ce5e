"""A hash of numbers, and permutations that can be inverted."""

from typing import Final

MASK64: Final = 0xFFFF_FFFF_FFFF_FFFF
GOLDEN: Final = 0x9E37_79B9_7F4A_7C15


def mix(value: int) -> int:
    """A 64-bit hash of 64 bits (the finalizer of splitmix64)."""
    value = ((value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK64
    value = ((value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB) & MASK64
    return value ^ (value >> 31)


def keyed(seed: int, purpose: int) -> int:
    """A different 64-bit key for each purpose of a seed."""
    return mix((mix(seed & MASK64) + purpose * GOLDEN) & MASK64)


class Shuffle:
    """A permutation of ``range(size)`` for a 64-bit key, computed number by number in both directions.

    It permutes the next power of two by invertible steps (add, xor with the upper half, multiply by an odd number), and
    repeats them while the result is out of range (cycle walking), which keeps it a permutation.
    """

    __slots__ = ("_add", "_mask", "_multiply", "_multiply_back", "_shift", "size")

    def __init__(self, size: int, key: int) -> None:
        if size < 1:
            raise ValueError("a shuffle needs at least one place")
        bits = max(2, (size - 1).bit_length())
        self.size = size
        self._mask = (1 << bits) - 1
        # At least half of the bits: shifting twice leaves nothing, so each xor undoes itself.
        self._shift = (bits + 1) // 2
        self._add = mix(key) & self._mask
        self._multiply = (mix(key ^ GOLDEN) | 1) & self._mask
        self._multiply_back = pow(self._multiply, -1, 1 << bits)

    def place(self, number: int) -> int:
        """The place of ``number``."""
        mask, shift, multiply, add, size = self._mask, self._shift, self._multiply, self._add, self.size
        while True:
            number = ((number + add) * multiply) & mask
            number ^= number >> shift
            number = (number * multiply) & mask
            number ^= number >> shift
            if number < size:
                return number

    def origin(self, place: int) -> int:
        """The number at ``place``."""
        mask, shift, back, add, size = self._mask, self._shift, self._multiply_back, self._add, self.size
        while True:
            place ^= place >> shift
            place = (place * back) & mask
            place ^= place >> shift
            place = (place * back - add) & mask
            if place < size:
                return place
