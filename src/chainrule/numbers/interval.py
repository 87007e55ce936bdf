"""Intervals with exact rational end points: what is known of a number when only its printed figures are.

Balls of arb cannot serve: their radius has 30 bits, too few to judge the middle between two figures, and wide ones turn
into `nan`. Ends stay exact while they are short; a longer one is rounded outward to the bits of the context.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from flint import arb, fmpq

from chainrule.dataclasses import dataclass
from chainrule.errors import ChainruleError
from chainrule.numbers.array import arrays_over
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.system import Numbers, Scalars

MOST_BITS = 4_000  # of a numerator and its denominator together; a longer end point is rounded outward
FARTHEST = 16_384  # ends beyond 2^this are not bounded, ends within 2^-this of zero are not told from it

End = Any  # an fmpq, or None where the interval is not bounded
ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
TINY = fmpq(1, 2**FARTHEST)
HUGE = fmpq(2**FARTHEST)


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `lo` to `hi`, exact rationals; None is an end that is not bounded.

    It holds every value that an expression takes where it has one: 1/x for x in [0, 2] is [1/2, None]. Not bounded on
    both sides, it claims nothing, not even that there is a value: so is log(-1).
    """

    lo: End
    hi: End

    def is_point(self) -> bool:
        """Whether this is one exact number."""
        return self.lo is not None and bool(self.lo == self.hi)

    def is_finite(self) -> bool:
        """Whether both ends are bounded."""
        return self.lo is not None and self.hi is not None

    @property
    def bounds(self) -> tuple[Fraction | None, Fraction | None]:
        """Both ends as fractions; None is an end that is not bounded."""
        return _fraction(self.lo), _fraction(self.hi)

    @property
    def middle(self) -> Fraction | None:
        """The number halfway between both ends; None where one is not bounded."""
        low, high = self.lo, self.hi
        return None if low is None or high is None else _fraction(low if low is high else (low + high) / 2)

    def __contains__(self, value: Fraction | int) -> bool:
        at = _rational(value)
        return (self.lo is None or bool(self.lo <= at)) and (self.hi is None or bool(at <= self.hi))

    def __int__(self) -> int:
        if not self.is_point() or self.lo.q != 1:
            raise ChainruleError(f"found {self} where a whole number was expected.")
        return int(self.lo.p)

    def __str__(self) -> str:
        if self.is_point():
            return str(self.lo)
        below = "(-infinity" if self.lo is None else f"[{self.lo}"
        return f"{below}, {'infinity)' if self.hi is None else f'{self.hi}]'}"

    def __reduce__(self) -> tuple[Any, ...]:
        return interval, self.bounds  # an fmpq itself can be pickled in the latest versions of python-flint only


EVERYTHING = Interval(None, None)


def interval(lo: Fraction | int | None, hi: Fraction | int | None) -> Interval:
    """The interval from `lo` to `hi`, None for an end that is not bounded.

    Raises `ChainruleError` if `lo` is the larger one.

    >>> print(interval(Fraction("0.5"), 2), interval(0, None))
    [1/2, 2] [0, infinity)
    """
    if lo is None or hi is None:
        return Interval(None if lo is None else _rational(lo), None if hi is None else _rational(hi))
    if lo == hi:
        return point(lo)
    if lo > hi:
        raise ChainruleError(f"found the interval [{lo}, {hi}], expected its lower end first.")
    return Interval(_rational(lo), _rational(hi))


def point(value: Fraction | int) -> Interval:
    """The interval that holds one number only.

    >>> print(point(Fraction("0.15")))
    3/20
    """
    at = _rational(value)
    return Interval(at, at)  # the same object twice: how arithmetic knows a point without comparing


def hull(first: Interval, *others: Interval) -> Interval:
    """The smallest interval that holds all of these.

    >>> print(hull(point(3), interval(0, 1)))
    [0, 3]
    """
    lo, hi = first.lo, first.hi
    for other in others:
        lo, hi = _least(lo, other.lo), _largest(hi, other.hi)
    return Interval(lo, hi)


