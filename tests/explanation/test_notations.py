"""Worked solutions in every notation: names of deltas, two-digit indices, more hidden layers, names read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.display import json_text
from chainrule.explanation import Explanation, explain
from chainrule.explanation.asked import value_of
from chainrule.explanation.spelling import negative_deltas, spelling_of
from chainrule.lectures import lecture_text
from chainrule.problem import loads

NOTATIONS = ("matrix", "nptel", "numbered", "mitchell")


def network(layers: list[int], notation: str, extra: str = "") -> Problem:
    return loads(
        f"""
minimise = "E"
rate = 0.5
[network]
layers = {layers}
activation = "sigmoid"
loss = "half squared error"
notation = "{notation}"
init = "uniform(-1, 1)"
seed = 3
{extra}
[given]
x = {[0.25 * i for i in range(1, layers[0] + 1)]}
t = {[0.5] * layers[-1]}
"""
    )


def unreadable(solution: Explanation) -> list[str]:
    """The left sides that are not read back as the quantity of their step; those of the next pass are w5', E'."""
    steps = [*solution.steps, *solution.again]
    return [step.left for step in steps if solution.problem.quantity(step.left) != step.quantity]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=2, max_size=5), st.sampled_from(NOTATIONS), st.booleans())
def test_every_printed_name_is_read_back_as_the_quantity_of_its_step(
    layers: list[int], notation: str, bias: bool
) -> None:
    problem = network(layers, notation, "" if bias else "bias = false")
    assert unreadable(explain(problem)) == []


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("layers", [[1, 11, 1], [11, 1, 2], [2, 2, 10]])
def test_indices_of_two_digits_are_read_back(notation: str, layers: list[int]) -> None:
    solution = explain(network(layers, notation))
    assert unreadable(solution) == []
    left = [step.left for step in solution.steps]
    assert len(set(left)) == len(left)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("pquvmn", min_size=1, max_size=3), min_size=3, max_size=3, unique=True))
def test_three_hidden_layers_carry_the_names_they_are_given(hidden: list[str]) -> None:
    assume(not {"u", "net"} & set(hidden))
    problem = network([2, 2, 1, 2, 1], "numbered", f"hidden = {hidden}")
    solution = explain(problem)
    assert unreadable(solution) == []
    left = {step.left for step in solution.steps}
    assert {f"{hidden[0]}2", f"{hidden[1]}1", f"out_{hidden[2]}2", "out_o1"} <= left


def test_mitchells_deltas_follow_the_derivatives_they_are_minus_of() -> None:
    solution = explain(network([2, 2, 2], "mitchell"))
    left = [step.left for step in solution.steps]
    values = {step.left: step.value for step in solution.steps}
    for unit in (3, 4, 5, 6):
        assert left.index(f"delta_{unit}") == left.index(f"dE/dnet_{unit}") + 1
        assert values[f"delta_{unit}"] == -(values[f"dE/dnet_{unit}"] or 0)
    (step,) = [step for step in solution.steps if step.left == "delta_5"]
    assert step.symbols == ("-dE/dnet_5",)
    (step,) = [step for step in solution.steps if step.left == "dE/dw_53"]
    assert step.symbols == ("dE/dnet_5 * dnet_5/dw_53", "dE/dnet_5 * o_3")


def test_mitchells_deltas_are_among_the_values_of_the_json_document() -> None:
    problem = network([2, 2, 2], "mitchell")
    document = json.loads(json_text(explain(problem)))
    assert document["values"]["delta_5"] == -document["values"]["dE/dnet_5"]
    assert document["values"]["delta_5"] == pytest.approx(value_of(problem, "delta_5"), rel=1e-15)


def test_a_file_may_take_mitchells_names_with_the_other_sign() -> None:
    text = network([2, 2, 2], "mitchell").document
    assert text is not None
    problem = loads('delta_sign = "positive"\n' + text.text)
    assert negative_deltas(problem) == {}
    assert "delta_5" not in {step.left for step in explain(problem).steps}
    assert value_of(problem, "delta_5") == value_of(problem, "dE/dnet_5")


def test_online_the_deltas_are_those_of_the_example() -> None:
    problem = loads(
        """
minimise = "E"
[network]
layers = [1, 1]
loss = "half squared error"
notation = "mitchell"
init = "uniform(-1, 1)"
seed = 1
[examples]
x = [[1], [2]]
t = [[1], [0]]
[training]
rate = 0.5
batch = 1
"""
    )
    for number in (1, 2):
        solution = explain(problem, steps=number)
        assert f"delta_2{{{number}}}" in {step.left for step in solution.steps}
        assert unreadable(solution) == []


@pytest.mark.parametrize(
    ("lecture", "text", "same"),
    [
        ("000", "delta2_1*x1_2", "dE/dW2_21"),
        ("000", "delta2_1 + delta2_1", "2*dE/dtheta2_1"),
        ("003", "delta4{1}*2", "-2*dE{1}/dnet4{1}"),
        ("004", "2*d(w1*w2)/dw1", "2*w2"),
    ],
)
def test_expressions_may_use_deltas_and_derivatives_of_expressions(lecture: str, text: str, same: str) -> None:
    source = lecture_text(lecture)
    assert source is not None
    problem = loads(source)
    assert value_of(problem, text) == pytest.approx(value_of(problem, same), rel=1e-14)


def test_a_delta_of_the_notation_is_spelled_by_its_name() -> None:
    problem = network([1, 1], "mitchell")
    assert spelling_of(problem)(problem.quantity("delta_2")) == "delta_2"
