"""The sigmoid, and tanh, by polynomials that stand in registers, one for each whole number near the argument.

AVX-512 picks a number out of 32 (float64: 16) for each lane in one instruction, so 8 of these bring the coefficients of
sigmoid(n + d) for |d| <= 1/2, and nothing waits for a power of e or for a division: 28 cycles from z to the result
instead of 42 to 54. Beyond 15.5 (7.5) there is no polynomial: a branch that is hardly ever taken goes the other way.
1.2 times the updates a second at 2-2-1 and 2-2-2 (tanh: 1.5 times), 1.1 times at 64-32-10.
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
_TERMS: Final = {4: 8, 8: 16}  # of a polynomial, by the bytes of a number: errors of 5e-9 and 6e-18
_BEYOND: Final = 6  # terms of the series that are worked out besides, and left out again
_BITS: Final = 96  # after the point, of the numbers that coefficients are worked out with


def has_tables(vector_bytes: int) -> bool:
    """Whether a machine with vectors of so many bytes picks numbers out of registers."""
    return vector_bytes == _VECTOR


def places(size: int) -> int:
    """How many polynomials there is room for in two registers, for numbers of so many bytes."""
    return 2 * _VECTOR // size


def looked_up(e: Emitter, curve: Curve, x: Value, otherwise: Callable[[Emitter, Value], Value]) -> Value:
    """The sigmoid or tanh of a number or a vector; `otherwise` writes what is done beyond the polynomials.

    tanh(x) is 2 sigmoid(2x) - 1, with polynomials of its own, so that nothing cancels near zero.
    """
    terms, room = _TERMS[e.real.size], places(e.real.size)
    _define_table(e, curve)
    two = e.constant(2)
    magic = e.constant(1.5 * 2.0**e.real.mantissa)  # what is added to it is rounded to a whole number
    shifted = e.intrinsic("fmuladd", x, two, magic) if curve == "tanh" else e.write("fadd", x, magic)
    nearest = e.write("fsub", shifted, magic)
    d = e.intrinsic("fmuladd", x, two, e.write("fneg", nearest)) if curve == "tanh" else e.write("fsub", x, nearest)
    number = e.resized(e.convert("bitcast", shifted, "integer"), room // 2)
    polynomial = [e.resized(_picked(e, curve, k, number), x.lanes) for k in range(terms)]
    while len(polynomial) > 1:  # by Estrin's scheme
        pairs = zip(polynomial[::2], polynomial[1::2], strict=True)
        polynomial = [e.intrinsic("fmuladd", high, d, low) for low, high in pairs]
        d = e.write("fmul", d, d)
    near = e.constant(Fraction(room - 1, 4 if curve == "tanh" else 2))
    inside = e.write("fcmp olt", e.intrinsic("fabs", x), near, kind="condition")
    return e.usually(inside, polynomial[0], x, otherwise)


def _picked(e: Emitter, curve: Curve, term: int, number: Value) -> Value:
    """The coefficient of d^term for the polynomials of these numbers, which count in their last bits."""
    low, high = (e.load(_place(e, curve, 2 * term + k), number.lanes) for k in range(2))
    ending = "ps" if e.real.size == 4 else "pd"
    return e.called(f"llvm.x86.avx512.vpermi2var.{ending}.512", "real", number.lanes, low, number, high)


def _place(e: Emitter, curve: Curve, register: int) -> Value:
    return Value(f"getelementptr (i8, ptr @{_name(e, curve)}, i64 {register * _VECTOR})", "pointer")


def _name(e: Emitter, curve: Curve) -> str:
    return f"{curve}.{e.real.name}"


def _define_table(e: Emitter, curve: Curve) -> None:
    """The constants of the module that coefficients are taken from, two registers for each."""
    name = _name(e, curve)
    if name not in e.declared:
        text = _bytes(curve, e.real.size)
        e.declared[name] = f'@{name} = internal constant [{len(text) // 3} x i8] c"{text}", align {_VECTOR}'


@cache
def _bytes(curve: Curve, size: int) -> str:
    table = polynomials(curve, size)
    found = [
        table.get(n, [0] * _TERMS[size])[k]
        for k in range(_TERMS[size])
        for n in (*range(places(size) // 2), *range(-places(size) // 2, 0))  # the last bits of -1 are all set
    ]
    return "".join([f"\\{byte:02X}" for byte in pack(f"<{len(found)}{'d' if size == 8 else 'f'}", *map(float, found))])


def polynomials(curve: Curve, size: int) -> dict[int, list[Fraction]]:
    """For each whole number n, the coefficients of sigmoid(n + d), or of tanh((n + d)/2), from the constant one up.

    The series at n comes from s' = s(1 - s); of its terms the last are left out by Chebyshev's polynomials, which
    spreads the error evenly over |d| <= 1/2.
    """
    one, room = 1 << _BITS, places(size)
    inverse_e = sum([(-1) ** k * one // factorial(k) for k in range(_BITS // 3)])
    power, found = one, dict[int, list[Fraction]]()
    for n in range(room // 2):
        series = [one * one // (one + power)]
        for k in range(_TERMS[size] + _BEYOND - 1):
            square = sum([series[i] * series[k - i] for i in range(k + 1)]) >> _BITS
            series.append((series[k] - square) // (k + 1))
        for k in range(len(series) - 1, _TERMS[size] - 1, -1):
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
