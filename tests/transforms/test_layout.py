"""A matrix product runs along numbers that are neighbours in memory, or is made of dot products."""

from __future__ import annotations

import pytest

from chainrule.node import Node, input_node, type_of
from chainrule.ops.matrix import MATMUL, TRANSPOSE
from chainrule.quantity import Name
from chainrule.transforms.schedule.layout import innermost, lanes_across, product_cost, shared_orders


def matrix(name: str, *shape: int | str) -> Node:
    return input_node(Name(name), type_of("real", shape))


@pytest.mark.parametrize("width", [17, 130, 312, 471, 517, 745, 1023])
@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_no_product_of_a_batch_fetches_its_vectors_one_by_one(width: int, lanes: int) -> None:
    a, W = matrix("a", "N", width), matrix("W", width, width)
    product = MATMUL(a, TRANSPOSE(W, attribute=(1, 0)))
    for order in ((0, 1), (1, 0)):
        _, way, copied = product_cost(product, {W: order}, lanes)
        sides = product.args[way.along]
        assert way.folded or copied == (1,) or innermost(sides, {W: order}) == way.along


def test_only_what_a_copy_brings_into_order_is_copied() -> None:
    left = TRANSPOSE(matrix("a", 3, 400), attribute=(1, 0))
    for columns in (1, 2, 40):
        _, way, copied = product_cost(MATMUL(left, matrix("b", 3, columns)), {}, 16)
        assert 0 not in copied
        assert innermost((left, matrix("b", 3, columns))[way.along], {}) == way.along


@pytest.mark.parametrize("units", [100, 128, 200])
def test_rows_too_long_for_the_first_cache_are_no_dot_products_of_a_batch(units: int) -> None:
    W = matrix("W", units, 784)
    one, batch = (MATMUL(x, TRANSPOSE(W, attribute=(1, 0))) for x in (matrix("x", 784), matrix("x", "N", 784)))
    assert shared_orders([batch], [[W]], 8, {})[W] == (1, 0)
    assert product_cost(batch, {W: (0, 1)}, 16)[1].folded
    assert product_cost(one, {W: (0, 1)}, 8)[1].folded


def test_lanes_run_across_the_rows_of_what_is_too_narrow_for_them() -> None:
    narrow, wider, wide = matrix("x", "N", 8), matrix("t", "N", 12), matrix("a", "N", 13)
    one, learned, other = matrix("one", "N", 1), matrix("W", 8, 8), matrix("y", "M", 2)
    nodes = [narrow, wider, wide, learned, other, matrix("s", "N"), one]
    assert lanes_across(nodes, "N", 16) == dict.fromkeys([narrow, wider, one], (1, 0))
    assert lanes_across(nodes, "N", 8) == dict.fromkeys([wider, one], (1, 0))  # eight fill a vector
    assert lanes_across(nodes, "N", 16, few=True) == {narrow: (1, 0), one: (1, 0)}
    assert lanes_across(nodes, "N", 8, few=True) == lanes_across(nodes, "N", 4) == {one: (1, 0)}
    assert lanes_across(nodes, None, 16) == {}


def test_a_product_over_the_rows_is_joined_from_lanes_once() -> None:
    delta, x = matrix("delta", "N", 3), matrix("x", "N", 5)
    orders = lanes_across([delta, x], "N", 16)
    _, way, copied = product_cost(MATMUL(TRANSPOSE(delta, attribute=(1, 0)), x), orders, 16)
    assert way.folded
    assert copied == ()
    net = MATMUL(x, matrix("W", 5, 3))
    _, way, copied = product_cost(net, {**orders, **lanes_across([net], "N", 16)}, 16)
    assert (way.along, way.folded, copied) == (0, False, ())


def test_what_changes_a_matrix_has_a_say_in_how_it_lies() -> None:
    x, delta, W = matrix("x", "N", 50), matrix("delta", "N", 8), matrix("W", 8, 50)
    net, change = MATMUL(x, TRANSPOSE(W, attribute=(1, 0))), MATMUL(TRANSPOSE(delta, attribute=(1, 0)), x)
    across = lanes_across([x, delta, net], "N", 16)
    orders = shared_orders([net, change], [[W, change]], 16, across)
    assert orders[W] == orders[change] == (0, 1)  # vectors along x, whose neighbours lie side by side
    assert product_cost(change, orders, 16)[1].along == 1
    assert orders.items() >= across.items()
