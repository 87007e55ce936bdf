"""Random numbers as a function of a key and a counter.

Every number is made of operations that all machines do alike, so that Python, native code, JavaScript and JAX
draw the same bits, in any order and on any number of processes.
"""

from __future__ import annotations

import sys
from math import frexp, sqrt

TYPE_CHECKING = False  # what only types need is not loaded: a short program starts with this file
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final, TypeAlias

Words: TypeAlias = tuple[int, int]

MANY: Final = 20_000  # draws from which loading NumPy takes less time than it saves
SOME: Final = 100  # draws from which NumPy takes less time where it is loaded
_WORD: Final = 0xFFFFFFFF
PARITY: Final = 0x1BD11BDA
ROTATIONS: Final = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry2x32(key: Words, counter: Words) -> Words:
    """Two random words for a key and a counter: Threefry-2x32 with 20 rounds.

    With k2 = 0x1BD11BDA ^ k0 ^ k1, the counter plus (k0, k1) goes through five groups of four rounds
    x0 += x1; x1 = (x1 rotated left by R) ^ x0; after group g the words k[g mod 3] and k[(g+1) mod 3] + g are
    added, all modulo 2^32. Key and counter are taken modulo 2^32, word by word.

    Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (2011).

    >>> [hex(word) for word in threefry2x32((0, 0), (0, 0))]
    ['0x6b200159', '0x99ba4efe']
    """
    k0, k1 = key[0] & _WORD, key[1] & _WORD
    keys = (k0, k1, PARITY ^ k0 ^ k1)
    x0, x1 = (counter[0] + k0) & _WORD, (counter[1] + k1) & _WORD
    for group in range(1, 6):
        for by in ROTATIONS[(group + 1) % 2]:
            x0 = (x0 + x1) & _WORD
            x1 = ((x1 << by) & _WORD | x1 >> (32 - by)) ^ x0
        x0 = (x0 + keys[group % 3]) & _WORD
        x1 = (x1 + keys[(group + 1) % 3] + group) & _WORD
    return x0, x1


def counter_of(number: int) -> Words:
    """The counter of the draw with that number: (number mod 2^32, number div 2^32).

    Raises ProblemError unless 0 <= number < 2^63; counters above belong to `fold`.

    >>> counter_of(2**32 + 5)
    (5, 1)
    """
    if not 0 <= number < 1 << 63:
        from chainrule.errors import ProblemError

        raise ProblemError(f"a draw has the number {number}, expected 0 to 2^63 - 1.")
    return number & _WORD, number >> 32


def uniform(key: Words, counter: Words) -> float:
    """A number in [0, 1) with 53 random bits.

    With the two words a, b: k = (a div 2^5) * 2^26 + (b div 2^6), and the number is k / 2^53. Every step is
    exact in double precision.

    >>> uniform((0, 0), (0, 0))
    0.41845711022987275
    """
    return _bits53(key, counter) * 2.0**-53


def uniforms(key: Words, count: int) -> list[float]:
    """The draws number 0 to count - 1 of `uniform`: the same bits, by NumPy where that is quicker.

    >>> uniforms((0, 0), 2) == [uniform((0, 0), counter_of(0)), uniform((0, 0), counter_of(1))]
    True
    """
    if count < (SOME if "numpy" in sys.modules else MANY):
        return [uniform(key, counter_of(number)) for number in range(count)]
    found: list[float] = uniform_array(key, count).tolist()
    return found


def uniform_array(key: tuple[Any, Any], count: int, *, first: int = 0) -> Any:
    """`count` draws of `uniform` from number `first` on, as a NumPy array: the same bits, all at once.

    The words of the key may be arrays of one length, for many keys at once: then there is a row for each key.

    >>> uniform_array((0, 0), 2).tolist() == [uniform((0, 0), counter_of(0)), uniform((0, 0), counter_of(1))]
    True
    """
    import numpy as np

    return _bits53_array(key, count, first).astype(np.float64) * 2.0**-53


def fold_array(key: Words, numbers: Any) -> tuple[Any, Any]:
    """The keys that `fold` makes of a key and each of some numbers below 2^32, as two arrays of words."""
    import numpy as np

    return _threefry_array(np.uint64(key[0]), np.uint64(key[1]), np.asarray(numbers, np.uint64), np.uint64(1 << 31))