@cache
def interval_numbers(bits: int = 200) -> Numbers:
    """The number system of intervals, their long ends and those of exp and the like rounded outward to these bits.

    Comparisons are True, False or None, not decided; `where` then takes the hull of both branches. Outside of the
    system's context everything holds as well, to the 53 bits that arb then uses.

    >>> numbers = interval_numbers().s
    >>> with numbers.context():
    ...     print(numbers.sigmoid(point(0)), numbers.power(interval(-1, 2), point(2)), numbers.exp(interval(None, 0)))
    1/2 [0, 4] [0, 1]
    """
    from chainrule.numbers import interval_functions as functions

    scalars = Scalars(
        name="interval",
        of=lambda value: kept(at := _rational(value), at),
        add=add,
        sub=sub,
        mul=mul,
        div=div,
        neg=neg,
        power=functions.power,
        exp=functions.exp,
        expm1=functions.expm1,
        log=functions.log,
        log1p=functions.log1p,
        log10=functions.log10,
        sqrt=functions.sqrt,
        sin=functions.sin,
        cos=functions.cos,
        tanh=functions.tanh,
        sigmoid=functions.sigmoid,
        erf=functions.erf,
        abs=absolute,
        max=larger,
        min=smaller,
        less=less,
        less_equal=less_equal,
        equal=equal,
        where=where,
        pi=lambda: Interval(lower(arb.pi()), upper(arb.pi())),
        context=exact_numbers(bits).s.context,
    )
    return arrays_over(scalars)


# Arithmetic


def add(x: Interval, y: Interval) -> Interval:
    """The sums."""
    try:
        lo = x.lo + y.lo
        hi = lo if x.lo is x.hi and y.lo is y.hi else x.hi + y.hi
    except TypeError:
        return _outward(_bounded(operator.add, x.lo, y.lo), _bounded(operator.add, x.hi, y.hi))
    return kept(lo, hi)


def sub(x: Interval, y: Interval) -> Interval:
    """The differences."""
    try:
        lo = x.lo - y.hi
        hi = lo if x.lo is x.hi and y.lo is y.hi else x.hi - y.lo
    except TypeError:
        return _outward(_bounded(operator.sub, x.lo, y.hi), _bounded(operator.sub, x.hi, y.lo))
    return kept(lo, hi)


def mul(x: Interval, y: Interval) -> Interval:
    """The products; zero times what is not bounded on one side is zero, times `EVERYTHING` it is `EVERYTHING`."""
    a, b, c, d = x.lo, x.hi, y.lo, y.hi
    if a is b and c is d and a is not None and c is not None:
        a = a * c
        return kept(a, a)
    if a is not None and b is not None and c is not None and d is not None:
        return kept(*_products(a, b, c, d, operator.mul))
    if (a is None and b is None) or (c is None and d is None):
        return EVERYTHING
    return _outward(*_products(a, b, c, d, _unbounded_product))


def _products(a: End, b: End, c: End, d: End, times: Callable[[End, End], End]) -> tuple[End, End]:
    """The ends of [a, b] * [c, d], found by the signs of the four."""
    x_above, x_below = a is not None and a.numerator >= 0, b is not None and b.numerator <= 0
    if c is not None and c.numerator >= 0:
        return times(a, c if x_above else d), times(b, c if x_below else d)
    if d is not None and d.numerator <= 0:
        return times(b, d if x_below else c), times(a, d if x_above else c)
    if x_above:
        return times(b, c), times(b, d)
    if x_below:
        return times(a, d), times(a, c)
    return _least(times(a, d), times(b, c)), _largest(times(a, c), times(b, d))


def _unbounded_product(a: End, b: End) -> End:
    if a is None or b is None:
        return ZERO if a == 0 or b == 0 else None
    return a * b


def div(x: Interval, y: Interval) -> Interval:
    """The quotients; `EVERYTHING` if zero lies inside `y`, not bounded on one side if it is an end of `y`."""
    a, c = x.lo, y.lo
    if a is x.hi and c is y.hi and a is not None and c:
        a = a / c
        return kept(a, a)
    return mul(x, reciprocal(y))


