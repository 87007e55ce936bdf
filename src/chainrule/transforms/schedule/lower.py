"""Composite ops written out in the few that loops are made for: elementwise ops, views, products, sums and largest.

Names are taken away, so that equal values become one node; the values are those of the reference evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import e, isfinite, pi, prod
from typing import Any, Final

from chainrule.graph import collector_paused
from chainrule.node import CONST, NAME, REAL, Dim, Node, const, node, order, rebuild
from chainrule.numbers.floats import FLOAT_SCALARS
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, SUB, constant
from chainrule.ops.choices import EQUAL, MAX, STEP, STOP_GRADIENT, WHERE
from chainrule.ops.functions import ERF, EULER, EXP, GELU, HALF, LOG, PI, RELU, SQRT
from chainrule.ops.matrix import DOT, MATMUL, ONE_HOT, OUTER, RESHAPE, STACK, TRANSPOSE
from chainrule.ops.reduction import (
    COUNT,
    LARGEST,
    LOGSUMEXP,
    LOGSUMEXP_UNIT,
    MEAN,
    NORM,
    SMALLEST,
    SOFTMAX,
    SOFTMAX_UNIT,
    SUM,
    spread,
)

VIEWS: Final = frozenset({"transpose", "broadcast", "index"})  # and a reshape that only adds or drops sizes of 1
ASSEMBLED: Final = frozenset({"concat", "stack", "scatter", "reshape", "uniform"})
TYPICAL: Final = 32  # rows, where their number is not known yet
REDUCTIONS: Final = frozenset({"sum", "largest", "smallest"})


def count_of(size: Dim) -> int:
    """A size, or a typical one."""
    return size if isinstance(size, int) else TYPICAL


def lower(roots: Sequence[Node]) -> list[Node]:
    """The roots without names, composite ops, and what can be worked out now.

    The slope of relu is that of its result, step(relu(z)), which is in memory anyway: nothing else needs z afterwards.
    """
    rectified = {x.args[0] for x in order(roots) if x.op is RELU}

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is NAME or old.op is STOP_GRADIENT:
            return args[0]
        if old.op is STEP and old.args[0] in rectified:
            return node(STEP, (node(RELU, args),))
        rule = _RULES.get(old.op.name)
        if rule is not None:
            return _settled(rule(*args) if old.attribute is None else rule(old.attribute, *args))
        return _settled(node(old.op, args, old.attribute))

    with collector_paused():
        done = rebuild(roots, make)
    return [done[root] for root in roots]


def is_view(x: Node) -> bool:
    """Whether a node's elements are elements of its argument, found at other places."""
    if x.op is RESHAPE:
        return [s for s in x.type.shape if s != 1] == [s for s in x.args[0].type.shape if s != 1]
    return x.op.name in VIEWS


def _settled(x: Node) -> Node:
    """The constant that a single number is: sqrt(2) need not wait for a stage of its own, and others for that."""
    if x.type is not REAL or not x.op.elementwise:
        return x
    exact = constant(x) if x.op is DIV or x.op is NEG else None
    if exact is not None:
        return const(exact)
    given = [_float(a) for a in x.args]
    if any(number is None for number in given):
        return x
    result = float(x.op.value(FLOAT_SCALARS, *given))
    return const(Fraction(result)) if isfinite(result) else x


def _float(x: Node) -> float | None:
    if x.op is CONST:
        return float(FLOAT_SCALARS.of(x.attribute))
    return {PI: pi, EULER: e}.get(x.op)


def _gelu(x: Node) -> Node:
    """x Φ(x), with Φ(x) written as in its derivative, so that both share it."""
    share = node(ADD, (const(1), node(ERF, (node(DIV, (x, _settled(node(SQRT, (const(2),))))),))))
    return node(MUL, (x, node(MUL, (const(HALF), share))))


def _mean(axes: tuple[int, ...], x: Node) -> Node:
    return node(DIV, (_sum(axes, x), COUNT(x, attribute=axes)))


def _sum(axes: tuple[int, ...], x: Node) -> Node:
    return node(SUM, (x,), axes) if axes else x


def _norm(axes: tuple[int, ...], x: Node) -> Node:
    return node(SQRT, (_sum(axes, node(MUL, (x, x))),))


def _extreme(op: Any) -> Callable[..., Node]:
    return lambda axes, x: node(op, (x,), axes) if axes else x


