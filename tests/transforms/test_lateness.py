"""What is known last is multiplied last: the same values, and fewer cycles from the examples to what they change."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.targets.networks import E, network

from chainrule.evaluate import evaluate
from chainrule.node import Node, const, input_node, label_of, node, order, type_of
from chainrule.numbers.rational import rational_numbers
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import MUL, NEG, SUB
from chainrule.ops.functions import SIGMOID
from chainrule.ops.matrix import RESHAPE
from chainrule.quantity import Name
from chainrule.transforms.schedule.lateness import latest_last
from chainrule.transforms.schedule.lower import lower

A, B, C = (input_node(Name(name)) for name in "abc")
LATE = SIGMOID(A)


def made(root: Node, *, fused: bool = False) -> Node:
    (result,) = latest_last([root], fused=fused)
    return result


def product(*factors: Node) -> Node:
    return reduce(lambda x, y: node(MUL, (x, y)), factors)


def depth(root: Node) -> int:
    """How many ops wait for one another."""
    levels: dict[Node, int] = {}
    for x in order([root]):
        levels[x] = max([levels[a] for a in x.args], default=-1) + 1
    return levels[root]


def test_what_is_late_is_the_last_factor() -> None:
    assert made(product(LATE, B, C)) is product(product(B, C), LATE)
    assert made(product(B, product(LATE, C))) is product(product(C, B), LATE)


def test_a_factor_that_others_need_stays() -> None:
    shared = product(LATE, B)
    roots = [product(shared, C), shared]
    assert latest_last(roots, fused=False)[1] is product(B, LATE)
    assert {x for x in order(latest_last(roots, fused=False)) if x.op is MUL} == {
        product(B, LATE),
        product(C, product(B, LATE)),
    }


@pytest.mark.parametrize(
    ("root", "result"),
    [
        (node(NEG, (product(const(2), const(Fraction(1, 2)), node(SUB, (A, B))),)), node(SUB, (B, A))),
        (node(NEG, (node(NEG, (A,)),)), A),
        (node(NEG, (A,)), node(NEG, (A,))),
        (product(const(-1), A), node(NEG, (A,))),
        (product(const(2), const(3)), const(6)),
        (product(const(0), A), product(const(0), A)),
    ],
)
def test_constants_and_signs_are_one(root: Node, result: Node) -> None:
    assert made(root) is result


def test_the_slope_of_a_sigmoid_is_a_difference_where_products_are_not_rounded() -> None:
    slope = product(LATE, node(SUB, (const(1), LATE)))
    assert made(slope, fused=True) is node(SUB, (LATE, product(LATE, LATE)))
    assert made(slope) is slope
    assert made(product(A, node(SUB, (const(1), A))), fused=True) is product(A, node(SUB, (const(1), A)))
    cube = product(LATE, node(SUB, (const(1), LATE)), node(SUB, (const(1), LATE)))
    for z in (-3.0, 0.5, 30.0):
        (expected,), (found,) = evaluate([cube], {Name("a"): z}), evaluate([made(cube, fused=True)], {Name("a"): z})
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-25)


def test_a_column_is_scaled_as_a_vector() -> None:
    delta, rate = input_node(Name("d"), type_of("real", (3,))), B
    column = RESHAPE(delta, attribute=(3, 1))
    assert made(product(rate, column)) is RESHAPE(product(rate, delta), attribute=(3, 1))


def test_an_outer_product_stays() -> None:
    column, row = (input_node(Name(name), type_of("real", shape)) for name, shape in (("u", (3, 1)), ("v", (2,))))
    assert made(product(product(column, row), B)) is product(B, product(column, row))


def test_a_shape_that_only_a_constant_has_is_kept() -> None:
    stretched = TABLE["broadcast"](const(2), attribute=(3,))
    assert made(product(stretched, A)).type.shape == (3,)


def test_a_condition_that_is_multiplied_stays_a_number() -> None:
    root = product(const(1), TABLE["greater"](A, B))
    assert made(root).type == root.type == A.type


def test_long_products() -> None:
    root, backwards = A, A
    for k in range(30_000):
        factor = const(Fraction(2) ** (-1) ** k)
        root, backwards = product(root, factor), product(factor, backwards)
    assert made(root) is made(backwards) is A


leaves = st.sampled_from([A, B, C, const(-1), const(2), const(Fraction(1, 3))])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda x: node(NEG, (x,)), inner),
        *[st.builds(lambda x, y, op=op: node(TABLE[op], (x, y)), inner, inner) for op in ("mul", "mul", "sub", "add")],
    ),
    max_leaves=20,
)


@given(st.lists(expressions, min_size=1, max_size=3), st.lists(st.fractions(-5, 5), min_size=3, max_size=3))
def test_values_are_exactly_the_same(roots: list[Node], at: list[Fraction]) -> None:
    numbers = rational_numbers()
    values = {Name(name): numbers.s.of(value) for name, value in zip("abc", at, strict=True)}
    expected = evaluate(roots, values, numbers=numbers)
    assert evaluate(latest_last(roots, fused=True), values, numbers=numbers) == expected


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("layers", [[2, 2, 1], [2, 2, 2], [8, 3, 8], [1, 1, 1], [3, 4, 2, 2]])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_updates_of_networks_are_the_same(layers: list[int], optimizer: str, *, fused: bool) -> None:
    program = network(layers, optimizer=optimizer)
    roots = lower([program.step.outputs[E], *[kept.after for kept in program.state.values()]])
    numbers = np.random.default_rng(1)
    values: dict[Any, Any] = {
        label_of(x): numbers.uniform(0.1, 1, x.type.shape) for x in order(roots) if x.op.name == "input"
    }
    late = latest_last(roots, fused=fused)
    for expected, found in zip(
        evaluate(roots, values, numbers=numpy_numbers()), evaluate(late, values, numbers=numpy_numbers()), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    assert sum(depth(x) for x in late) < sum(depth(x) for x in roots)
