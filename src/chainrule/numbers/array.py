"""The generic array container: a shape and a flat list of scalars, of whatever number system.

A scalar is never wrapped: results of shape () come out bare, so that scalar graphs pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

from chainrule.errors import ShapeError
from chainrule.numbers.system import Numbers, Scalars

Shape = tuple[int, ...]


class Array:
    """An array of scalars in row-major order."""

    __slots__ = ("items", "shape")

    def __init__(self, shape: Shape, items: list[Any]) -> None:
        self.shape = shape
        self.items = items

    def __repr__(self) -> str:
        return f"Array({to_nested(self)})"


def shape_of(value: Any) -> Shape:
    """The shape of an array; () of a scalar."""
    return value.shape if isinstance(value, Array) else ()


def items_of(value: Any) -> list[Any]:
    """The scalars in row-major order."""
    return value.items if isinstance(value, Array) else [value]


def pack(shape: Shape, items: list[Any]) -> Any:
    """An array of these scalars, or the scalar itself for the shape ()."""
    return Array(shape, items) if shape else items[0]


def of_nested(data: Any) -> Any:
    """An array from nested lists of equal lengths.

    Raises `ShapeError` if rows differ in length.

    >>> of_nested([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if not isinstance(data, list | tuple):
        return data
    rows = [of_nested(row) for row in data]
    shapes = {shape_of(row) for row in rows}
    if len(shapes) > 1:
        raise ShapeError(f"the rows of an array differ in shape: {', '.join(map(str, sorted(shapes)))}.")
    inner = shapes.pop() if shapes else ()
    return Array((len(rows), *inner), [item for row in rows for item in items_of(row)])


def to_nested(value: Any) -> Any:
    """Nested lists of the scalars."""
    if not isinstance(value, Array):
        return value
    if len(value.shape) == 1:
        return list(value.items)
    size = prod(value.shape[1:])
    return [to_nested(Array(value.shape[1:], value.items[i * size : (i + 1) * size])) for i in range(value.shape[0])]


def strides_of(shape: Shape) -> list[int]:
    """How far apart neighbours along each axis stand in row-major order."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides


def positions(shape: Shape) -> Iterator[tuple[int, ...]]:
    """Every index of an array of this shape, row-major."""
    return product(*map(range, shape))


def broadcast(value: Any, shape: Shape) -> Any:
    """The value repeated along new and length-1 axes, by NumPy's rule."""
    have = shape_of(value)
    if have == shape:
        return value
    items, padded = items_of(value), (1,) * (len(shape) - len(have)) + have
    if len(items) == 1:
        return pack(shape, items * prod(shape))
    steps = [0 if n == 1 else stride for n, stride in zip(padded, strides_of(padded), strict=True)]
    return pack(shape, [items[sum(i * s for i, s in zip(at, steps, strict=True))] for at in positions(shape)])


def elementwise(function: Callable[..., Any], shape: Shape, *values: Any) -> Any:
    """The function of every element, arguments broadcast to the shape."""
    if not shape:
        return function(*values)
    columns = [items_of(broadcast(value, shape)) for value in values]
    return Array(shape, list(map(function, *columns)))


def _groups(value: Any, axes: tuple[int, ...]) -> tuple[Shape, list[list[Any]]]:
    """The elements that a reduction over `axes` puts together, and the shape that is left."""
    shape = shape_of(value)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    left = tuple([shape[axis] for axis in kept])
    weights = strides_of(left)
    groups: list[list[Any]] = [[] for _ in range(prod(left))]
    for at, item in zip(positions(shape), items_of(value), strict=True):
        groups[sum(at[axis] * w for axis, w in zip(kept, weights, strict=True))].append(item)
    return left, groups


def fold(function: Callable[[Any, Any], Any], value: Any, axes: tuple[int, ...]) -> Any:
    """The elements along the axes put together by a function of two, from the left."""
    left, groups = _groups(value, axes)
    if any(not group for group in groups):
        raise ShapeError("found an empty array where at least one element was expected.")
    results = []
    for first, *rest in groups:
        for item in rest:
            first = function(first, item)
        results.append(first)
    return pack(left, results)


def reshape(value: Any, shape: Shape) -> Any:
    """The same elements in another shape."""
    return pack(shape, items_of(value))


def transpose(value: Any, permutation: tuple[int, ...]) -> Any:
    """Axes in another order: axis k of the result is axis permutation[k] of the value."""
    if not isinstance(value, Array):
        return value
    strides = strides_of(value.shape)
    steps = [strides[axis] for axis in permutation]
    shape = tuple([value.shape[axis] for axis in permutation])
    return Array(shape, [value.items[sum(i * s for i, s in zip(at, steps, strict=True))] for at in positions(shape)])


Index = Sequence[int | tuple[int, int] | None]


def _selected(shape: Shape, at: Index) -> tuple[Shape, list[int]]:
    """The shape of what an index picks out, and where its elements stand in the flat list."""
    padded = [*at, *[None] * (len(shape) - len(at))]
    full = [(0, size) if i is None else i for i, size in zip(padded, shape, strict=True)]
    ranges = [range(i, i + 1) if isinstance(i, int) else range(*i) for i in full]
    kept = tuple([len(r) for r, i in zip(ranges, full, strict=True) if not isinstance(i, int)])
    strides = strides_of(shape)
    return kept, [sum(i * s for i, s in zip(place, strides, strict=True)) for place in product(*ranges)]


def index(value: Any, at: Index) -> Any:
    """Elements picked out: per axis an int from 0, a (start, stop) pair, or None for the whole axis."""
    shape, where = _selected(shape_of(value), at)
    items = items_of(value)
    return pack(shape, [items[i] for i in where])


def concat(axis: int, *values: Any) -> Any:
    """Arrays one after the other along an axis that all have."""
    outer = prod(shape_of(values[0])[:axis])
    shape = list(shape_of(values[0]))
    shape[axis] = sum(shape_of(value)[axis] for value in values)
    items: list[Any] = []
    for row in range(outer):
        for value in values:
            size = prod(value.shape[axis:])
            items += value.items[row * size : (row + 1) * size]
    return Array(tuple(shape), items)


def stack(*values: Any) -> Any:
    """Values of one shape along a new first axis."""
    return Array((len(values), *shape_of(values[0])), [item for value in values for item in items_of(value)])


def arrays_over(s: Scalars) -> Numbers:
    """The number system of arrays whose scalars are those of `s`."""

    def total(value: Any, axes: tuple[int, ...]) -> Any:
        left, groups = _groups(value, axes)
        results = []
        for group in groups:
            # No zero is added to begin with: a sum of one unit's terms should read as a person writes it.
            result = group[0] if group else s.of(0)
            for item in group[1:]:
                result = s.add(result, item)
            results.append(result)
        return pack(left, results)

    def matmul(a: Any, b: Any) -> Any:
        rows, inner = (1, a.shape[0]) if len(a.shape) == 1 else a.shape
        columns = 1 if len(b.shape) == 1 else b.shape[1]
        products = []
        for i in range(rows):
            row = a.items[i * inner : (i + 1) * inner]
            for j in range(columns):
                terms = [s.mul(x, y) for x, y in zip(row, b.items[j::columns], strict=True)]
                products.append(total(Array((inner,), terms), (0,)))
        return pack(a.shape[:-1] + b.shape[1:], products)

    def scatter(value: Any, shape: Shape, at: Index) -> Any:
        items = [s.of(0)] * prod(shape)
        for position, item in zip(_selected(shape, at)[1], items_of(value), strict=True):
            items[position] = item
        return pack(shape, items)

    return Numbers(
        s=s, elementwise=elementwise, broadcast=broadcast, sum=total, fold=fold, matmul=matmul, reshape=reshape,
        transpose=transpose, index=index, scatter=scatter, concat=concat, stack=stack, shape=shape_of,
        of_nested=of_nested, to_nested=to_nested,
    )  # fmt: skip