def _shifted(axes: tuple[int, ...], x: Node) -> tuple[Node, Node, Node]:
    """The largest element along the axes, e^(x - largest), and the sum of these."""
    top = node(LARGEST, (x,), axes) if axes else x
    powers = node(EXP, (node(SUB, (x, spread(top, axes, x.type.shape))),))
    return top, powers, _sum(axes, powers)


def _softmax(axes: tuple[int, ...], x: Node) -> Node:
    _, powers, total = _shifted(axes, x)
    return node(DIV, (powers, spread(total, axes, x.type.shape)))


def _logsumexp(axes: tuple[int, ...], x: Node) -> Node:
    top, _, total = _shifted(axes, x)
    return node(ADD, (top, node(LOG, (total,))))


def _shifted_units(zs: Sequence[Node]) -> tuple[Node, list[Node], Node]:
    top = zs[0]
    for z in zs[1:]:
        top = node(MAX, (top, z))
    powers = [node(EXP, (node(SUB, (z, top)),)) for z in zs]
    total = powers[0]
    for power in powers[1:]:
        total = node(ADD, (total, power))
    return top, powers, total


def _softmax_unit(unit: int, *zs: Node) -> Node:
    _, powers, total = _shifted_units(zs)
    return node(DIV, (powers[unit], total))


def _logsumexp_unit(*zs: Node) -> Node:
    top, _, total = _shifted_units(zs)
    return node(ADD, (top, node(LOG, (total,))))


def _outer(a: Node, b: Node) -> Node:
    return node(MUL, (RESHAPE(a, attribute=a.type.shape + (1,) * len(b.type.shape)), b))


def _matmul(a: Node, b: Node) -> Node:
    """A product; that of two vectors is a sum, and one of which nothing is summed is none."""
    if b.type.shape == (1,) and len(a.type.shape) == 2:
        return node(MUL, (RESHAPE(a, attribute=a.type.shape[:1]), b))
    if len(a.type.shape) == len(b.type.shape) == 1:
        return node(SUM, (node(MUL, (a, b)),), (0,))
    return node(MATMUL, (a, b))


def _transpose(permutation: tuple[int, ...], x: Node) -> Node:
    """The transpose of a product is the product of the transposes: so a gradient has the shape of its parameter."""
    if x.op is MATMUL and permutation == (1, 0):
        a, b = x.args
        return node(MATMUL, (TRANSPOSE(b, attribute=(1, 0)), TRANSPOSE(a, attribute=(1, 0))))
    return TRANSPOSE(x, attribute=permutation)


def _mul(x: Node, y: Node) -> Node:
    """rate*(d*x) of a single rate and an outer product is (rate*d)*x: one product for each element less.

    So is rate*(m/s) of a single s, (rate/s)*m.
    """
    for number, product in ((x, y), (y, x)):
        if number.type.shape:
            continue
        if product.op is DIV and product.type.shape and not product.args[1].type.shape:
            return node(MUL, (node(DIV, (number, product.args[1])), product.args[0]))
        if product.op is MUL:
            a, b = product.args
            if a.type.shape != product.type.shape != b.type.shape:
                small, large = sorted((a, b), key=lambda factor: prod(map(count_of, factor.type.shape)))
                return node(MUL, (node(MUL, (number, small)), large))
    return node(MUL, (x, y))


def _one_hot(size: int, x: Node) -> Node:
    classes = node(STACK, tuple([const(k) for k in range(size)]))
    column = RESHAPE(x, attribute=(*x.type.shape, 1))
    return node(WHERE, (node(EQUAL, (column, classes)), const(1), const(0)))


_RULES: Final[dict[str, Callable[..., Node]]] = {
    MEAN.name: _mean,
    SUM.name: _sum,
    NORM.name: _norm,
    LARGEST.name: _extreme(LARGEST),
    SMALLEST.name: _extreme(SMALLEST),
    SOFTMAX.name: _softmax,
    LOGSUMEXP.name: _logsumexp,
    SOFTMAX_UNIT.name: _softmax_unit,
    LOGSUMEXP_UNIT.name: _logsumexp_unit,
    MATMUL.name: _matmul,
    DOT.name: _matmul,
    OUTER.name: _outer,
    ONE_HOT.name: _one_hot,
    TRANSPOSE.name: _transpose,
    GELU.name: _gelu,
    MUL.name: _mul,
}
