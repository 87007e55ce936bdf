"""NumPy's functions on traced values: the table that lets np.exp, np.where or np.sum read a traced function.

NumPy hands over its own function and arguments (`__array_ufunc__`, `__array_function__`); here stands what each is
written as in our ops. Keys are names, so that NumPy need not be imported to make the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.errors import ChainruleError
from chainrule.node import Op
from chainrule.ops import arithmetic, choices, functions, matrix, reduction
from chainrule.tracing.traced import (
    Traced,
    axes_of,
    build,
    condition,
    lift,
    product,
    reduce,
    reshape,
    stretch,
    transpose,
)


def call_ufunc(ufunc: Any, method: str, inputs: tuple[object, ...], options: dict[str, object]) -> Any:
    """np.exp(x), np.maximum(a, b), ... for traced arguments."""
    name: str = ufunc.__name__
    if method != "__call__" or name not in UFUNCS:
        called = name if method == "__call__" else f"{name}.{method}"
        raise ChainruleError(f"np.{called} cannot be traced.", hint=_known(UFUNCS))
    if options:
        raise ChainruleError(f"np.{name} with {', '.join(options)}= cannot be traced.", hint="Leave it out.")
    found = UFUNCS[name]
    return build(found, *inputs) if isinstance(found, Op) else found(*map(lift, inputs))


def call_function(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """np.sum(x, axis=0), np.where(c, a, b), ... for traced arguments."""
    name: str = function.__name__
    if name not in FUNCTIONS:
        raise ChainruleError(f"np.{name} cannot be traced.", hint=_known(FUNCTIONS))
    try:
        return FUNCTIONS[name](*args, **options)
    except TypeError as error:
        raise ChainruleError(f"np.{name} cannot be traced with these arguments: {error}.") from error


def _known(table: dict[str, Any]) -> str:
    return f"These can: {', '.join(sorted(table))}."


def _log1p(x: Traced) -> Traced:
    return build(functions.LOG, 1 + x)


def _expm1(x: Traced) -> Traced:
    return build(functions.EXP, x) - 1


def _log2(x: Traced) -> Traced:
    return build(functions.LOG, x) / build(functions.LOG, 2)


def _tan(x: Traced) -> Traced:
    return build(functions.SIN, x) / build(functions.COS, x)


def _sinh(x: Traced) -> Traced:
    return (build(functions.EXP, x) - build(functions.EXP, -x)) / 2


def _cosh(x: Traced) -> Traced:
    return (build(functions.EXP, x) + build(functions.EXP, -x)) / 2


def logaddexp(x: Traced, y: Traced) -> Traced:
    """log(e^x + e^y) in a form that does not overflow."""
    return x + build(functions.SOFTPLUS, y - x)


def where(test: object, x: object, y: object) -> Traced:
    """np.where with three arguments."""
    return build(choices.WHERE, condition(test), x, y)


def _clip(a: object, a_min: object = None, a_max: object = None, **limits: object) -> Traced:
    low, high = limits.pop("min", a_min), limits.pop("max", a_max)
    if limits:
        raise TypeError(f"found {', '.join(limits)}=")
    x = lift(a) if low is None else build(choices.MAX, a, low)
    return x if high is None else build(choices.MIN, x, high)


def _norm(x: object, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Traced:
    array = lift(x)
    one_axis = isinstance(axis, int) or array.ndim == 1
    if ord is None or (ord == 2 and one_axis):
        return reduce(reduction.NORM, array, axis, keepdims)
    if ord == 1 and one_axis:
        return reduce(reduction.SUM, abs(array), axis, keepdims)
    raise TypeError(f"found ord={ord}")


def _reducer(op: Op) -> Callable[..., Traced]:
    def reducer(a: object, axis: Any = None, *, keepdims: bool = False) -> Traced:
        return reduce(op, a, axis, keepdims)

    return reducer


def _variance(a: object, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Traced:
    if ddof:
        raise TypeError(f"found ddof={ddof}")
    x = lift(a)
    return reduce(reduction.MEAN, (x - reduce(reduction.MEAN, x, axis, True)) ** 2, axis, keepdims)


def _deviation(a: object, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Traced:
    return build(functions.SQRT, _variance(a, axis, ddof=ddof, keepdims=keepdims))


def concatenate(arrays: Any, axis: int | None = 0) -> Traced:
    """np.concatenate."""
    parts = [lift(a) for a in arrays]
    if axis is None:
        return build(matrix.CONCAT, *[reshape(a, -1) for a in parts], attribute=0)
    return build(matrix.CONCAT, *parts, attribute=axis % max(parts[0].ndim, 1))


def stack(arrays: Any, axis: int = 0) -> Traced:
    """np.stack."""
    result = build(matrix.STACK, *arrays)
    at = axis % result.ndim
    return result if not at else transpose(result, (*range(1, at + 1), 0, *range(at + 1, result.ndim)))


def _hstack(arrays: Any) -> Traced:
    return concatenate(arrays, 0 if lift(arrays[0]).ndim < 2 else 1)


def _vstack(arrays: Any) -> Traced:
    return concatenate([a if a.ndim > 1 else reshape(a, (1, -1)) for a in map(lift, arrays)])


def _inner(a: object, b: object) -> Traced:
    return product(a, transpose(b))  # the sum runs over the last axis of both


def outer(a: object, b: object) -> Traced:
    """np.outer."""
    return build(matrix.OUTER, reshape(a, -1), reshape(b, -1))


def _broadcast_to(array: object, shape: Any) -> Traced:
    return build(matrix.BROADCAST, array, attribute=tuple(shape) if isinstance(shape, tuple | list) else (shape,))


def _swapaxes(a: object, axis1: int, axis2: int) -> Traced:
    order = list(range(lift(a).ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(a, order)


def _expand_dims(a: object, axis: int) -> Traced:
    x = lift(a)
    at = axis % (x.ndim + 1)
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def _squeeze(a: object, axis: Any = None) -> Traced:
    x = lift(a)
    dropped = axes_of(axis, x.ndim)
    if axis is not None and any(x.shape[k] != 1 for k in dropped):
        raise TypeError(f"axis={axis} is not of size 1")
    kept = [k for k, size in enumerate(x.shape) if size != 1 or k not in dropped]
    return reshape(x, tuple([x.shape[k] for k in kept]))


def _filled(number: int) -> Callable[..., Any]:
    """np.zeros_like, np.ones_like."""

    def like(a: object) -> Any:
        shape = lift(a).shape
        return build(matrix.BROADCAST, number, attribute=shape) if shape else lift(number)

    return like


UFUNCS: dict[str, Op | Callable[..., Traced]] = {
    "add": arithmetic.ADD, "subtract": arithmetic.SUB, "multiply": arithmetic.MUL, "divide": arithmetic.DIV,
    "true_divide": arithmetic.DIV, "negative": arithmetic.NEG, "positive": lambda x: x, "power": arithmetic.POWER,
    "float_power": arithmetic.POWER, "square": lambda x: x**2, "reciprocal": lambda x: 1 / x, "sqrt": functions.SQRT,
    "exp": functions.EXP, "exp2": lambda x: 2**x, "expm1": _expm1, "log": functions.LOG, "log2": _log2,
    "log10": functions.LOG10, "log1p": _log1p, "logaddexp": logaddexp, "sin": functions.SIN, "cos": functions.COS,
    "tan": _tan, "sinh": _sinh, "cosh": _cosh, "tanh": functions.TANH, "absolute": choices.ABS, "fabs": choices.ABS,
    "sign": choices.SIGN, "maximum": choices.MAX, "minimum": choices.MIN, "greater": choices.GREATER,
    "less": choices.LESS, "greater_equal": choices.GREATER_EQUAL, "less_equal": choices.LESS_EQUAL,
    "equal": choices.EQUAL, "not_equal": choices.NOT_EQUAL, "matmul": matrix.MATMUL,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reducer(reduction.SUM), "mean": _reducer(reduction.MEAN), "max": _reducer(reduction.LARGEST),
    "amax": _reducer(reduction.LARGEST), "min": _reducer(reduction.SMALLEST), "amin": _reducer(reduction.SMALLEST),
    "var": _variance, "std": _deviation, "norm": _norm, "dot": product, "inner": _inner,
    "vdot": lambda a, b: product(reshape(a, -1), reshape(b, -1)), "outer": outer,
    "where": where, "clip": _clip, "concatenate": concatenate, "stack": stack, "hstack": _hstack, "vstack": _vstack,
    "reshape": lambda a, shape: reshape(a, shape), "ravel": lambda a: reshape(a, -1), "transpose": transpose,
    "swapaxes": _swapaxes, "expand_dims": _expand_dims, "squeeze": _squeeze, "broadcast_to": _broadcast_to,
    "zeros_like": _filled(0), "ones_like": _filled(1), "shape": lambda a: a.shape, "ndim": lambda a: a.ndim,
    "size": lambda a: a.size, "broadcast_arrays": lambda *arrays: [stretch(a, *arrays) for a in arrays],
}  # fmt: skip
