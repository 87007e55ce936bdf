"""Balls of arb (python-flint): every value with a rigorous bound of its error, at any precision.

Constants come in as exact fractions, never through a float: the only error is that of the last of the bits asked for.
"""

from __future__ import annotations

import operator
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import cache
from typing import Any

from chainrule.numbers.array import arrays_over
from chainrule.numbers.system import Numbers, Scalars


@cache
def exact_numbers(bits: int = 200) -> Numbers:
    """The number system of arb balls with this many bits.

    A comparison that the balls do not settle counts as equality; a result without meaning is a `nan` ball.

    >>> exact = exact_numbers(100).s
    >>> with exact.context():
    ...     print(exact.sigmoid(exact.of(Fraction("0.3775"))).str(20, radius=False))
    0.59326999210718725517
    """
    from flint import arb, ctx, fmpq

    def of(value: Fraction | int) -> Any:
        fraction = Fraction(value)
        return arb(fmpq(fraction.numerator, fraction.denominator))

    def power(x: Any, y: Any) -> Any:
        # An integer exponent is exact for a base of either sign; arb's ball power needs a positive one.
        whole = y.unique_fmpz()
        return x ** int(whole) if whole is not None else x**y

    def precision() -> AbstractContextManager[Any]:
        manager: AbstractContextManager[Any] = ctx.workprec(bits)
        return manager

    def sigmoid(x: Any) -> Any:
        # The form that never divides two infinities: 1/(1 + e^-x) for x >= 0, and e^x/(1 + e^x) below.
        if x < 0:
            small = x.exp()
            return small / (1 + small)
        return 1 / (1 + (-x).exp())

    scalars = Scalars(
        name="exact",
        of=of,
        add=operator.add,
        sub=operator.sub,
        mul=operator.mul,
        div=operator.truediv,
        neg=operator.neg,
        power=power,
        exp=lambda x: x.exp(),
        expm1=lambda x: x.expm1(),
        log=lambda x: x.log(),
        log1p=lambda x: x.log1p(),
        log10=lambda x: x.log() / arb(10).log(),
        sqrt=lambda x: x.sqrt(),
        sin=lambda x: x.sin(),
        cos=lambda x: x.cos(),
        tanh=lambda x: x.tanh(),
        sigmoid=sigmoid,
        erf=lambda x: x.erf(),
        abs=abs,
        max=lambda x, y: x.max(y),
        min=lambda x, y: x.min(y),
        less=operator.lt,
        less_equal=lambda x, y: not x > y,
        equal=lambda x, y: x.overlaps(y),
        where=lambda c, x, y: x if c else y,
        pi=arb.pi,
        context=precision,
    )
    return arrays_over(scalars)
