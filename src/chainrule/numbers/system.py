"""What the value rule of an op may ask of a number system.

Rules are written once, `value=lambda n, x: n.exp(x)`, and run on floats, on balls of 200 bits, on NumPy arrays and on
nodes of another graph, because they only use the functions named here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from chainrule.dataclasses import dataclass

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalars:
    """The functions of one scalar number system; comparisons give what `where` takes as its condition."""

    name: str
    of: Function  # from an exact Fraction
    add: Function
    sub: Function
    mul: Function
    div: Function
    neg: Function
    power: Function
    exp: Function
    expm1: Function
    log: Function
    log1p: Function
    log10: Function
    sqrt: Function
    sin: Function
    cos: Function
    tanh: Function
    sigmoid: Function
    erf: Function
    abs: Function
    max: Function
    min: Function
    less: Function
    less_equal: Function
    equal: Function
    where: Function
    pi: Function
    vectorised: bool = False  # functions take whole arrays, and broadcast themselves
    context: Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A scalar number system `s` together with the arrays over it."""

    s: Scalars
    elementwise: Function  # (function of scalars, shape of the result, *values)
    broadcast: Function  # (value, shape)
    sum: Function  # (value, axes)
    fold: Function  # (function of two scalars, value, axes): for max and min
    matmul: Function  # (a, b)
    reshape: Function  # (value, shape)
    transpose: Function  # (value, permutation)
    index: Function  # (value, index): per leading axis an int from 0, a (start, stop) pair or None
    scatter: Function  # (value, shape, index): zeros with `value` at `index`
    concat: Function  # (axis, *values)
    stack: Function  # (*values)
    shape: Function  # (value)
    of_nested: Function  # (nested lists of scalars)
    to_nested: Function  # (value): nested lists of scalars
