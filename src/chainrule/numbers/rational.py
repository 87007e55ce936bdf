"""Exact fractions as long as a value is one, balls of arb from the first value that is not.

Rounding by hand needs both: only a fraction can lie exactly in the middle between two figures, and only a ball tells
how far the sigmoid of one can be trusted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import isqrt
from typing import Any

from chainrule.numbers.array import arrays_over
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.system import Numbers, Scalars

MOST_BITS = 4_000  # of a numerator and its denominator together; a longer fraction becomes a ball

Rational = Callable[..., Fraction | None]  # None: no fraction, or one that is not worth finding


@cache
def rational_numbers(bits: int = 200) -> Numbers:
    """The number system of fractions that turn into balls with this many bits where they must.

    >>> from chainrule.numbers.array import to_nested
    >>> numbers = rational_numbers().s
    >>> numbers.mul(Fraction("0.1"), Fraction("0.3")), numbers.sigmoid(Fraction(0)), numbers.sqrt(Fraction(1, 4))
    (Fraction(3, 100), Fraction(1, 2), Fraction(1, 2))
    """
    balls = exact_numbers(bits).s

    def ball(x: Any) -> Any:
        return balls.of(x) if isinstance(x, Fraction) else x

    def kept(x: Fraction) -> Any:
        short = x.numerator.bit_length() + x.denominator.bit_length() <= MOST_BITS
        return x if short else balls.of(x)

    def both(rational: Rational, of_balls: Callable[..., Any]) -> Callable[..., Any]:
        def function(*values: Any) -> Any:
            if all(isinstance(x, Fraction) for x in values):
                found = rational(*values)
                if found is not None:
                    return kept(found)
            return of_balls(*map(ball, values))

        return function

    def known(of_balls: Callable[..., Any], at: int, value: Fraction | int) -> Callable[..., Any]:
        """A function that is rational in one place only."""
        return both(lambda x: Fraction(value) if x == at else None, of_balls)

    def compared(relation: Callable[..., bool], of_balls: Callable[..., bool]) -> Callable[..., bool]:
        def function(x: Any, y: Any) -> bool:
            if isinstance(x, Fraction) and isinstance(y, Fraction):
                return relation(x, y)
            return of_balls(ball(x), ball(y))

        return function

    scalars = Scalars(
        name="rational",
        of=lambda value: kept(Fraction(value)),
        add=both(operator.add, balls.add),
        sub=both(operator.sub, balls.sub),
        mul=both(operator.mul, balls.mul),
        div=both(lambda x, y: x / y if y else None, balls.div),
        neg=both(operator.neg, balls.neg),
        power=both(_power, balls.power),
        exp=known(balls.exp, 0, 1),
        expm1=known(balls.expm1, 0, 0),
        log=known(balls.log, 1, 0),
        log1p=known(balls.log1p, 0, 0),
        log10=known(balls.log10, 1, 0),
        sqrt=both(_root, balls.sqrt),
        sin=known(balls.sin, 0, 0),
        cos=known(balls.cos, 0, 1),
        tanh=known(balls.tanh, 0, 0),
        sigmoid=known(balls.sigmoid, 0, Fraction(1, 2)),
        erf=known(balls.erf, 0, 0),
        abs=abs,
        max=both(max, balls.max),
        min=both(min, balls.min),
        less=compared(operator.lt, balls.less),
        less_equal=compared(operator.le, balls.less_equal),
        equal=compared(operator.eq, balls.equal),
        where=lambda c, x, y: x if c else y,
        pi=balls.pi,
        context=balls.context,
    )
    return arrays_over(scalars)


def _power(x: Fraction, y: Fraction) -> Fraction | None:
    if y.denominator != 1 or (not x and y < 0):
        return None
    length = max(x.numerator.bit_length(), x.denominator.bit_length())
    return x ** int(y) if x in (0, 1) or length * abs(y) <= MOST_BITS else None


def _root(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
    return root if root * root == x else None
