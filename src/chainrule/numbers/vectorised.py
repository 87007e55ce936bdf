"""Whole NumPy arrays as a number system: the reference for large graphs, one call an op."""

from __future__ import annotations

from contextlib import AbstractContextManager
from fractions import Fraction
from functools import cache
from typing import Any

from chainrule.numbers.system import Numbers, Scalars


@cache
def numpy_numbers(dtype: str = "float64") -> Numbers:
    """The number system of NumPy arrays; warnings off, as nan and inf are values here.

    Constants are of the `dtype`, so that float32 arrays stay what they are where constants are float32, too.
    """
    import math

    import numpy as np

    def quiet() -> AbstractContextManager[Any]:
        manager: AbstractContextManager[Any] = np.errstate(all="ignore")
        return manager

    def sigmoid(x: Any) -> Any:
        small = np.exp(-np.abs(x))
        return np.where(np.asarray(x) >= 0, 1.0 / (1.0 + small), small / (1.0 + small))

    def power(x: Any, y: Any) -> Any:
        return np.power(np.asarray(x, float), y)

    def slices(at: Any) -> Any:
        return tuple([i if isinstance(i, int) else slice(*(i or (None,))) for i in at])

    def index(value: Any, at: Any) -> Any:
        return value[slices(at)]

    def scatter(value: Any, shape: Any, at: Any) -> Any:
        result = np.zeros(shape)
        result[slices(at)] = value
        return result

    def fold(function: Any, value: Any, axes: Any) -> Any:
        return function.reduce(value, axis=axes)

    constant = np.dtype(dtype).type
    erf = np.vectorize(math.erf, otypes=[float])
    scalars = Scalars(
        name="numpy",
        of=lambda value: constant(_float(value)),
        add=np.add,
        sub=np.subtract,
        mul=np.multiply,
        div=np.divide,
        neg=np.negative,
        power=power,
        exp=np.exp,
        expm1=np.expm1,
        log=np.log,
        log1p=np.log1p,
        log10=np.log10,
        sqrt=np.sqrt,
        sin=np.sin,
        cos=np.cos,
        tanh=np.tanh,
        sigmoid=sigmoid,
        erf=erf,
        abs=np.abs,
        max=np.maximum,
        min=np.minimum,
        less=np.less,
        less_equal=np.less_equal,
        equal=np.equal,
        where=np.where,
        pi=lambda: math.pi,
        vectorised=True,
        context=quiet,
    )
    return Numbers(
        s=scalars,
        elementwise=lambda function, shape, *values: function(*values),
        broadcast=np.broadcast_to,
        sum=lambda value, axes: np.sum(value, axis=axes),
        fold=fold,
        matmul=np.matmul,
        reshape=np.reshape,
        transpose=np.transpose,
        index=index,
        scatter=scatter,
        concat=lambda axis, *values: np.concatenate(values, axis=axis),
        stack=lambda *values: np.stack(values),
        shape=np.shape,
        of_nested=lambda data: np.asarray(data, float),
        to_nested=lambda value: np.asarray(value).tolist(),
    )


def _float(value: Fraction | int) -> float:
    from chainrule.numbers.floats import FLOAT_SCALARS

    result: float = FLOAT_SCALARS.of(value)
    return result
