"""[names] may say anything that can be asked for, and symbols may stand in a problem with an update."""

from __future__ import annotations

import pytest

from chainrule import Problem
from chainrule.display import json_text
from chainrule.errors import ProblemError
from chainrule.explanation import Explanation
from chainrule.explanation.asked import value_of

NAMES = {
    "slope": "da/dw",
    "curve": "d(dE/dw)/dw",
    "both": "slope*curve + slope",
    "bend": "2*d(da/dw)/dz",
    "shift": "Δw",
    "twice": "change(a)*2",
    "after": "E'",
    "gain": "E@3 - E",
    "new": "w'",
    "prime": "sigmoid'(z)",
}


def neuron(**more: object) -> Problem:
    data = {"formulas": "z = w*x\na = sigmoid(z)\nE = (t - a)^2", "minimise": "E", "rate": 0.1}
    return Problem.from_dict({**data, "given": {"x": 1, "t": 0}, "parameters": {"w": 0.7}, **more})


def values(explanation: Explanation) -> dict[str, float | None]:
    return {step.left: step.value for step in explanation.steps}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_the_value_of_what_it_stands_for(name: str) -> None:
    problem = neuron(names=NAMES)
    explanation = problem.explain()
    json_text(explanation)
    expected = value_of(neuron(), NAMES[name]) if name != "both" else value_of(problem, "both")
    assert values(explanation)[name] == pytest.approx(expected, rel=1e-12)


def test_a_change_is_that_of_the_update_shown() -> None:
    explanation = neuron(names={"shift": "Δw"}).explain(steps=2)
    assert values(explanation)["shift"] == pytest.approx(value_of(neuron(), "w@2 - w@1"), rel=1e-9)


def test_an_update_is_written_with_symbols() -> None:
    problem = neuron(given={"x": 2}, symbols=["t"])
    page = str(problem.explain())
    assert "w' = w - rate*dE/dw\n   = 0.7 - 0.1*dE/dw\n" in page
    assert "(0.7 + 0.063473959*(t - 0.802183889))" in page
    problem.explain().code()


def test_numbers_put_in_keep_the_prime_of_what_has_no_value() -> None:
    problem = neuron(formulas="z = w*x + b\nE = (t - z)^2", given={"x": 2}, symbols=["t", "b"])
    assert "z' = w'*x + b\n   = w'*2 + b\n" in str(problem.explain())


def test_updates_with_symbols_cannot_be_run() -> None:
    problem = neuron(given={"x": 2}, symbols=["t"])
    with pytest.raises(ProblemError, match="the update depends on t, which is a symbol"):
        problem.explain(steps=2)
    with pytest.raises(ProblemError, match="the update depends on t, which is a symbol"):
        value_of(problem, "E@3")
