"""Whether a formula is a quantity's own: algebra, sides of kinks, targets that add up to 1, givens that are 1."""

from __future__ import annotations

from typing import Final

import pytest

pytest.importorskip("flint")

from chainrule.checking.identity import identical
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.formula import parse_expression
from chainrule.problem import loads

PROBLEM: Final = loads("""
symbols = ["s"]
formulas = '''
z = w0*x0 + w1*x
a = relu(z)
d = relu(-z)
m = max(a, t1)
p = sigmoid(z)
L = -(t1*log(p) + t2*log(1 - p))
k = relu(zero*x)
r = sqrt(s^2)
huge = exp(w1*1000)
none = log(-x)
'''
[given]
x0 = 1
x = 2
t1 = 0.25
t2 = 0.75
zero = 0
[parameters]
w0 = 0.5
w1 = 1
""")


def same(formula: str, quantity: str) -> bool:
    paper = Paper(Quantities(PROBLEM))
    own = paper.quantities.node(PROBLEM.quantity(quantity))
    return identical(paper, paper.quantities.expression(parse_expression(formula).tree, formula), own)


@pytest.mark.parametrize(
    ("formula", "quantity", "expected"),
    [
        ("x*w1 + x0*w0", "z", True),
        ("w0*x0 + w1*x + 0*t1", "z", True),
        ("(w0*x0 + w1*x)*t1/t1", "z", True),
        ("w0*x0 + w1*x + 10^-60", "z", False),  # far below any float
        ("w0*x0 - w1*x", "z", False),
        ("w0 + w1*x", "z", True),  # x0 is 1
        ("w0 + w1*2", "z", True),  # a given as its number
        ("0.5*x0 + w1*x", "z", True),  # for all values of the formula's own names
        ("z", "a", True),
        ("0", "d", True),
        ("-z", "d", False),
        ("a", "m", True),
        ("t1", "m", False),
        ("1/(1 + e^(-z))", "p", True),
        ("(1 + tanh(z/2))/2", "p", True),
        ("p*(1 - p)", "dp/dz", True),
        ("p - t1", "dL/dz", True),  # where t1 + t2 = 1
        ("p - t2", "dL/dz", False),
        ("p + t1", "dL/dz", False),
        ("zero*x", "k", True),  # on the kink: the value there
        ("s", "r", True),
        ("-s", "r", False),
        ("exp(1000*w1)", "huge", True),
        ("exp(1001*w1)", "huge", False),
    ],
)
def test_identical(formula: str, quantity: str, expected: bool) -> None:
    assert same(formula, quantity) is expected


def test_what_has_no_value_is_not_taken_for_the_same() -> None:
    assert same("log(-x)", "none")
    assert not same("log(-2*x)", "none")
