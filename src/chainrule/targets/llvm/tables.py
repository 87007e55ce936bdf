"""The sigmoid, and tanh, by polynomials that stand in registers, one for each whole number near the argument.

AVX-512 picks one of 32 numbers of float32 for each lane in one instruction, so 8 of these bring the coefficients of
sigmoid(n + d) for |d| <= 1/2, and nothing waits for a power of e or for a division: 26 cycles from z to the result
instead of 42 to 54. The picking takes most of them, so that a term less is two cycles less; d itself is made by one
instruction, meanwhile. Beyond 15.5 there is no polynomial: a branch that is hardly ever taken goes the other way.

1.25 times the updates a second at 2-2-1 and 2-2-2 (tanh: 1.5 times), 1.15 times at 8-3-8, 1.05 to 1.1 times at
64-32-10. In float64 it takes 16 times two registers: 1.2 times the updates at 2-2-1, but twice the time of the
compiler, so there it is not done.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import factorial
from struct import pack
from typing import Final, Literal, TypeAlias

from chainrule.targets.llvm.emit import Emitter, Value

Curve: TypeAlias = Literal["sigmoid", "tanh"]
_VECTOR: Final = 64  # bytes
_PLACES: Final = 32  # polynomials: numbers of float32 in two registers
_TERMS: Final = 8  # of a polynomial: an error of 5e-9
_FEWER: Final = 7  # of a short one: an error of 7e-8
_HALVINGS: Final[dict[Curve, int]] = {"sigmoid": 0, "tanh": 1}  # of 1, to the distance of two polynomials
_BEYOND: Final = 6  # terms of the series that are worked out besides, and left out again
_BITS: Final = 96  # after the point, of the numbers that coefficients are worked out with


def has_tables(vector_bytes: int, size: int) -> bool:
    """Whether a machine with such vectors picks numbers of so many bytes out of registers."""
    return vector_bytes == _VECTOR and size == 4


def looked_up(
    e: Emitter, curve: Curve, x: Value, otherwise: Callable[[Emitter, Value], Value], *, short: bool = False
) -> Value:
    """The sigmoid or tanh of a number or a vector; `otherwise` writes what is done beyond the polynomials.

    tanh(x) is 2 sigmoid(2x) - 1, with polynomials of its own, so that nothing cancels near zero.
    """
    count = _FEWER if short else _TERMS
    table = f"@{curve}.{count}"
    if table not in e.declared:
        text = _bytes(curve, count)
        e.declared[table] = f'{table} = internal constant [{len(text) // 3} x i8] c"{text}", align {_VECTOR}'
    halvings = _HALVINGS[curve]
    # What is added to x is so large that the sum's last bit is worth 1, or 1/2: its last bits count these.
    shifted = e.write("fadd", x, e.constant(1.5 * 2.0 ** (e.real.mantissa - halvings)))
    number = e.resized(e.convert("bitcast", shifted, "integer"), _PLACES // 2)
    terms = [e.resized(_picked(e, table, k, number), x.lanes) for k in range(count)]
    d = _rest(e, x, halvings)
    while len(terms) > 1:  # by Estrin's scheme
        pairs = [e.intrinsic("fmuladd", terms[k + 1], d, terms[k]) for k in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[2 * len(pairs) :]
        d = e.write("fmul", d, d)
    near = e.constant(Fraction(_PLACES - 1, 2 << halvings))
    inside = e.write("fcmp olt", e.intrinsic("fabs", x), near, kind="condition")
    return e.usually(inside, terms[0], x, otherwise)


def _rest(e: Emitter, x: Value, halvings: int) -> Value:
    """What is left of x when it is rounded to whole numbers, or to halves: one instruction, beside the rounding."""
    lanes = max(4, x.lanes)
    way = f"i32 {halvings << 4 | 8}"  # and no flag for what is left
    ends = ("i16 -1", "i32 4") if lanes == 16 else ("i8 -1",)
    return e.resized(e.of_avx512(f"mask.reduce.ps.{32 * lanes}", e.resized(x, lanes), way, "poison", *ends), x.lanes)


def _picked(e: Emitter, table: str, term: int, number: Value) -> Value:
    """The coefficient of d^term for the polynomials of these numbers, which count in their last bits."""
    places = [f"getelementptr (i8, ptr {table}, i64 {(2 * term + k) * _VECTOR})" for k in range(2)]
    low, high = (e.load(Value(place, "pointer"), number.lanes) for place in places)
    return e.called("llvm.x86.avx512.vpermi2var.ps.512", "real", number.lanes, low, number, high)


@cache
def _bytes(curve: Curve, terms: int) -> str:
    """The coefficients as they stand in memory, two registers for each power of d."""
    table = polynomials(curve, terms)
    numbers = (*range(_PLACES // 2), *range(-_PLACES // 2, 0))  # the last bits of -1 are all set
    unit = 2 ** _HALVINGS[curve]
    found = [float(table[n][k] * unit**k) if n in table else 0.0 for k in range(terms) for n in numbers]
    return "".join([f"\\{byte:02X}" for byte in pack(f"<{len(found)}f", *found)])


def polynomials(curve: Curve, terms: int = _TERMS) -> dict[int, list[Fraction]]:
    """For each whole number n, the coefficients of sigmoid(n + d), or of tanh((n + d)/2), from the constant one up.

    The series at n comes from s' = s(1 - s); of its terms the last are left out by Chebyshev's polynomials, which
    spreads the error evenly over |d| <= 1/2.
    """
    one = 1 << _BITS
    inverse_e = sum([(-1) ** k * one // factorial(k) for k in range(_BITS // 3)])
    power, found = one, dict[int, list[Fraction]]()
    for n in range(_PLACES // 2):
        series = [one * one // (one + power)]
        for k in range(terms + _BEYOND - 1):
            square = sum([series[i] * series[k - i] for i in range(k + 1)]) >> _BITS
            series.append((series[k] - square) // (k + 1))
        for k in range(len(series) - 1, terms - 1, -1):
            for i, c in enumerate(_chebyshev(k)):
                series[i] -= series[-1] * c >> 2 * k - 1 - i
            del series[-1]
        up = [2 * series[0] - one, *[2 * c for c in series[1:]]] if curve == "tanh" else series
        down = [one - up[0] if curve == "sigmoid" else -up[0], *[-c if k % 2 else c for k, c in enumerate(up[1:])]]
        found[n] = [Fraction(c, one) for c in up]
        found[-n] = [Fraction(c, one) for c in down] if n else found[n]
        power = power * inverse_e >> _BITS
    return found


@cache
def _chebyshev(k: int) -> list[int]:
    """The coefficients of Chebyshev's polynomial of degree k, from the constant one up."""
    before, now = [0, 1], [1]  # T(-1) is T(1)
    for _ in range(k):
        doubled = [0, *[2 * c for c in now]]
        before, now = now, [c - (before[i] if i < len(before) else 0) for i, c in enumerate(doubled)]
    return now
