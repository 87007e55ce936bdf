"""The functions of intervals that are not arithmetic: exp and its like at the end points, powers, waves.

A function that rises takes its least value at the lower end and its largest at the upper one; arb, asked at an end
alone, encloses it there without ever seeing a wide ball.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, fmpq

from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.interval import (
    EVERYTHING,
    HALF,
    MOST_BITS,
    ONE,
    ZERO,
    End,
    Interval,
    absolute,
    hull,
    kept,
    lower,
    reciprocal,
    upper,
)

Function = Callable[[Interval], Interval]
Known = Callable[[End], End]  # the value where it is rational, None elsewhere

BALLS = exact_numbers().s  # whose precision is that of the context it is used in


def _enclosed(ball: arb, least: End = None, most: End = None) -> Interval:
    """The interval of a ball, within what is known of the function's range."""
    lo, hi = lower(ball), upper(ball)
    if least is not None and (lo is None or lo < least):
        lo = least
    if most is not None and (hi is None or hi > most):
        hi = most
    return Interval(lo, hi)


def _rising(of_end: Callable[[End], arb], known: Known, *, least: End = None, most: End = None) -> Function:
    """A rising function, from the ball it has at an end point and the limits of its range.

    An end where the function has no value gives no bound, or the limit of the range.
    """

    def at(end: End) -> Interval:
        value = known(end)
        return _enclosed(of_end(end), least, most) if value is None else Interval(value, value)

    def function(x: Interval) -> Interval:
        if x.lo is x.hi and x.lo is not None:
            return at(x.lo)
        return Interval(least if x.lo is None else at(x.lo).lo, most if x.hi is None else at(x.hi).hi)

    return function


def _only(where: int, value: fmpq) -> Known:
    """Rational at one place only."""
    return lambda end: value if end == where else None


def _root(end: End) -> End:
    if end < 0:
        return None
    root = fmpq(end.p.isqrt(), end.q.isqrt())
    return root if root * root == end else None


def _power_of_ten(end: End) -> End:
    exponent = BALLS.log10(arb(end)).unique_fmpz() if end > 0 else None
    return fmpq(exponent) if exponent is not None and fmpq(10) ** int(exponent) == end else None


def _log1p(end: End) -> arb:
    return arb(1 + end).log() if end < -HALF else arb(end).log1p()  # 1 + x is exact: close to -1, its digits count


exp = _rising(lambda end: arb(end).exp(), _only(0, ONE), least=ZERO)
expm1 = _rising(lambda end: arb(end).expm1(), _only(0, ZERO), least=-ONE)
log = _rising(lambda end: arb(end).log(), _only(1, ZERO))
log1p = _rising(_log1p, _only(0, ZERO))
log10 = _rising(lambda end: BALLS.log10(arb(end)), _power_of_ten)
tanh = _rising(lambda end: arb(end).tanh(), _only(0, ZERO), least=-ONE, most=ONE)
sigmoid = _rising(lambda end: BALLS.sigmoid(arb(end)), _only(0, HALF), least=ZERO, most=ONE)
erf = _rising(lambda end: arb(end).erf(), _only(0, ZERO), least=-ONE, most=ONE)
_sqrt = _rising(lambda end: arb(end).sqrt(), _root, least=ZERO)


def sqrt(x: Interval) -> Interval:
    """The square roots of the numbers from zero up; `EVERYTHING` if there are none."""
    return EVERYTHING if x.hi is not None and x.hi < 0 else _sqrt(x)


def _wave(of_end: Callable[[End], arb], first: fmpq, at_zero: fmpq) -> Function:
    """A sine wave whose crest lies at `first` times pi; crests and troughs then alternate at every pi."""
    known = _only(0, at_zero)

    def at(end: End) -> Interval:
        value = known(end)
        return _enclosed(of_end(end), -ONE, ONE) if value is None else Interval(value, value)

    def wave(x: Interval) -> Interval:
        if x.lo is None or x.hi is None:
            return Interval(-ONE, ONE)
        if x.lo is x.hi:
            return at(x.lo)
        since, until = lower(arb(x.lo) / arb.pi() - first), upper(arb(x.hi) / arb.pi() - first)
        if since is None or until is None or until.floor() > since.ceil():
            return Interval(-ONE, ONE)
        ends = hull(at(x.lo), at(x.hi))
        if until.floor() < since.ceil():
            return ends
        return Interval(-ONE, ends.hi) if int(until.floor()) % 2 else Interval(ends.lo, ONE)

    return wave


sin = _wave(lambda end: arb(end).sin(), HALF, ZERO)
cos = _wave(lambda end: arb(end).cos(), ZERO, ONE)


def power(x: Interval, y: Interval) -> Interval:
    """x^y: for a whole y exact and of either sign, otherwise where x is not negative.

    >>> from chainrule.numbers.interval import interval, point
    >>> print(power(interval(-1, 2), point(2)), power(interval(-1, 2), point(3)), power(interval(-1, 2), point(-2)))
    [0, 4] [-1, 8] [1/4, infinity)
    """
    if not y.is_point():
        return _real_power(x, y)
    if y.lo == HALF:
        return sqrt(x)
    return _whole_power(x, int(y.lo.p)) if y.lo.q == 1 else _real_power(x, y)


def _whole_power(x: Interval, n: int) -> Interval:
    if n == 0:
        return Interval(ONE, ONE)
    if n < 0:
        return reciprocal(_whole_power(x, -n))
    base = absolute(x) if n % 2 == 0 else x
    if base.lo is base.hi and base.lo is not None:
        return _power_of_end(base.lo, n)
    lo = None if base.lo is None else _power_of_end(base.lo, n).lo
    return Interval(lo, None if base.hi is None else _power_of_end(base.hi, n).hi)


def _power_of_end(end: End, n: int) -> Interval:
    if end.height_bits() * n <= MOST_BITS:
        value = end**n
        return kept(value, value)
    return _enclosed(arb(end) ** n, ZERO if end >= 0 else None)


def _real_power(x: Interval, y: Interval) -> Interval:
    if x.lo is None or x.lo < 0:
        # With a whole number in y, a negative base may have a power; with none, it has not.
        if not y.is_point() or (x.hi is not None and x.hi < 0):
            return EVERYTHING
        x = Interval(ZERO, x.hi)
    if x.hi == 0 and y.hi is not None and y.hi <= 0:
        return EVERYTHING
    if x.hi is None or y.lo is None or y.hi is None or (x.lo == 0 and y.lo <= 0):
        return Interval(ZERO, None)
    # In each of the two arguments it rises or falls all the way: what it takes lies between the corners.
    return hull(*[_corner(a, b) for a in {x.lo, x.hi} for b in {y.lo, y.hi}])


def _corner(base: End, exponent: End) -> Interval:
    if base == 0:
        return Interval(ZERO, ZERO)
    return _enclosed(arb(base) ** arb(exponent), ZERO)
