"""Python floats as a number system: no library needed, and no exception where IEEE arithmetic has an answer."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from contextlib import nullcontext
from fractions import Fraction

from chainrule.numbers.array import arrays_over
from chainrule.numbers.system import Scalars

INF, NAN = math.inf, math.nan


def _of(value: Fraction | int) -> float:
    try:
        return float(value)
    except OverflowError:
        return INF if value > 0 else -INF


def _div(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return NAN if x == 0 or x != x else math.copysign(INF, x) * math.copysign(1.0, y)


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0 and y % 2 == 1 else INF
    except ValueError:  # a negative base with a fractional exponent, or 0 to a negative power
        if x == 0 and y < 0:
            return math.copysign(INF, x) if y % 2 == 1 else INF
        return NAN


def _overflowing(function: Callable[[float], float]) -> Callable[[float], float]:
    def guarded(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return INF

    return guarded


def _log_like(function: Callable[[float], float], zero: float) -> Callable[[float], float]:
    """A logarithm: minus infinity at its pole `zero`, nan below it."""

    def guarded(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return -INF if x == zero else NAN

    return guarded


def _periodic(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else NAN


def sigmoid(x: float) -> float:
    """1/(1 + e^-x), without overflow on either side.

    >>> sigmoid(-1000.0), sigmoid(0.0)
    (0.0, 0.5)
    """
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    small = math.exp(x) if x == x else x
    return small / (1.0 + small)


def _max(x: float, y: float) -> float:
    return x if x > y or x != x else y


def _min(x: float, y: float) -> float:
    return x if x < y or x != x else y


FLOAT_SCALARS = Scalars(
    name="float",
    of=_of,
    add=operator.add,
    sub=operator.sub,
    mul=operator.mul,
    div=_div,
    neg=operator.neg,
    power=_power,
    exp=_overflowing(math.exp),
    expm1=_overflowing(math.expm1),
    log=_log_like(math.log, 0.0),
    log1p=_log_like(math.log1p, -1.0),
    log10=_log_like(math.log10, 0.0),
    sqrt=lambda x: math.sqrt(x) if x >= 0 else NAN,
    sin=_periodic(math.sin),
    cos=_periodic(math.cos),
    tanh=math.tanh,
    sigmoid=sigmoid,
    erf=math.erf,
    abs=abs,
    max=_max,
    min=_min,
    less=operator.lt,
    less_equal=operator.le,
    equal=operator.eq,
    where=lambda c, x, y: x if c else y,
    pi=lambda: math.pi,
    context=nullcontext,
)
FLOATS = arrays_over(FLOAT_SCALARS)
