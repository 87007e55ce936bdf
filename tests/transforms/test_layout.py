"""A matrix product runs along numbers that are neighbours in memory, or is made of dot products."""

from __future__ import annotations

import pytest

from chainrule.node import Node, input_node, type_of
from chainrule.ops.matrix import MATMUL, TRANSPOSE
from chainrule.quantity import Name
from chainrule.transforms.schedule.layout import innermost, product_cost


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
