"""Reductions: one number from many. Sum spreads the gradient out again, softmax and logsumexp never overflow."""

from __future__ import annotations

from math import prod
from typing import Any

from chainrule.node import REAL, Node, Op, Type, const
from chainrule.ops import types
from chainrule.ops.choices import EQUAL, WHERE
from chainrule.ops.matrix import BROADCAST, RESHAPE, all_batched

Axes = tuple[int, ...]


def spread(g: Node, axes: Axes, shape: tuple[int | str, ...]) -> Node:
    """A reduced array repeated along the axes it lost."""
    kept = tuple([1 if axis in axes else size for axis, size in enumerate(shape)])
    if not g.type.shape or len(axes) == len(shape):
        return BROADCAST(g, attribute=shape)
    return BROADCAST(RESHAPE(g, attribute=kept), attribute=shape)


def _count(axes: Axes, x: Node) -> Node:
    return COUNT(x, attribute=axes)


def _simplify_count(axes: Axes, x: Node) -> Node | None:
    sizes = [x.type.shape[axis] for axis in axes]
    return const(prod(s for s in sizes if isinstance(s, int))) if all(isinstance(s, int) for s in sizes) else None


def _simplify_sum(axes: Axes, x: Node) -> Node | None:
    return x if not axes else None


def _largest_vjp(g: Node, out: Node, axes: Axes, x: Node) -> tuple[Node | None, ...]:
    shape = x.type.shape
    hits = WHERE(EQUAL(x, spread(out, axes, shape)), const(1), const(0))
    return (spread(g, axes, shape) * hits / spread(SUM(hits, attribute=axes), axes, shape),)


def _softmax_vjp(g: Node, out: Node, axes: Axes, x: Node) -> tuple[Node | None, ...]:
    return (out * (g - spread(SUM(g * out, attribute=axes), axes, x.type.shape)),)


def _shifted(n: Any, axes: Axes, x: Any) -> tuple[Any, Any, Any]:
    """The largest element along the axes, e^(x - largest), and the sum of these."""
    shape = n.shape(x)
    kept = tuple([1 if axis in axes else size for axis, size in enumerate(shape)])
    top = n.fold(n.s.max, x, axes)
    gaps = n.elementwise(n.s.sub, shape, x, n.broadcast(n.reshape(top, kept), shape))
    powers = n.elementwise(n.s.exp, shape, gaps)
    return top, powers, n.sum(powers, axes)


def _softmax_value(n: Any, axes: Axes, x: Any) -> Any:
    _, powers, total = _shifted(n, axes, x)
    shape = n.shape(x)
    kept = tuple([1 if axis in axes else size for axis, size in enumerate(shape)])
    return n.elementwise(n.s.div, shape, powers, n.broadcast(n.reshape(total, kept), shape))


def _logsumexp_value(n: Any, axes: Axes, x: Any) -> Any:
    top, _, total = _shifted(n, axes, x)
    shape = n.shape(top)
    return n.elementwise(lambda t, m: n.s.add(m, n.s.log(t)), shape, total, top)


def _mean_value(n: Any, axes: Axes, x: Any) -> Any:
    count = n.s.of(prod(n.shape(x)[axis] for axis in axes))
    total = n.sum(x, axes)
    return n.elementwise(n.s.div, n.shape(total), total, count)


def _norm_value(n: Any, axes: Axes, x: Any) -> Any:
    total = n.sum(n.elementwise(n.s.mul, n.shape(x), x, x), axes)
    return n.elementwise(n.s.sqrt, n.shape(total), total)


def _reduction(name: str, value: Any, vjp: Any, **facts: Any) -> Op:
    return Op(
        name=name, arity=1, typing=types.reduction, value=value, vjp=vjp, glyph=facts.pop("glyph", name),
        batch=lambda batched, axes, x: _by_name[name](x, attribute=tuple([axis + 1 for axis in axes])), **facts,
    )  # fmt: skip