def reciprocal(y: Interval) -> Interval:
    """1/y."""
    lo, hi = y.lo, y.hi
    if lo and hi and (lo.numerator > 0) is (hi.numerator > 0):
        end = 1 / hi
        return Interval(end, end if lo is hi else 1 / lo)
    if lo is not None and lo >= 0 and hi != 0:
        return Interval(1 / hi if hi else ZERO, 1 / lo if lo else None)
    if hi is not None and hi <= 0 and lo != 0:
        return Interval(1 / hi if hi else None, 1 / lo if lo else ZERO)
    return EVERYTHING


def neg(x: Interval) -> Interval:
    """-x."""
    lo = None if x.hi is None else -x.hi
    return Interval(lo, lo if x.lo is x.hi else None if x.lo is None else -x.lo)


def absolute(x: Interval) -> Interval:
    """|x|."""
    if x.lo is not None and x.lo >= 0:
        return x
    mirrored = neg(x)
    return mirrored if x.hi is not None and x.hi <= 0 else Interval(ZERO, _largest(x.hi, mirrored.hi))


def larger(x: Interval, y: Interval) -> Interval:
    """The larger of each pair."""
    if x.lo is None:
        x, y = y, x
    return Interval(x.lo if y.lo is None else max(x.lo, y.lo), _largest(x.hi, y.hi))


def smaller(x: Interval, y: Interval) -> Interval:
    """The smaller of each pair."""
    return neg(larger(neg(x), neg(y)))


# Comparisons: None is "not decided".


def less(x: Interval, y: Interval) -> bool | None:
    """Whether every number of `x` lies below every one of `y`; False if none does."""
    if x.hi is not None and y.lo is not None and x.hi < y.lo:
        return True
    return False if x.lo is not None and y.hi is not None and x.lo >= y.hi else None


def less_equal(x: Interval, y: Interval) -> bool | None:
    """Whether no number of `x` lies above one of `y`; False if all do."""
    above = less(y, x)
    return None if above is None else not above


def equal(x: Interval, y: Interval) -> bool | None:
    """True for the same point, False for intervals that do not meet."""
    if x.is_point() and y.is_point():
        return bool(x.lo == y.lo)
    return False if less(x, y) or less(y, x) else None


def where(condition: bool | None, x: Any, y: Any) -> Any:
    """The branch that the condition takes, the hull of both if it is not decided."""
    if condition is None and x is not y:
        return hull(x, y) if isinstance(x, Interval) else None
    return x if condition else y


# Ends and their rounding


def kept(lo: End, hi: End) -> Interval:
    """The interval with these ends, rounded outward if they are long."""
    if 2 * lo.height_bits() <= MOST_BITS and (lo is hi or 2 * hi.height_bits() <= MOST_BITS):
        return Interval(lo, hi)
    return _outward(lo, hi)


def _outward(lo: End, hi: End) -> Interval:
    return Interval(lo if _is_short(lo) else lower(arb(lo)), hi if _is_short(hi) else upper(arb(hi)))


def _is_short(end: End) -> bool:
    return end is None or end.p.bit_length() + end.q.bit_length() <= MOST_BITS


def lower(ball: arb) -> End:
    """A rational below a ball of arb, None if there is none worth writing down."""
    if not ball.is_finite():
        return None
    bound = ball.lower()
    mantissa, exponent = bound.man_exp()
    size = exponent + mantissa.bit_length()
    if -FARTHEST < size <= FARTHEST:
        return bound.fmpq()
    if size <= -FARTHEST:
        return ZERO if mantissa >= 0 else -TINY
    return HUGE if mantissa > 0 else None


def upper(ball: arb) -> End:
    """A rational above a ball of arb, None if there is none worth writing down."""
    below = lower(-ball)
    return None if below is None else -below


def _bounded(operation: Callable[[End, End], End], a: End, b: End) -> End:
    return None if a is None or b is None else operation(a, b)


def _least(a: End, b: End) -> End:
    return None if a is None or b is None else min(a, b)


def _largest(a: End, b: End) -> End:
    return None if a is None or b is None else max(a, b)


def _rational(value: Fraction | int) -> End:
    return fmpq(value.numerator, value.denominator)


def _fraction(end: End) -> Fraction | None:
    return None if end is None else Fraction(int(end.p), int(end.q))