def _threefry_array(k0: Any, k1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """`threefry2x32` of arrays of words, which NumPy stretches to one shape."""
    import numpy as np

    word = np.uint64(_WORD)
    keys = (k0 & word, k1 & word, np.uint64(PARITY) ^ (k0 & word) ^ (k1 & word))
    x0, x1 = (x0 + keys[0]) & word, (x1 + keys[1]) & word
    for group in range(1, 6):
        for by in ROTATIONS[(group + 1) % 2]:
            x0 = (x0 + x1) & word
            x1 = (((x1 << np.uint64(by)) & word) | (x1 >> np.uint64(32 - by))) ^ x0
        x0 = (x0 + keys[group % 3]) & word
        x1 = (x1 + keys[(group + 1) % 3] + np.uint64(group)) & word
    return x0, x1


def normal(key: Words, counter: Words) -> float:
    """A number from the standard normal distribution, by the inverse of its distribution function.

    With k as in `uniform`: u = ((k div 2) + 1/2) / 2^52, which is symmetric about 1/2 and never 0 or 1, and
    the number is the quantile of u, within 1e-15 of its size. Only +, -, *, / and square roots are used, in
    the order written here, and a logarithm made of them, since the libraries of two machines differ in the
    last bit.

    Wichura: Algorithm AS 241, the percentage points of the normal distribution (1988).

    >>> normal((0, 0), (0, 0))
    -0.20584214328556297
    """
    u = ((_bits53(key, counter) >> 1) + 0.5) * 2.0**-52
    return _quantile(u)


def normal_array(key: Words, count: int, *, first: int = 0) -> Any:
    """`count` draws of `normal` from number `first` on, as a NumPy array: the same bits, all at once.

    >>> normal_array((0, 0), 2).tolist() == [normal((0, 0), counter_of(0)), normal((0, 0), counter_of(1))]
    True
    """
    import numpy as np

    u = ((_bits53_array(key, count, first) >> np.uint64(1)).astype(np.float64) + 0.5) * 2.0**-52
    found = u - 0.5
    far = np.flatnonzero(np.abs(found) > 0.425)
    signs = np.sign(found[far])
    found *= _ratio(_CENTRE, 0.180625 - found * found)
    m, e = np.frexp(np.minimum(u, 1.0 - u)[far])
    low = m < _SQRT_HALF
    r = np.sqrt(-_log_of_parts(np.where(low, m * 2.0, m), e - low))
    found[far] = signs * np.where(r <= 5.0, _ratio(_FLANK, r - 1.6), _ratio(_TAIL, r - 5.0))
    return found


def _bits53_array(key: tuple[Any, Any], count: int, first: int) -> Any:
    import numpy as np

    k0, k1 = (np.asarray(word, np.uint64)[..., None] for word in key)
    numbers = np.arange(first, first + count, dtype=np.uint64)
    high, low = _threefry_array(k0, k1, numbers & np.uint64(_WORD), numbers >> np.uint64(32))
    return ((high >> np.uint64(5)) << np.uint64(26)) + (low >> np.uint64(6))


def permutation(key: Words, n: int) -> list[int]:
    """The numbers 0 to n-1 in random order.

    Fisher and Yates: for i = n-1, ..., 1 the entries i and floor(u * (i + 1)) are exchanged, with u the
    uniform draw number i. Raises ProblemError if n is negative.

    >>> permutation(seed_key(0), 5)
    [4, 0, 1, 2, 3]
    """
    if n < 0:
        from chainrule.errors import ProblemError

        raise ProblemError(f"a permutation of {n} numbers was asked for, expected 0 or more.")
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        # Never i + 1: u is at most 1 - 2^-53, and the product is rounded to a number below i + 1.
        other = int(uniform(key, counter_of(i)) * (i + 1))
        order[i], order[other] = order[other], order[i]
    return order


def permutation_array(key: Words, n: int) -> Any:
    """The same as `permutation` as a NumPy array, its numbers drawn all at once.

    >>> permutation_array(seed_key(0), 5).tolist()
    [4, 0, 1, 2, 3]
    """
    import numpy as np

    others = (uniform_array(key, n) * np.arange(1, n + 1)).astype(np.int64).tolist()
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        other = others[i]
        order[i], order[other] = order[other], order[i]
    return np.array(order, np.int64)


def seed_key(seed: int) -> Words:
    """The key of a seed: (seed mod 2^32, seed div 2^32).

    Raises ProblemError unless the seed is a whole number with 0 <= seed < 2^64.

    >>> seed_key(7)
    (7, 0)
    """
    if type(seed) is not int or not 0 <= seed < 1 << 64:
        from chainrule.errors import ProblemError

        raise ProblemError(f"seed is {seed!r}, expected a whole number from 0 to 2^64 - 1.")
    return seed & _WORD, seed >> 32


def fold(key: Words, number: int) -> Words:
    """A new key from a key and a number: the words drawn at the counter 2^63 + number, which no draw uses.

    Raises ProblemError unless 0 <= number < 2^63.

    >>> fold((0, 0), 1) == fold((0, 0), 2)
    False
    """
    low, high = counter_of(number)
    return threefry2x32(key, (low, high | 0x80000000))


def fold_text(key: Words, text: str) -> Words:
    """A new key from a key and a text: its number of UTF-8 bytes is folded in, then every four of them.

    Four bytes are one number, the first byte lowest; the last may be fewer.

    >>> fold_text((0, 0), "W1") == fold_text((0, 0), "W2")
    False
    """
    data = text.encode("utf-8", "surrogatepass")
    key = fold(key, len(data))
    for start in range(0, len(data), 4):
        key = fold(key, int.from_bytes(data[start : start + 4], "little"))
    return key


def parameter_key(seed: int, name: str) -> Words:
    """The key of a parameter: of the seed and its name alone, so that other parameters do not matter.

    Raises ProblemError for a seed that is no key.

    >>> parameter_key(0, "W1") == fold_text(seed_key(0), "W1")
    True
    """
    return fold_text(seed_key(seed), name)


def _bits53(key: Words, counter: Words) -> int:
    high, low = threefry2x32(key, counter)
    return (high >> 5 << 26) + (low >> 6)


# Numerators and denominators of AS 241, highest power first: near the middle, further out, and in the tails.
_CENTRE: Final = (
    (
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.3871328727963666080,
    ),
    (
        5226.4952788528545610,
        28729.085735721942674,
        39307.895800092710610,
        21213.794301586595867,
        5394.1960214247511077,
        687.18700749205790830,
        42.313330701600911252,
        1.0,
    ),
)
_FLANK: Final = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258,
        3.64784832476320460504,
        5.76949722146069140550,
        4.63033784615654529590,
        1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940,
        2.05319162663775882187,
        1.0,
    ),
)
_TAIL: Final = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580,
        5.46378491116411436990,
        6.65790464350110377720,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)
