"""Functions for writing what is to be differentiated: they take traced values, numbers, lists and NumPy arrays alike.

What NumPy has is here under NumPy's name, so that a function needs no NumPy; what it lacks (sigmoid, softmax,
logsumexp, stop_gradient, ...) is here only.
"""

from __future__ import annotations

from typing import Any

from chainrule.errors import ChainruleError, ShapeError
from chainrule.evaluate import evaluate
from chainrule.node import Op, input_node, name_node, type_of
from chainrule.ops import choices, functions, matrix, reduction
from chainrule.quantity import Name, Quantity
from chainrule.tracing import numpy_calls, traced
from chainrule.tracing.arguments import Leaf, take_apart
from chainrule.tracing.traced import Traced, axes_of, build, lift
from chainrule.tracing.values import numbers_for, to_input, to_result


def exp(x: Any) -> Any:
    """e^x, element by element.

    >>> exp(0)
    1.0
    """
    return _call(functions.EXP, x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return _call(functions.LOG, x)


def log10(x: Any) -> Any:
    """The logarithm to base 10."""
    return _call(functions.LOG10, x)


def sqrt(x: Any) -> Any:
    """The square root."""
    return _call(functions.SQRT, x)


def sin(x: Any) -> Any:
    """The sine."""
    return _call(functions.SIN, x)


def cos(x: Any) -> Any:
    """The cosine."""
    return _call(functions.COS, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _call(functions.TANH, x)


def sigmoid(x: Any) -> Any:
    """1/(1 + e^-x), without overflow.

    >>> sigmoid([0.0, 1000.0])
    [0.5, 1.0]
    """
    return _call(functions.SIGMOID, x)


def softplus(x: Any) -> Any:
    """log(1 + e^x), without overflow."""
    return _call(functions.SOFTPLUS, x)


def erf(x: Any) -> Any:
    """The error function."""
    return _call(functions.ERF, x)


def relu(x: Any) -> Any:
    """x where it is positive, else 0; its derivative at 0 is taken to be 0."""
    return _call(functions.RELU, x)


def leaky_relu(x: Any) -> Any:
    """x where it is positive, else x/100."""
    return _call(functions.LEAKY_RELU, x)


def elu(x: Any) -> Any:
    """x where it is positive, else e^x - 1."""
    return _call(functions.ELU, x)


def gelu(x: Any) -> Any:
    """x times the normal distribution function of x."""
    return _call(functions.GELU, x)


def abs(x: Any) -> Any:
    """The absolute value; its derivative at 0 is taken to be 0."""
    return _call(choices.ABS, x)


def sign(x: Any) -> Any:
    """-1, 0 or 1; no gradient passes."""
    return _call(choices.SIGN, x)


def step(x: Any) -> Any:
    """1 where x is positive, else 0; no gradient passes."""
    return _call(choices.STEP, x)


def stop_gradient(x: Any) -> Any:
    """x, but for derivatives a constant."""
    return _call(choices.STOP_GRADIENT, x)


def maximum(x: Any, y: Any) -> Any:
    """The larger of two, element by element; at a tie the gradient is shared equally.

    >>> maximum([1, 5], 3)
    [3.0, 5.0]
    """
    return _call(choices.MAX, x, y)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two, element by element; at a tie the gradient is shared equally."""
    return _call(choices.MIN, x, y)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y; the gradient goes to the branch taken."""
    return _written(numpy_calls.where, condition, x, y)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along axes (all, if none is given)."""
    return _written(lambda a: traced.reduce(reduction.SUM, a, axis, keepdims), x)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along axes."""
    return _written(lambda a: traced.reduce(reduction.MEAN, a, axis, keepdims), x)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element along axes; equal ones share the gradient."""
    return _written(lambda a: traced.reduce(reduction.LARGEST, a, axis, keepdims), x)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element along axes; equal ones share the gradient."""
    return _written(lambda a: traced.reduce(reduction.SMALLEST, a, axis, keepdims), x)


def norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean norm, the square root of the sum of squares.

    >>> norm([3, 4])
    5.0
    """
    return _written(lambda a: traced.reduce(reduction.NORM, a, axis, keepdims), x)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log of the sum of e^x along axes, without overflow."""
    return _written(lambda a: traced.reduce(reduction.LOGSUMEXP, a, axis, keepdims), x)


def softmax(x: Any, axis: Any = -1) -> Any:
    """e^x over the sum of e^x along an axis (the last), without overflow.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return _written(lambda a: build(reduction.SOFTMAX, a, attribute=axes_of(axis, a.ndim)), x)


def dot(a: Any, b: Any) -> Any:
    """The product of vectors and matrices, as NumPy's dot."""
    return _written(traced.product, a, b)


def matmul(a: Any, b: Any) -> Any:
    """The matrix product, as `a @ b`."""
    return _call(matrix.MATMUL, a, b)


def outer(a: Any, b: Any) -> Any:
    """The matrix of all products of two vectors' elements."""
    return _written(numpy_calls.outer, a, b)


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes reversed, or in the order given."""
    return _written(lambda a: traced.transpose(a, axes), x)


def reshape(x: Any, shape: Any) -> Any:
    """The same elements in another shape."""
    return _written(lambda a: traced.reshape(a, shape), x)


def concatenate(arrays: Any, axis: int = 0) -> Any:
    """Arrays one after the other along an axis."""
    return _written(lambda *parts: numpy_calls.concatenate(parts, axis), *arrays)


def stack(arrays: Any, axis: int = 0) -> Any:
    """Values of one shape along a new axis."""
    return _written(lambda *parts: numpy_calls.stack(parts, axis), *arrays)


def one_hot(x: Any, size: int) -> Any:
    """A row of zeros with a one at the class x, counted from 0.

    >>> one_hot(2, 4)
    [0.0, 0.0, 1.0, 0.0]
    """
    return _written(lambda a: build(matrix.ONE_HOT, a, attribute=size), x)


def named(x: Any, name: str) -> Any:
    """x, called by a name in the traced graph, so that its derivative is shown; a number stays as it is.

    Raises `ChainruleError` for what is not a name.
    """
    if not name.isidentifier():
        raise ChainruleError(f"found {name!r} where a name of letters, digits and _ was expected.")
    return Traced(name_node(Name(name), x.node)) if isinstance(x, Traced) else x


def _call(op: Op, *args: Any) -> Any:
    return _written(lambda *xs: build(op, *xs), *args)


def _written(write: Any, *args: Any) -> Any:
    """The traced result if an argument is traced; else its value, as an array if an argument is one."""
    if any(isinstance(a, Traced) for a in args):
        return write(*map(lift, args))
    return _value(write, args)


def _value(write: Any, args: tuple[Any, ...]) -> Any:
    leaves = [_argument(k, a) for k, a in enumerate(args)]
    numbers = numbers_for(leaves)
    inputs = [input_node(Name(leaf.path[0]), type_of("real", leaf.shape)) for leaf in leaves]
    result = write(*map(Traced, inputs)).node
    values: dict[Quantity, Any] = {Name(leaf.path[0]): to_input(leaf, numbers) for leaf in leaves}
    form = "array" if any(leaf.form == "array" for leaf in leaves) else "list"
    (found,) = evaluate([result], values, numbers=numbers)
    return to_result(found, form)


def _argument(position: int, value: Any) -> Leaf:
    leaves, _ = take_apart((f"x{position}",), list(value) if isinstance(value, tuple) else value)
    if len(leaves) != 1:
        raise ShapeError(f"found {type(value).__name__} {value!r:.40} where a number or an array was expected.")
    return leaves[0]
