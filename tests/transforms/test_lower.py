"""Composite ops are written out so that values and slopes share what they can, and nothing waits for a constant."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from chainrule.graph import Graph
from chainrule.node import CONST, REAL, Node, const, input_node, name_node, node, order, type_of
from chainrule.ops import TABLE
from chainrule.ops.functions import ERF, GELU, PI, SQRT
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse
from chainrule.transforms.schedule.lower import lower

X = input_node(Name("x"), REAL)


def lowered(root: Node) -> Node:
    (result,) = lower([root])
    return result


@pytest.mark.parametrize(
    ("root", "value"),
    [
        (node(SQRT, (const(2),)), math.sqrt(2)),
        (node(SQRT, (node(TABLE["mul"], (const(2), PI())),)), math.sqrt(2 * math.pi)),
        (node(TABLE["log"], (const(10),)), math.log(10)),
    ],
)
def test_what_is_made_of_constants_is_one(root: Node, value: float) -> None:
    result = lowered(root)
    assert result.op is CONST
    assert float(result.attribute) == value


def test_a_quotient_stays_exact() -> None:
    assert lowered(node(TABLE["div"], (const(1), const(3)))).attribute == Fraction(1, 3)


@pytest.mark.parametrize("root", [node(SQRT, (const(-1),)), node(TABLE["log"], (const(0),)), node(SQRT, (X,))])
def test_what_is_no_finite_number_is_left_to_the_kernel(root: Node) -> None:
    assert lowered(root) is root


def test_gelu_and_its_slope_share_the_error_function() -> None:
    graph = reverse(Graph({Name("E"): name_node(Name("E"), GELU(X))}), Name("E"), [Name("x")])
    roots = [graph.outputs[Name("E")], graph.quantities()[Derivative(Name("E"), Name("x"))]]
    assert sum(x.op is ERF for x in order(lower(roots))) == 1


def test_a_product_of_which_nothing_is_summed_is_elementwise() -> None:
    w, d = (input_node(Name(name), type_of("real", shape)) for name, shape in (("w", (3, 1)), ("d", (1,))))
    result = lowered(node(TABLE["matmul"], (w, d)))
    assert result.op is TABLE["mul"]
    assert result.type.shape == (3,)
