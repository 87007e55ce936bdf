"""Parameters that the error does not depend on are updated too: by nothing."""

from __future__ import annotations

import pytest

from chainrule import Problem
from chainrule.display import text
from chainrule.explanation.asked import value_of

PROBLEMS = {
    "not in the error's formulas": ("y = 2*a\nz = 3*c\nE = y^2", {"a": 0.7, "c": 1}, "c"),
    "behind stop_gradient": ("E = a^2 + stop_gradient(c)", {"a": 0.7, "c": 1}, "c"),
    "an element nobody reads": ("E = W[1,1]^2 + W[1,2]", {"W": [[1, 2], [3, 4]]}, "W[2,2]"),
    "an error without any parameter": ("x = 3\nE = x^2\ny = a + x", {"a": 1}, "a"),
}


@pytest.mark.parametrize("optimizer", [{"optimizer": "sgd"}, {"optimizer": "momentum", "momentum": 0.9}])
@pytest.mark.parametrize("name", PROBLEMS)
def test_an_unused_parameter_has_a_derivative_of_zero_and_stays(name: str, optimizer: dict[str, object]) -> None:
    formulas, parameters, unused = PROBLEMS[name]
    problem = Problem.from_dict(
        {"formulas": formulas, "minimise": "E", "parameters": parameters, "training": {"rate": 0.1, **optimizer}}
    )
    explanation = problem.explain(steps=3)
    page = str(explanation)
    assert f"dE/d{unused} = 0\n" in page
    assert f"{unused} has no influence." in page
    assert value_of(problem, f"dE/d{unused}") == 0
    assert value_of(problem, f"{unused}@5") == value_of(problem, unused)
    exec(explanation.code(), {})


def test_an_error_that_stays_is_said_to_stay() -> None:
    data = {"formulas": "E = 9\ny = a", "minimise": "E", "rate": 0.1, "parameters": {"a": 1}}
    assert str(Problem.from_dict(data).explain()).endswith("The error E stayed at 9.\n")


def test_an_error_without_a_value_is_not_compared() -> None:
    data = {"formulas": "E = log(a)", "minimise": "E", "rate": 0.1, "parameters": {"a": -1}}
    assert "The error E went from nan to nan: it has no value" in str(Problem.from_dict(data).explain())


def test_momentum_has_a_program() -> None:
    training = {"optimizer": "momentum", "momentum": 0.9, "rate": 0.02}
    data = {"formulas": "E = x^2", "minimise": "E", "parameters": {"x": 4}, "training": training}
    explanation = Problem.from_dict(data).explain(steps=2)
    names: dict[str, float] = {}
    exec(explanation.code(), names)
    assert names["x_new"] == {step.left: step.value for step in explanation.steps}["x'"]


@pytest.mark.parametrize(("quantity", "value"), [("rate", 0.1), ("u", 3), ("dE/du", 0), ("u*a", 1.5), ("dE/drate", 0)])
def test_what_no_formula_uses_can_be_asked_for(quantity: str, value: float) -> None:
    data = {"formulas": "E = a^2", "minimise": "E", "rate": 0.1, "parameters": {"a": 0.5}, "given": {"u": 3}}
    problem = Problem.from_dict(data)
    assert value_of(problem, quantity) == value
    assert f"{quantity} = {value}\n" in text(problem.explain(), of=[quantity])
