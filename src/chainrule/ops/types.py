"""Type rules: what the result of an op is, or why its arguments do not fit."""

from __future__ import annotations

from chainrule.errors import ShapeError
from chainrule.node import BOOLEAN, REAL, Dim, Shape, Type, type_of


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The common shape by NumPy's rule: aligned at the right, a 1 stretches.

    Raises `ShapeError` if two sizes differ and neither is 1.

    >>> broadcast_shapes((2, 3), (3,), ())
    (2, 3)
    """
    rank = max(map(len, shapes))
    result: list[Dim] = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(sizes) > 1:
            texts = " and ".join(show_shape(shape) for shape in shapes)
            raise ShapeError(f"the shapes {texts} do not fit together", hint="Sizes must be equal, or one of them 1.")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def show_shape(shape: Shape) -> str:
    """A shape for people: `(2, 3)`, `(3)`, `()` for a single number."""
    return f"({', '.join(map(str, shape))})"


def elementwise(*types: Type) -> Type:
    """Real, of the broadcast shape."""
    for given in types:
        if given is not REAL:
            return type_of("real", broadcast_shapes(*[t.shape for t in types]))
    return REAL


def comparison(*types: Type) -> Type:
    """Boolean, of the broadcast shape."""
    shape = broadcast_shapes(*[t.shape for t in types])
    return type_of("boolean", shape) if shape else BOOLEAN


def choice(condition: Type, *types: Type) -> Type:
    """The type of `where(c, a, b)`."""
    if condition.kind != "boolean":
        raise ShapeError("found a number where a comparison such as x > 0 was expected as the first of where(c, a, b).")
    return elementwise(condition, *types)


def reduction(axes: tuple[int, ...], x: Type) -> Type:
    """Real, without the reduced axes."""
    if any(not 0 <= axis < len(x.shape) for axis in axes):
        raise ShapeError(f"found the axes {axes} where an array of shape {show_shape(x.shape)} has no such axis.")
    return type_of("real", tuple([size for axis, size in enumerate(x.shape) if axis not in axes]))


def along(axes: tuple[int, ...], x: Type) -> Type:
    """Real, of the same shape: softmax along axes."""
    reduction(axes, x)
    return type_of("real", x.shape)


def vectors(a: Type, b: Type) -> Type:
    """A scalar from two vectors of one length."""
    if len(a.shape) != 1 or a.shape != b.shape:
        raise ShapeError(
            f"found shapes {show_shape(a.shape)} and {show_shape(b.shape)}, expected two vectors of one length."
        )
    return REAL


def matrix_product(a: Type, b: Type) -> Type:
    """Rows of `a` times columns of `b`; each may be a vector or a matrix."""
    fits = len(a.shape) in (1, 2) and len(b.shape) in (1, 2) and a.shape[-1] == b.shape[0]
    if not fits:
        raise ShapeError(
            f"the matrix product @ cannot take shapes {show_shape(a.shape)} and {show_shape(b.shape)}",
            hint="The last size of the left must equal the first of the right.",
        )
    return type_of("real", a.shape[:-1] + b.shape[1:])


def permuted(permutation: tuple[int, ...], x: Type) -> Type:
    """The axes in another order."""
    if sorted(permutation) != list(range(len(x.shape))):
        raise ShapeError(f"found the order {permutation} of axes for an array of shape {show_shape(x.shape)}.")
    return type_of("real", tuple([x.shape[axis] for axis in permutation]))


def reshaped(shape: Shape, x: Type) -> Type:
    """As many elements in another shape; sizes that are symbols must occur in both."""
    if _size(shape) != _size(x.shape):
        raise ShapeError(f"an array of shape {show_shape(x.shape)} cannot take the shape {show_shape(shape)}.")
    return type_of("real", shape)


def _size(shape: Shape) -> tuple[int, list[str]]:
    product = 1
    for size in shape:
        product *= size if isinstance(size, int) else 1
    return product, sorted(size for size in shape if isinstance(size, str))


def broadcasted(shape: Shape, x: Type) -> Type:
    """Stretched to a larger shape."""
    if broadcast_shapes(shape, x.shape) != shape:
        raise ShapeError(f"an array of shape {show_shape(x.shape)} cannot be broadcast to {show_shape(shape)}.")
    return type_of("real", shape)


def indexed(index: tuple[int | tuple[int, int] | None, ...], x: Type) -> Type:
    """What an index picks: an int drops its axis, a (start, stop) pair or None keeps it."""
    if len(index) > len(x.shape):
        raise ShapeError(f"found {len(index)} indices for an array of shape {show_shape(x.shape)}.")
    shape: list[Dim] = []
    for at, size in zip(index, x.shape, strict=False):
        first, last = at if isinstance(at, tuple) else (at, at if at is None else at + 1)
        if first is not None and last is not None and isinstance(size, int) and not 0 <= first <= last <= size:
            raise ShapeError(f"found the index {first + 1} where an axis has the size {size}.")
        if not isinstance(at, int):
            shape.append(size if first is None or last is None else last - first)
    return type_of("real", (*shape, *x.shape[len(index) :]))


def scattered(attribute: tuple[Shape, tuple[int | tuple[int, int] | None, ...]], x: Type) -> Type:
    """The array an index was taken from."""
    shape, index = attribute
    if indexed(index, type_of("real", shape)).shape != x.shape:
        raise ShapeError(f"values of shape {show_shape(x.shape)} do not fit the index into {show_shape(shape)}.")
    return type_of("real", shape)


def concatenated(axis: int, *types: Type) -> Type:
    """One after the other along an axis."""
    first = types[0].shape if types else ()
    for given in types:
        if len(given.shape) != len(first) or not 0 <= axis < len(first):
            raise ShapeError(
                f"arrays of shapes {', '.join(show_shape(t.shape) for t in types)} cannot be concatenated."
            )
        if [s for k, s in enumerate(given.shape) if k != axis] != [s for k, s in enumerate(first) if k != axis]:
            raise ShapeError(
                f"arrays of shapes {', '.join(show_shape(t.shape) for t in types)} cannot be concatenated."
            )
    total = 0
    for given in types:
        size = given.shape[axis]
        if not isinstance(size, int):
            raise ShapeError(f"the size {size} along which arrays are concatenated is not known yet.")
        total += size
    return type_of("real", (*first[:axis], total, *first[axis + 1 :]))


def stacked(*types: Type) -> Type:
    """Values of one shape along a new first axis."""
    shapes = {given.shape for given in types}
    if len(shapes) != 1:
        raise ShapeError(f"a list mixes the shapes {', '.join(sorted(map(show_shape, shapes))) or '(nothing)'}.")
    return type_of("real", (len(types), *shapes.pop()))
