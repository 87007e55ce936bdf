"""The value a traced function sees in place of a number: each operator on it puts one plain node into the graph.

Plain, not simplified, so that the graph reads as the function was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import isfinite, prod
from typing import Any, NoReturn

from chainrule.errors import ChainruleError, ShapeError
from chainrule.node import Dim, Node, Op, Shape, const, node
from chainrule.ops import arithmetic, choices, matrix, reduction
from chainrule.ops.matrix import BROADCAST, CONCAT, INDEX, RESHAPE, STACK, TRANSPOSE
from chainrule.ops.types import broadcast_shapes, show_shape

LARGEST_CONSTANT = 10_000  # elements of an array that a function may bring along as constants


class Traced:
    """A number or an array inside a traced function; `node` is what it is in the graph.

    It takes the operators, indices, attributes and functions of a NumPy array. What would need its value - `if x > 0`,
    `float(x)` - is an error that says what to write.
    """

    __slots__ = ("node",)
    node: Node

    def __init__(self, of: Node) -> None:
        object.__setattr__(self, "node", of)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a traced value cannot be changed.")

    # What it looks like.

    @property
    def shape(self) -> Shape:
        return self.node.type.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.known_shape("its size"))

    @property
    def T(self) -> Traced:  # noqa: N802 - as in NumPy
        return self.transpose()

    def known_shape(self, what_for: str) -> tuple[int, ...]:
        """The shape, if no size is still a symbol such as N."""
        sizes = tuple([size for size in self.shape if isinstance(size, int)])
        if len(sizes) != len(self.shape):
            raise ShapeError(f"{what_for} is not known for an array of shape {show_shape(self.shape)}.")
        return sizes

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a single number has no length.")
        return self.known_shape("its length")[0]

    def __iter__(self) -> Iterator[Traced]:
        if not self.shape:
            raise TypeError("a single number cannot be iterated over.")
        return iter([self[k] for k in range(len(self))])

    def __repr__(self) -> str:
        return f"Traced({self.node!r})"

    # Operators.

    def __add__(self, other: object) -> Traced:
        return build(arithmetic.ADD, self, other)

    def __radd__(self, other: object) -> Traced:
        # Python's sum() begins with a 0 that nobody wrote.
        return self if type(other) is int and other == 0 else build(arithmetic.ADD, other, self)

    def __sub__(self, other: object) -> Traced:
        return build(arithmetic.SUB, self, other)

    def __rsub__(self, other: object) -> Traced:
        return build(arithmetic.SUB, other, self)

    def __mul__(self, other: object) -> Traced:
        return build(arithmetic.MUL, self, other)

    def __rmul__(self, other: object) -> Traced:
        return build(arithmetic.MUL, other, self)

    def __truediv__(self, other: object) -> Traced:
        return build(arithmetic.DIV, self, other)

    def __rtruediv__(self, other: object) -> Traced:
        return build(arithmetic.DIV, other, self)

    def __pow__(self, other: object) -> Traced:
        return build(arithmetic.POWER, self, other)

    def __rpow__(self, other: object) -> Traced:
        return build(arithmetic.POWER, other, self)

    def __matmul__(self, other: object) -> Traced:
        return build(matrix.MATMUL, self, other)

    def __rmatmul__(self, other: object) -> Traced:
        return build(matrix.MATMUL, other, self)

    def __neg__(self) -> Traced:
        return build(arithmetic.NEG, self)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return build(choices.ABS, self)

    def __gt__(self, other: object) -> Traced:
        return build(choices.GREATER, self, other)

    def __lt__(self, other: object) -> Traced:
        return build(choices.LESS, self, other)

    def __ge__(self, other: object) -> Traced:
        return build(choices.GREATER_EQUAL, self, other)

    def __le__(self, other: object) -> Traced:
        return build(choices.LESS_EQUAL, self, other)

    def __eq__(self, other: object) -> Traced:  # type: ignore[override]
        return build(choices.EQUAL, self, other)

    def __ne__(self, other: object) -> Traced:  # type: ignore[override]
        return build(choices.NOT_EQUAL, self, other)

    __hash__ = None  # type: ignore[assignment]  # == gives a comparison, as in NumPy

    # What needs a value is refused.

    def __bool__(self) -> NoReturn:
        raise ChainruleError(
            "the truth of a traced value is not known while a function is traced.",
            hint="Write where(condition, a, b) for `a if condition else b`, and maximum(a, b) for `max(a, b)`.",
        )

    def _no_number(self) -> NoReturn:
        raise ChainruleError(
            "a traced value is not yet a number.",
            hint="Use the functions of numpy or chainrule.functions, not those of math, and no float() or int().",
        )

    def __float__(self) -> float:
        self._no_number()

    def __int__(self) -> int:
        self._no_number()

    def __index__(self) -> int:
        self._no_number()

    def __complex__(self) -> complex:
        self._no_number()

    def __round__(self, digits: int | None = None) -> NoReturn:
        self._no_number()

    def __array__(self, *args: object, **options: object) -> NoReturn:
        raise ChainruleError(
            "a traced value cannot become a NumPy array.", hint="Write np.stack([a, b]) for np.array([a, b])."
        )

    def __setitem__(self, index: object, value: object) -> NoReturn:
        raise ChainruleError(
            "an element of a traced array cannot be set.", hint="Build the array at once, with np.stack or np.where."
        )

    # NumPy's functions.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: object, **options: object) -> Any:
        from chainrule.tracing.numpy_calls import call_ufunc  # the table stands above this class

        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: object, args: Any, options: Any) -> Any:
        from chainrule.tracing.numpy_calls import call_function

        return call_function(function, args, options)

    # NumPy's methods.

    def sum(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return reduce(reduction.SUM, self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return reduce(reduction.MEAN, self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return reduce(reduction.LARGEST, self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return reduce(reduction.SMALLEST, self, axis, keepdims)

    def dot(self, other: object) -> Traced:
        return product(self, other)

    def reshape(self, *shape: Any) -> Traced:
        return reshape(self, shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Traced:
        return reshape(self, -1)

    flatten = ravel

    def transpose(self, *axes: Any) -> Traced:
        return transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None)

    def __getitem__(self, index: Any) -> Traced:
        return pick(self, index if isinstance(index, tuple) else (index,))


def lift(value: object) -> Traced:
    """A value as a traced one: numbers become exact constants, lists and arrays stacks of constants.

    A float becomes the shortest decimal that stands for it, which is what a person wrote: 0.1 is 1/10. Raises
    `ChainruleError` for what is not a finite real number, and for more than 10,000 elements.
    """
    if isinstance(value, Traced):
        return value
    if isinstance(value, float):
        return Traced(const(_decimal(value)))
    if isinstance(value, int | Fraction | Decimal):
        return Traced(const(_decimal(value) if isinstance(value, Decimal) else Fraction(value)))
    size = getattr(value, "size", None)
    if isinstance(size, int) and size > LARGEST_CONSTANT:
        raise ChainruleError(
            f"the traced function brings along an array of {size} numbers, more than {LARGEST_CONSTANT}.",
            hint="Make it an argument of the function.",
        )
    if isinstance(value, list | tuple):
        if len(value) > LARGEST_CONSTANT:
            raise ChainruleError(f"found a list of {len(value)} elements.", hint="Make it an argument of the function.")
        return Traced(node(STACK, tuple([lift(row).node for row in value])))
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays, without importing NumPy
        return lift(value.tolist())
    raise ChainruleError(f"found {type(value).__name__} {value!r:.40} where a number or an array was expected.")


def _decimal(value: float | Decimal) -> Fraction:
    if not isfinite(value):
        raise ChainruleError(f"found the constant {value}, and constants are exact.", hint="Use a finite number.")
    return Fraction(str(value))


def build(op: Op, *args: object, attribute: Any = None) -> Traced:
    """One plain node of this op."""
    return Traced(node(op, tuple([lift(a).node for a in args]), attribute))


def condition(value: object) -> Traced:
    """What `where` takes first: a comparison, or booleans brought along."""
    lifted = lift(value)
    return lifted if lifted.node.type.kind == "boolean" else build(choices.NOT_EQUAL, lifted, 0)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """NumPy's `axis` argument as a sorted tuple of axes from 0."""
    if axis is None:
        return tuple(range(rank))
    found = list(axis) if isinstance(axis, tuple | list) else [axis]
    if any(not isinstance(a, int) or not -rank <= a < rank for a in found):
        raise ShapeError(f"found axis={axis} for an array of {rank} axes.")
    axes = sorted(a % rank for a in found)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"found axis={axis}, which names an axis twice.")
    return tuple(axes)