SUM: Op = _reduction(
    "sum",
    lambda n, axes, x: n.sum(x, axes),
    lambda g, out, axes, x: (spread(g, axes, x.type.shape),),
    latex=r"\sum {0}",
    simplify=_simplify_sum,
)
MEAN: Op = _reduction(
    "mean",
    _mean_value,
    lambda g, out, axes, x: (spread(g / _count(axes, x), axes, x.type.shape),),
    latex=r"\mathrm{{mean}}\left({0}\right)",
)
NORM: Op = _reduction(
    "norm",
    _norm_value,
    lambda g, out, axes, x: (spread(g / out, axes, x.type.shape) * x,),
    latex=r"\left\|{0}\right\|",
    domain=((0.3, 2.0),),
)
LARGEST: Op = _reduction(
    "largest",
    lambda n, axes, x: n.fold(n.s.max, x, axes),
    _largest_vjp,
    glyph="max",
    latex=r"\max {0}",
    kink="shares from 0 to 1 that sum to 1; equal shares are taken",
)
SMALLEST: Op = _reduction(
    "smallest",
    lambda n, axes, x: n.fold(n.s.min, x, axes),
    _largest_vjp,
    glyph="min",
    latex=r"\min {0}",
    kink="shares from 0 to 1 that sum to 1; equal shares are taken",
)
LOGSUMEXP: Op = _reduction(
    "logsumexp",
    _logsumexp_value,
    lambda g, out, axes, x: (spread(g, axes, x.type.shape) * SOFTMAX(x, attribute=axes),),
    latex=r"\ln\sum e^{{{0}}}",
)
SOFTMAX: Op = Op(
    name="softmax",
    arity=1,
    typing=types.along,
    value=_softmax_value,
    vjp=_softmax_vjp,
    batch=lambda batched, axes, x: SOFTMAX(x, attribute=tuple([axis + 1 for axis in axes])),
    glyph="softmax",
    latex=r"\mathrm{{softmax}}\left({0}\right)",
)
# How many elements the axes hold: a number once the row count is known.
COUNT: Op = Op(
    name="count",
    arity=1,
    typing=lambda axes, x: REAL,
    value=lambda n, axes, x: n.s.of(prod(n.shape(x)[axis] for axis in axes)),
    vjp=None,
    batch=lambda batched, axes, x: COUNT(x, attribute=tuple([axis + 1 for axis in axes])),
    simplify=_simplify_count,
    glyph="count",
    latex=r"\mathrm{{count}}\left({0}\right)",
)


# At unit level softmax stays a component, so that its derivative reads -p1*p2 and not as its expansion.
def _softmax_unit_vjp(g: Node, out: Node, unit: int, *zs: Node) -> tuple[Node | None, ...]:
    others = [SOFTMAX_UNIT(*zs, attribute=k) for k in range(len(zs))]
    return tuple([g * (out * (1 - out)) if k == unit else -(g * (out * p)) for k, p in enumerate(others)])


def _scalars(unit: int, *zs: Type) -> Type:
    return types.elementwise(*zs)


SOFTMAX_UNIT: Op = Op(
    name="softmax_unit",
    typing=_scalars,
    value=lambda n, unit, *zs: n.index(_softmax_value(n, (0,), n.stack(*zs)), (unit,)),
    vjp=_softmax_unit_vjp,
    batch=lambda batched, unit, *zs: SOFTMAX_UNIT(*all_batched(batched, zs), attribute=unit),
    glyph="softmax",
    latex=r"\mathrm{{softmax}}",
)
LOGSUMEXP_UNIT: Op = Op(
    name="logsumexp_unit",
    typing=lambda *zs: types.elementwise(*zs),
    value=lambda n, *zs: _logsumexp_value(n, (0,), n.stack(*zs)),
    vjp=lambda g, out, *zs: tuple([g * SOFTMAX_UNIT(*zs, attribute=k) for k in range(len(zs))]),
    batch=lambda batched, *zs: LOGSUMEXP_UNIT(*all_batched(batched, zs)),
    glyph="logsumexp",
    latex=r"\ln\sum e",
)

OPS = (SUM, MEAN, NORM, LARGEST, SMALLEST, LOGSUMEXP, SOFTMAX, COUNT, SOFTMAX_UNIT, LOGSUMEXP_UNIT)
_by_name = {op.name: op for op in OPS}
