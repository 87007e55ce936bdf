from __future__ import annotations

import pytest

from chainrule.explanation.arrays import explain_arrays
from chainrule.explanation.passes import run_updates
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