def reduce(op: Op, x: object, axis: Any = None, keepdims: bool = False) -> Traced:
    """A reduction along NumPy's `axis`."""
    array = lift(x)
    axes = axes_of(axis, array.ndim)
    if not axes:  # of a single number, or along no axis: each of sum, mean, max, min is the number itself
        return build(choices.ABS, array) if op is reduction.NORM else array
    result = build(op, array, attribute=axes)
    if not keepdims:
        return result
    return reshape(result, tuple([1 if k in axes else size for k, size in enumerate(array.shape)]))


def reshape(x: object, shape: Any) -> Traced:
    """NumPy's reshape, with one size that may be -1."""
    array = lift(x)
    sizes: list[Dim] = list(shape) if isinstance(shape, tuple | list) else [shape]
    if sizes.count(-1) == 1:
        known = prod(size for size in sizes if isinstance(size, int) and size != -1)
        sizes[sizes.index(-1)] = array.size // known if known else 0
    return build(RESHAPE, array, attribute=tuple(sizes))


def transpose(x: object, axes: Any = None) -> Traced:
    """NumPy's transpose: all axes reversed, or in the order given."""
    array = lift(x)
    if array.ndim < 2 and not axes:
        return array
    order: Sequence[int] = range(array.ndim)[::-1] if axes is None else [a % max(array.ndim, 1) for a in axes]
    return build(TRANSPOSE, array, attribute=tuple(order))


