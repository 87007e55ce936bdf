"""Arrays put together, taken apart and multiplied."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

from chainrule.errors import ShapeError
from chainrule.node import ARITHMETIC, Node, Op, Type, type_of
from chainrule.ops import types
from chainrule.randomness import seed_key, uniform

Index = tuple[int | tuple[int, int] | None, ...]


def _sum(x: Node, axis: int) -> Node:
    from chainrule.ops.reduction import SUM  # reductions are written with the shapes of this file

    return SUM(x, attribute=(axis,))


def _matmul_vjp(g: Node, out: Node, a: Node, b: Node) -> tuple[Node | None, ...]:
    match len(a.type.shape), len(b.type.shape):
        case 1, 1:
            return g * b, g * a
        case 2, 1:
            return OUTER(g, b), transposed(a) @ g
        case 1, 2:
            return b @ g, OUTER(a, g)
    return g @ transposed(b), transposed(a) @ g


def _matmul_batch(batched: tuple[bool, ...], a: Node, b: Node) -> Node:
    rank_a, rank_b = len(a.type.shape) - batched[0], len(b.type.shape) - batched[1]
    if batched == (False, True) and rank_b == 1:
        return b @ (transposed(a) if rank_a == 2 else a)  # W @ x for every row x is X @ W^T
    if batched == (True, False) and rank_a == 1:
        return a @ b
    # In general: rows times columns, element by element, with the axes (batch, row, inner, column).
    rows, inner = (a.type.shape[-2], a.type.shape[-1]) if rank_a == 2 else (1, a.type.shape[-1])
    columns = b.type.shape[-1] if rank_b == 2 else 1
    size = a.type.shape[0] if batched[0] else b.type.shape[0]
    left = RESHAPE(a, attribute=((size,) if batched[0] else (1,)) + (rows, inner, 1))
    right = RESHAPE(b, attribute=((size,) if batched[1] else (1,)) + (1, inner, columns))
    product = _sum(left * right, 2)
    shape = (size, *((rows,) if rank_a == 2 else ()), *((columns,) if rank_b == 2 else ()))
    return RESHAPE(product, attribute=shape)


def transposed(x: Node) -> Node:
    """The transpose: axes reversed."""
    return TRANSPOSE(x, attribute=tuple(reversed(range(len(x.type.shape)))))


def _simplify_transpose(permutation: tuple[int, ...], x: Node) -> Node | None:
    if permutation == tuple(range(len(permutation))):
        return x
    if x.op is TRANSPOSE:
        inner = x.attribute
        return TRANSPOSE(x.args[0], attribute=tuple([inner[axis] for axis in permutation]))
    return None


def _transpose_vjp(g: Node, out: Node, permutation: tuple[int, ...], x: Node) -> tuple[Node | None, ...]:
    return (TRANSPOSE(g, attribute=tuple([permutation.index(axis) for axis in range(len(permutation))])),)


def _simplify_same_shape(shape: tuple[int | str, ...], x: Node) -> Node | None:
    return x if x.type.shape == shape and x.type.kind == "real" else None


def unbroadcast(g: Node, shape: tuple[int | str, ...]) -> Node:
    """A cotangent summed down to the shape of what was stretched."""
    have = g.type.shape
    if have == shape or len(have) < len(shape):
        return g  # smaller: the seed 1 of a local derivative, which stands for ones
    extra = len(have) - len(shape)
    axes = [axis for axis in range(len(have)) if axis < extra or (shape[axis - extra] == 1 and have[axis] != 1)]
    if not axes:
        return g
    from chainrule.ops.reduction import SUM

    reduced = SUM(g, attribute=tuple(axes))
    return reduced if reduced.type.shape == shape else RESHAPE(reduced, attribute=shape)


def _broadcast_batch(batched: tuple[bool, ...], shape: tuple[int | str, ...], x: Node) -> Node:
    size, inner = x.type.shape[0], x.type.shape[1:]
    padded = (size,) + (1,) * (len(shape) - len(inner)) + inner
    return BROADCAST(RESHAPE(x, attribute=padded), attribute=(size, *shape))


def _concat_vjp(g: Node, out: Node, axis: int, *xs: Node) -> tuple[Node | None, ...]:
    parts, start = [], 0
    for x in xs:
        stop = start + int(x.type.shape[axis])
        parts.append(INDEX(g, attribute=(*[None] * axis, (start, stop))))
        start = stop
    return tuple(parts)


def all_batched(batched: tuple[bool, ...], xs: tuple[Node, ...]) -> list[Node]:
    """Arguments of one shape, those that are the same for all examples repeated."""
    size = next(x.type.shape[0] for x, flag in zip(xs, batched, strict=True) if flag)
    return [x if flag else BROADCAST(x, attribute=(size, *x.type.shape)) for x, flag in zip(xs, batched, strict=True)]


def _stack_batch(batched: tuple[bool, ...], *xs: Node) -> Node:
    rows = all_batched(batched, xs)
    columns = [RESHAPE(x, attribute=(x.type.shape[0], 1, *x.type.shape[1:])) for x in rows]
    return CONCAT(*columns, attribute=1)


def _simplify_index(index: Index, x: Node) -> Node | None:
    if x.op is STACK and isinstance(index[0], int):
        rest = index[1:]
        return INDEX(x.args[index[0]], attribute=rest) if rest else x.args[index[0]]
    return x if not index or all(at is None for at in index) else None


def _one_hot_type(size: int, x: Type) -> Type:
    if x.kind == "boolean":
        raise ShapeError("found a comparison where one_hot expects a class number.")
    return type_of("real", (*x.shape, size))


def _one_hot_value(n: Any, size: int, x: Any) -> Any:
    def hot(k: int) -> Any:
        return n.elementwise(lambda item: n.s.where(n.s.equal(item, n.s.of(k)), n.s.of(1), n.s.of(0)), n.shape(x), x)

    rows = n.stack(*[hot(k) for k in range(size)])
    rank = len(n.shape(rows))
    return n.transpose(rows, (*range(1, rank), 0))


def _uniform_value(n: Any, shape: tuple[int, ...], key: Any, counter: Any) -> Any:
    """Element k is the draw at the counter (counter, k) under `seed_key(key)`: the same bits as everywhere else."""
    words = seed_key(int(key))
    drawn = [n.s.of(Fraction(uniform(words, (int(counter), k)))) for k in range(prod(shape))]
    return n.reshape(n.stack(*drawn), shape)


MATMUL: Op = Op(
    name="matmul",
    arity=2,
    typing=types.matrix_product,
    value=lambda n, a, b: n.matmul(a, b),
    vjp=_matmul_vjp,
    batch=_matmul_batch,
    precedence=20,
    glyph="@",
    latex="{0} {1}",
)
OUTER: Op = Op(
    name="outer",
    arity=2,
    typing=lambda a, b: type_of("real", a.shape + b.shape),
    value=lambda n, a, b: n.matmul(n.reshape(a, (*n.shape(a), 1)), n.reshape(b, (1, *n.shape(b)))),
    vjp=lambda g, out, a, b: (g @ b, a @ g),
    batch=lambda batched, a, b: (
        RESHAPE(a, attribute=(*a.type.shape, 1)) * RESHAPE(b, attribute=(*b.type.shape[:-1], 1, b.type.shape[-1]))
    ),
    glyph="outer",
    latex=r"{0} {1}^{{\top}}",
)
DOT: Op = Op(
    name="dot",
    arity=2,
    typing=types.vectors,
    value=lambda n, a, b: n.matmul(a, b),
    vjp=lambda g, out, a, b: (g * b, g * a),
    batch=lambda batched, a, b: _sum(a * b, 1),
    glyph="dot",
    latex=r"{0} \cdot {1}",
)
TRANSPOSE: Op = Op(
    name="transpose",
    arity=1,
    typing=types.permuted,
    value=lambda n, permutation, x: n.transpose(x, permutation),
    vjp=_transpose_vjp,
    batch=lambda batched, permutation, x: TRANSPOSE(x, attribute=(0, *[axis + 1 for axis in permutation])),
    simplify=_simplify_transpose,
    glyph="transpose",
    latex=r"{0}^{{\top}}",
)
RESHAPE: Op = Op(
    name="reshape",
    arity=1,
    typing=types.reshaped,
    value=lambda n, shape, x: n.reshape(x, shape),
    vjp=lambda g, out, shape, x: (RESHAPE(g, attribute=x.type.shape),),
    batch=lambda batched, shape, x: RESHAPE(x, attribute=(x.type.shape[0], *shape)),
    simplify=_simplify_same_shape,
    glyph="reshape",
    latex=r"\mathrm{{reshape}}\left({0}\right)",
)
BROADCAST: Op = Op(
    name="broadcast",
    arity=1,
    typing=types.broadcasted,
    value=lambda n, shape, x: n.broadcast(x, shape),
    vjp=lambda g, out, shape, x: (unbroadcast(g, x.type.shape),),
    batch=_broadcast_batch,
    simplify=_simplify_same_shape,
    glyph="broadcast",
    latex=r"\mathrm{{broadcast}}\left({0}\right)",
)
INDEX: Op = Op(
    name="index",
    arity=1,
    typing=types.indexed,
    value=lambda n, index, x: n.index(x, index),
    vjp=lambda g, out, index, x: (SCATTER(g, attribute=(x.type.shape, index)),),
    batch=lambda batched, index, x: INDEX(x, attribute=(None, *index)),
    simplify=_simplify_index,
    glyph="index",
    latex="{0}",
)
SCATTER: Op = Op(
    name="scatter",
    arity=1,
    typing=types.scattered,
    value=lambda n, attribute, x: n.scatter(x, *attribute),
    vjp=lambda g, out, attribute, x: (INDEX(g, attribute=attribute[1]),),
    batch=lambda batched, attribute, x: SCATTER(x, attribute=((x.type.shape[0], *attribute[0]), (None, *attribute[1]))),
    glyph="scatter",
    latex=r"\mathrm{{scatter}}\left({0}\right)",
)
CONCAT: Op = Op(
    name="concat",
    typing=types.concatenated,
    value=lambda n, axis, *xs: n.concat(axis, *xs),
    vjp=_concat_vjp,
    batch=lambda batched, axis, *xs: CONCAT(*all_batched(batched, xs), attribute=axis + 1),
    glyph="concat",
    latex=r"\mathrm{{concat}}",
)
STACK: Op = Op(
    name="stack",
    typing=types.stacked,
    value=lambda n, *xs: n.stack(*xs),
    vjp=lambda g, out, *xs: tuple([INDEX(g, attribute=(k,)) for k in range(len(xs))]),
    batch=_stack_batch,
    glyph="stack",
    latex=r"\mathrm{{stack}}",
)
ONE_HOT: Op = Op(
    name="one_hot",
    arity=1,
    typing=_one_hot_type,
    value=_one_hot_value,
    vjp=None,
    batch=lambda batched, size, x: ONE_HOT(x, attribute=size),
    glyph="one_hot",
    latex=r"\mathrm{{onehot}}\left({0}\right)",
    domain=((0.0, 3.0),),
)
# Randomness is a function of a key and a counter: the same bits on every target.
UNIFORM: Op = Op(
    name="uniform",
    arity=2,
    typing=lambda shape, key, counter: type_of("real", shape),
    value=_uniform_value,
    vjp=None,
    glyph="uniform",
    latex=r"\mathrm{{uniform}}\left({0}, {1}\right)",
)

OPS = (MATMUL, OUTER, DOT, TRANSPOSE, RESHAPE, BROADCAST, INDEX, SCATTER, CONCAT, STACK, ONE_HOT, UNIFORM)
ARITHMETIC["matmul"] = MATMUL
