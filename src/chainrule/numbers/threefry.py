"""Threefry-2x32, the project's only source of randomness: a function of a key and a counter, so that Python, native
code, JavaScript and JAX give the same bits, in any order and on any number of processes.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from fractions import Fraction

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_MASK = 0xFFFFFFFF


def threefry2x32(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Two random 32-bit words from a key and a counter of two words each, in 20 rounds.

    >>> [f"{word:08x}" for word in threefry2x32((0, 0), (0, 0))]
    ['6b200159', '99ba4efe']
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    x, y = (counter[0] + key[0]) & _MASK, (counter[1] + key[1]) & _MASK
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = (x + y) & _MASK
            y = ((y << rotation) & _MASK | y >> (32 - rotation)) ^ x
        x = (x + schedule[(group + 1) % 3]) & _MASK
        y = (y + schedule[(group + 2) % 3] + group + 1) & _MASK
    return x, y


def uniform_element(key: int, counter: int, element: int) -> Fraction:
    """Element number `element` of `uniform(key, counter)`: an exact multiple of 2^-53 in [0, 1).

    The key's two words are its high and low 32 bits; the block is (counter, element); the 53 bits are the first word's
    upper 27 followed by the second word's upper 26.
    """
    high, low = threefry2x32((key >> 32 & _MASK, key & _MASK), (counter & _MASK, element & _MASK))
    return Fraction((high >> 5) << 26 | low >> 6, 1 << 53)