def product(a: object, b: object) -> Traced:
    """NumPy's dot: with a single number the product, of two vectors `dot`, else the matrix product."""
    x, y = lift(a), lift(b)
    if not x.ndim or not y.ndim:
        return x * y
    return build(matrix.DOT if x.ndim == y.ndim == 1 else matrix.MATMUL, x, y)


def stretch(x: object, *others: object) -> Traced:
    """An array broadcast to the shape it would have beside the others."""
    array = lift(x)
    shape = broadcast_shapes(array.shape, *[lift(o).shape for o in others])
    return array if array.shape == shape else build(BROADCAST, array, attribute=shape)


def pick(x: Traced, index: tuple[Any, ...]) -> Traced:
    """NumPy's basic indexing, and a list of numbers along one axis."""
    taken = sum(1 for at in index if at is not None and at is not Ellipsis)
    if taken > x.ndim:
        raise ShapeError(f"found {taken} indices for an array of shape {show_shape(x.shape)}.")
    if sum(at is Ellipsis for at in index) > 1:
        raise ShapeError("found more than one `...` in an index.")
    wanted = list(index) if any(at is Ellipsis for at in index) else [*index, Ellipsis]
    where = next(k for k, at in enumerate(wanted) if at is Ellipsis)
    wanted[where : where + 1] = [slice(None)] * (x.ndim - taken)
    basic: list[Any] = []
    gathers: list[tuple[int, list[int]]] = []
    shape: list[Dim | None] = []  # None: an axis that stays, 1: a new one
    for at in wanted:
        if at is None:
            shape.append(1)
            continue
        axis = len(basic)
        entry, gathered = _along(x.shape[axis], at, axis)
        basic.append(entry)
        if not isinstance(entry, int):
            if gathered is not None:
                gathers.append((sum(not isinstance(b, int) for b in basic) - 1, gathered))
            shape.append(None)
    while basic and basic[-1] is None:
        basic.pop()
    result = build(INDEX, x, attribute=tuple(basic)) if basic else x
    for axis, numbers in gathers:
        parts = [build(INDEX, result, attribute=(*[None] * axis, (k, k + 1))) for k in numbers]
        result = build(CONCAT, *parts, attribute=axis)
    if 1 not in shape:
        return result
    kept = iter(result.shape)
    return reshape(result, tuple([1 if new else next(kept) for new in shape]))


def _along(size: Dim, at: Any, axis: int) -> tuple[int | tuple[int, int] | None, list[int] | None]:
    """An index along one axis as INDEX takes it, and the numbers to gather if it is not a plain range."""
    if isinstance(at, slice):
        if at == slice(None):
            return None, None
        if not isinstance(size, int):
            raise ShapeError(f"the size {size} of axis {axis} is not known, so no part of it can be taken.")
        start, stop, step = at.indices(size)
        return ((start, max(start, stop)), None) if step == 1 else (None, list(range(start, stop, step)))
    if isinstance(at, Traced | bool):
        raise ShapeError("an index must be known while a function is traced.", hint="Use where(condition, a, b).")
    listed = at.tolist() if hasattr(at, "tolist") else at
    entries = listed if isinstance(listed, list) else [listed]
    for k in entries:
        if not isinstance(k, int) or isinstance(k, bool):
            raise ShapeError(f"found the index {k!r:.40} where a whole number, a slice, None or `...` was expected.")
        if not -size <= k < size if isinstance(size, int) else k < 0:
            raise ShapeError(f"found the index {k} where axis {axis} has the size {size}.")
    numbers = [k % size if isinstance(size, int) else k for k in entries]
    return (None, numbers) if isinstance(listed, list) else (numbers[0], None)
