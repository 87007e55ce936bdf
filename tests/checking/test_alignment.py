"""Which number stands for which quantity: least costs against brute force, and links laid on formulas."""

from __future__ import annotations

from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("flint")

from chainrule.checking.alignment import WRONG_NUMBER, Alignment, align, least_cost
from chainrule.checking.figures import Figure
from chainrule.checking.forms import form_of_node, form_of_tree
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.formula import parse_expression
from chainrule.node import Node, is_quantity, label_of
from chainrule.problem import loads
from chainrule.quantity import spell

PROBLEM: Final = loads("""
minimise = "E"
formulas = '''
h = w1*x1 + w2*x2 + b
o = sigmoid(h)
E = 1/2*(t - o)^2
'''
[given]
x1 = 0.05
x2 = 0.10
t = 0.01
[parameters]
w1 = 0.15
w2 = 0.2
b = 0.35
""")


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 5))
    return [[draw(st.integers(-9, 9)) for _ in range(size)] for _ in range(size)]


@given(tables())
def test_the_least_cost_is_that_of_brute_force(rows: list[list[int]]) -> None:
    found = least_cost(rows)
    assert sorted(found) == list(range(len(rows)))
    cost = sum(row[column] for row, column in zip(rows, found, strict=True))
    assert cost == min(
        sum(row[column] for row, column in zip(rows, order, strict=True)) for order in permutations(range(len(rows)))
    )


def test_the_least_cost_of_nothing() -> None:
    assert least_cost([]) == []


def laid(link: str, quantity: str) -> Alignment:
    """A link of numbers on the definition of a quantity, judged to three decimals by the exact values."""
    paper = Paper(Quantities(PROBLEM))
    own = paper.quantities.node(PROBLEM.quantity(quantity))

    def judge(figure: Figure, at: Node) -> bool:
        exact = paper.size(at)
        return exact is not None and abs(exact - float(figure.value)) < 6e-4

    tree = parse_expression(link).tree
    form = form_of_tree(tree, lambda part: paper.quantities.expression(part, link))
    return align(form, form_of_node(own.args[0]), judge, paper.size)


def stands(alignment: Alignment) -> dict[str, str]:
    """What each number stands for."""
    return {
        pair.part.figure.text: spell(label_of(pair.of.node)) if is_quantity(pair.of.node) else pair.of.node.op.name
        for pair in alignment.pairs
        if pair.part.figure is not None
    }


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("0.15*0.05 + 0.2*0.1 + 0.35", {"0.15": "w1", "0.05": "x1", "0.2": "w2", "0.1": "x2", "0.35": "b"}),
        ("0.35 + 0.1*0.2 + 0.05*0.15", {"0.15": "w1", "0.05": "x1", "0.2": "w2", "0.1": "x2", "0.35": "b"}),
        ("0.0075 + 0.02 + 0.35", {"0.0075": "mul", "0.02": "mul", "0.35": "b"}),
        ("0.16*0.05 + 0.2*0.1 + 0.35", {"0.16": "w1", "0.05": "x1", "0.2": "w2", "0.1": "x2", "0.35": "b"}),
    ],
)
def test_numbers_are_paired_with_quantities(link: str, expected: dict[str, str]) -> None:
    found = laid(link, "h")
    assert found.is_same_shape()
    assert stands(found) == expected
    assert [pair.part.figure.text for pair in found.pairs if not pair.fits and pair.part.figure] == (
        ["0.16"] if "0.16" in link else []
    )


@pytest.mark.parametrize(
    ("link", "field"),
    [
        ("0.15*0.05 + 0.2*0.1", "missing"),
        ("0.15*0.05 + 0.2*0.1 + 0.35 + 0.7", "extra"),
        ("0.15*0.05 - 0.2*0.1 + 0.35", "flipped"),
        ("0.15*0.05*0.3 + 0.2*0.1 + 0.35", "extra"),
    ],
)
def test_what_is_left_out_or_too_many_or_turned_round(link: str, field: str) -> None:
    found = laid(link, "h")
    assert not found.is_same_shape()
    assert len(getattr(found, field)) == 1
    assert sum(len(getattr(found, other)) for other in ("missing", "extra", "flipped", "others")) == 1


@pytest.mark.parametrize(
    "link", ["0.5*(0.01 - 0.593)^2", "0.5*(-0.583)^2", "(0.01 - 0.593)^2/2", "1/2*(-0.593 + 0.01)^2", "0.5*0.583^2"]
)
def test_a_square_has_no_sign(link: str) -> None:
    assert laid(link, "E").cost < WRONG_NUMBER


def test_a_cube_has() -> None:
    problem = "c = 0.5*0.583^3"
    assert laid(problem.partition("= ")[2], "E").cost >= WRONG_NUMBER
