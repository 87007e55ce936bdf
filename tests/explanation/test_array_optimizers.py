from __future__ import annotations

import pytest

from chainrule.display import Request, text
from chainrule.explanation import explain
from chainrule.explanation.arrays import explain_arrays
from chainrule.explanation.byhand import by_hand
from chainrule.explanation.passes import run_updates
from chainrule.explanation.rounding import parse_rounding
from chainrule.optimizers import OPTIMIZERS
from chainrule.problem import loads
from chainrule.quantity import Element, Name, Updated


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("more", ["batch = 1", "clip_norm = 0.5\ndecay = 0.01", 'weights = "weight"'])
def test_arrays_and_units_make_the_same_updates(name: str, more: str) -> None:
    problem = loads(f"""
minimise = "E"
formulas = "E = 1/2*sum((t - tanh(W @ x))^2)"
[examples]
x = [[0.05, 1.0, -0.6], [-0.7, 0.3, 0.8]]
t = [[0.9, -0.9], [-0.2, 0.4]]
weight = [1, 0.25]
[parameters]
W = [[0.15, -0.2, 0.25], [0.3, 0.35, -0.4]]
[training]
optimizer = "{name}"
rate = 0.05
{more}
""")
    explanation = explain_arrays(problem, steps=6)
    after = explanation.passes.parameters[Name("W")]
    units = run_updates(problem, 6).inputs
    assert after.attribute == Updated(Name("W"))
    for j in range(2):
        for i in range(3):
            assert explanation.item(after, (j, i)) == pytest.approx(
                units[Element(Name("W"), (j + 1, i + 1))], rel=1e-12
            )


def test_the_number_of_the_update_counts_by_hand_too() -> None:
    problem = loads("""
minimise = "E"
formulas = "E = w^2"
[parameters]
w = 0.5
[training]
optimizer = "adam"
rate = 0.1
""")
    page = text(by_hand(explain(problem, steps=3), parse_rounding("6")))
    assert "n = 3" in page
    assert "1 - 0.9^3" in page


def test_what_the_rule_works_out_can_be_asked_for_in_the_matrix_view() -> None:
    problem = loads("""
minimise = "E"
formulas = "E = sum((W @ x)^2)"
[given]
x = [1, 2]
[parameters]
W = [[0.5, 0.25], [0.1, 0.2]]
[training]
optimizer = "adam"
rate = 0.1
""")
    page = text(Request(problem=problem), view="matrix", of=["mhat_W[2,1]"])
    assert "mhat_W[2,1] = m_W[2,1]'/(1 - 0.9^n)" in page
