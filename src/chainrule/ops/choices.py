"""Comparisons and what hangs on them: max routes the gradient to the larger input, where to the branch taken."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

from chainrule.node import Node, Op, const
from chainrule.ops import types
from chainrule.ops.arithmetic import constant

HALF = Fraction(1, 2)


def _comparison(name: str, glyph: str, latex: str, value: Any) -> Op:
    return Op(
        name=name,
        arity=2,
        elementwise=True,
        typing=types.comparison,
        value=value,
        vjp=None,
        precedence=5,
        glyph=glyph,
        latex="{0} " + latex + " {1}",
    )


GREATER: Op = _comparison("greater", ">", ">", lambda s, x, y: s.less(y, x))
LESS: Op = _comparison("less", "<", "<", lambda s, x, y: s.less(x, y))
GREATER_EQUAL: Op = _comparison("greater_equal", ">=", r"\ge", lambda s, x, y: s.less_equal(y, x))
LESS_EQUAL: Op = _comparison("less_equal", "<=", r"\le", lambda s, x, y: s.less_equal(x, y))
EQUAL: Op = _comparison("equal", "==", "=", lambda s, x, y: s.equal(x, y))
NOT_EQUAL: Op = _comparison("not_equal", "!=", r"\ne", lambda s, x, y: s.where(s.equal(x, y), False, True))


def _simplify_where(condition: Node, x: Node, y: Node) -> Node | None:
    if x is y and types.elementwise(condition.type, x.type) is x.type:
        return x
    if condition.op not in _HOLDS or condition.type.shape or x.type is not y.type:
        return None
    a, b = constant(condition.args[0]), constant(condition.args[1])
    if a is None or b is None:
        return None
    return x if _HOLDS[condition.op](a, b) else y


_HOLDS = {
    GREATER: operator.gt, LESS: operator.lt, GREATER_EQUAL: operator.ge, LESS_EQUAL: operator.le,
    EQUAL: operator.eq, NOT_EQUAL: operator.ne,
}  # fmt: skip


WHERE: Op = Op(
    name="where",
    arity=3,
    elementwise=True,
    typing=types.choice,
    value=lambda s, c, x, y: s.where(c, x, y),
    vjp=lambda g, out, c, x, y: (None, WHERE(c, g, const(0)), WHERE(c, const(0), g)),
    simplify=_simplify_where,
    glyph="where",
    latex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    kink="the derivative of the branch taken",
)


def _larger(x: Node, y: Node) -> Node:
    """1 where x is larger, 0 where y is, and a half of each at a tie."""
    return WHERE(GREATER(x, y), const(1), WHERE(LESS(x, y), const(0), const(HALF)))


MAX: Op = Op(
    name="max",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.max(x, y),
    vjp=lambda g, out, x, y: (g * _larger(x, y), g * _larger(y, x)),
    glyph="max",
    latex=r"\max\left({0}, {1}\right)",
    switch=lambda x, y: x - y,
    kink="shares from 0 to 1 that sum to 1; a half each is taken",
)
MIN: Op = Op(
    name="min",
    arity=2,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x, y: s.min(x, y),
    vjp=lambda g, out, x, y: (g * _larger(y, x), g * _larger(x, y)),
    glyph="min",
    latex=r"\min\left({0}, {1}\right)",
    switch=lambda x, y: x - y,
    kink="shares from 0 to 1 that sum to 1; a half each is taken",
)
ABS: Op = Op(
    name="abs",
    arity=1,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x: s.abs(x),
    vjp=lambda g, out, x: (g * SIGN(x),),
    glyph="abs",
    latex=r"\left|{0}\right|",
    switch=lambda x: x,
    kink="any value from -1 to 1; 0 is taken",
)
SIGN: Op = Op(
    name="sign",
    arity=1,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x: s.where(s.less(s.of(0), x), s.of(1), s.where(s.less(x, s.of(0)), s.of(-1), s.of(0))),
    vjp=None,
    glyph="sign",
    latex=r"\mathrm{{sign}}\left({0}\right)",
    switch=lambda x: x,
    kink="a jump: no derivative at 0, 0 is taken",
)
# 1 above zero and 0 from zero down, so that it is the derivative of relu that everybody takes.
STEP: Op = Op(
    name="step",
    arity=1,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x: s.where(s.less(s.of(0), x), s.of(1), s.of(0)),
    vjp=None,
    glyph="step",
    latex=r"\mathrm{{step}}\left({0}\right)",
    switch=lambda x: x,
    kink="a jump: no derivative at 0, 0 is taken",
)
STOP_GRADIENT: Op = Op(
    name="stop_gradient",
    arity=1,
    elementwise=True,
    typing=types.elementwise,
    value=lambda s, x: x,
    vjp=None,
    glyph="stop_gradient",
    latex=r"\mathrm{{stop}}\left({0}\right)",
)

OPS = (
    GREATER, LESS, GREATER_EQUAL, LESS_EQUAL, EQUAL, NOT_EQUAL, WHERE, MAX, MIN, ABS, SIGN, STEP, STOP_GRADIENT,
)  # fmt: skip
