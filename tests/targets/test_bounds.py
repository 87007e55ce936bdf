"""Powers of what is known not to be above zero take fewer instructions, and are what they would be otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.evaluate import evaluate
from chainrule.node import Node, input_node, node, type_of
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops.arithmetic import SUB
from chainrule.ops.functions import EXP
from chainrule.ops.matrix import RESHAPE
from chainrule.ops.reduction import LARGEST, SMALLEST, SOFTMAX
from chainrule.quantity import Name
from chainrule.targets.llvm.function import compile_function

A, B, Y = Name("a"), Name("b"), Name("y")
ROWS = np.array([
    [1.0, 2.0, 3.0], [-800.0, 800.0, 0.0], [1e300, -1e300, 1e300], [0.0, -0.0, 0.0], [-np.inf, 0.0, 1.0],
    [np.inf, 0.0, 1.0], [-np.inf, -np.inf, -np.inf], [np.nan, 1.0, 2.0], [700.0, -9.0, 709.7], [1e-300, 0.0, -1e-300],
])  # fmt: skip


def array(name: Name) -> Node:
    return input_node(name, type_of("real", ("N", 3)))


def column(x: Node) -> Node:
    return RESHAPE(x, attribute=("N", 1))


def length(root: Node) -> int:
    return len(compile_function({Y: root}).text.splitlines())  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_of_a_softmax(dtype: Any) -> None:
    root = SOFTMAX(array(A), attribute=(1,))
    values: dict[Any, Any] = {A: np.clip(ROWS, -1e38, 1e38, where=np.isfinite(ROWS), out=ROWS.copy()).astype(dtype)}
    with np.errstate(all="ignore"):
        (expected,) = evaluate([root], values, numbers=numpy_numbers())
    found = compile_function({Y: root}, dtype=dtype)(values)[Y]
    np.testing.assert_allclose(found, expected, rtol=1e-13 if dtype == "float64" else 1e-6, atol=1e-37)


def test_powers_of_other_differences_have_no_such_bound() -> None:
    a, b = array(A), array(B)
    bounded = EXP(node(SUB, (a, column(LARGEST(a, attribute=(1,))))))
    others = [
        EXP(node(SUB, (a, column(SMALLEST(a, attribute=(1,)))))),
        EXP(node(SUB, (a, column(LARGEST(b, attribute=(1,)))))),
        EXP(node(SUB, (column(LARGEST(a, attribute=(1,))), a))),
    ]
    assert all(length(bounded) < length(other) for other in others)
    values: dict[Any, Any] = {A: ROWS[[0, 1, 8]], B: ROWS[[8, 0, 1]]}
    with np.errstate(all="ignore"):
        for other in others:
            (expected,) = evaluate([other], values, numbers=numpy_numbers())
            np.testing.assert_allclose(compile_function({Y: other})(values)[Y], expected, rtol=1e-13, atol=1e-300)
