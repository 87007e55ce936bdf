"""Arithmetic of the exam: `decimal` with fifty digits for what is printed, NumPy for two hundred solutions at once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

import numpy as np
from tests.exam.trees import Arithmetic

PRECISE = Context(prec=50, traps=[InvalidOperation, DivisionByZero, Overflow])
KEPT = Context(prec=36)  # a result such as (1/3)*3 is 1 again


def _sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def _tanh(x: Decimal) -> Decimal:
    return 1 - 2 / ((2 * x).exp() + 1)


DECIMALS = Arithmetic(
    number=Decimal,
    functions={
        "sigmoid": _sigmoid,
        "tanh": _tanh,
        "relu": lambda x: max(x, Decimal(0)),
        "leaky_relu": lambda x: x if x > 0 else x * Decimal("0.01"),
        "softplus": lambda x: (1 + x.exp()).ln(),
        "exp": lambda x: x.exp(),
        "ln": lambda x: x.ln(),
        "log10": lambda x: x.log10(),
        "sqrt": lambda x: x.sqrt(),
        "sin": lambda x: Decimal(repr(float(np.sin(float(x))))),  # only ever a slip
        "abs": abs,
        "max": max,
        "relu'": lambda x: Decimal(x > 0),
        "leaky_relu'": lambda x: Decimal(1) if x > 0 else Decimal("0.01"),
        "sigmoid'": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
        "tanh'": lambda x: 1 - _tanh(x) ** 2,
        "softplus'": _sigmoid,
    },
)  # fmt: skip


def _floats() -> Arithmetic:
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    functions: dict[str, Callable[..., Any]] = {
        "sigmoid": sigmoid,
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
        "softplus": lambda x: np.log1p(np.exp(x)),
        "exp": np.exp,
        "ln": np.log,
        "abs": np.abs,
        "max": np.maximum,
        "relu'": lambda x: np.where(x > 0, 1.0, 0.0),
        "leaky_relu'": lambda x: np.where(x > 0, 1.0, 0.01),
        "sigmoid'": lambda x: sigmoid(x) * (1 - sigmoid(x)),
        "tanh'": lambda x: 1 - np.tanh(x) ** 2,
        "softplus'": sigmoid,
    }
    return Arithmetic(number=float, functions=functions)


FLOATS = _floats()