_LN2: Final = 0.6931471805599453
_SQRT_HALF: Final = 0.7071067811865476


def _quantile(u: float) -> float:
    q = u - 0.5
    if abs(q) <= 0.425:
        return float(q * _ratio(_CENTRE, 0.180625 - q * q))
    r = sqrt(-_log(min(u, 1.0 - u)))
    size: float = _ratio(_FLANK, r - 1.6) if r <= 5.0 else _ratio(_TAIL, r - 5.0)
    return size if q > 0 else -size


def _ratio(polynomials: tuple[Sequence[float], Sequence[float]], r: Any) -> Any:
    return _horner(polynomials[0], r) / _horner(polynomials[1], r)


def _horner(coefficients: Sequence[float], r: Any) -> Any:
    total: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * r + coefficient
    return total


def _log(x: float) -> float:
    """The logarithm from m = x / 2^e near 1 and s = (m-1)/(m+1): e ln 2 + 2 (s + s^3/3 + ... + s^21/21)."""
    m, e = frexp(x)
    if m < _SQRT_HALF:
        m, e = m * 2.0, e - 1
    return float(_log_of_parts(m, e))


def _log_of_parts(m: Any, e: Any) -> Any:
    s = (m - 1.0) / (m + 1.0)
    return e * _LN2 + 2.0 * s * _horner(_SERIES, s * s)


_SERIES: Final = tuple(1.0 / odd for odd in range(21, 0, -2))
