"""Sums of a product begin with a bias where nothing else is made of the product, and are right in any case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.evaluate import evaluate
from chainrule.node import Node, input_node, node, type_of
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops.arithmetic import ADD, MUL, SUB
from chainrule.ops.functions import SIGMOID
from chainrule.ops.matrix import MATMUL
from chainrule.quantity import Name
from chainrule.targets.llvm.function import compile_function

Y = Name("y")
MADE: dict[str, Callable[[Node, Node], Node]] = {
    "p + b": lambda p, b: node(ADD, (p, b)),
    "b + p": lambda p, b: node(ADD, (b, p)),
    "p + p": lambda p, _: node(ADD, (p, p)),
    "(p + b) p": lambda p, b: node(MUL, (node(ADD, (p, b)), p)),
    "p + sigmoid(b)": lambda p, b: node(ADD, (p, SIGMOID(b))),
    "p + (b + p)": lambda p, b: node(ADD, (p, node(ADD, (b, p)))),
    "sigmoid(p + b) (p + b)": lambda p, b: node(MUL, (SIGMOID(node(ADD, (p, b))), node(ADD, (p, b)))),
    "p - b": lambda p, b: node(SUB, (p, b)),
}


def parts(rows: int, columns: int) -> tuple[Node, Node]:
    w, x, b = (
        input_node(Name(name), type_of("real", shape))
        for name, shape in (("w", (rows, columns)), ("x", (columns,)), ("b", (rows,)))
    )
    return node(MATMUL, (w, x)), b


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3), (5, 7), (9, 8), (17, 33), (70, 40)])
def test_values(made: str, shape: tuple[int, int]) -> None:
    root, numbers = MADE[made](*parts(*shape)), np.random.default_rng(3)
    sizes = {"w": shape, "x": shape[1], "b": shape[0]}
    values: dict[Any, Any] = {Name(name): numbers.normal(size=size) for name, size in sizes.items()}
    (expected,) = evaluate([root], values, numbers=numpy_numbers())
    np.testing.assert_allclose(compile_function({Y: root})(values)[Y], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("made", "begun"), [("p + b", True), ("b + p", True), ("(p + b) p", False), ("p + p", False)])
def test_where_sums_begin(made: str, *, begun: bool) -> None:
    text = compile_function({Y: MADE[made](*parts(2, 2))}).text
    assert (" fadd " not in text) == begun
