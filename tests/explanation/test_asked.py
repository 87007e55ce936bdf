"""Single quantities asked for: any pair, any expression, any number of updates on, alone or as arrays."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule import Problem
from chainrule.errors import ChainruleError
from chainrule.explanation.asked import as_lists, value_of
from chainrule.explanation.passes import run_updates
from chainrule.lectures import lecture_text
from chainrule.problem import loads
from chainrule.quantity import Name


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


SMALL = Problem.from_dict(
    {"formulas": "y = w*x\nE = (y - 1)^2", "minimise": "E", "rate": "0.25", "given": {"x": 2}, "parameters": {"w": 1}}
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("w", 1),
        ("E", 1),
        ("y + 1", 3),
        ("dE/dw", 4),
        ("∂E/∂w", 4),
        ("dEdw", 4),
        ("dy/dw", 2),
        ("dy/dx", 1),
        ("dE/dE", 1),
        ("sigmoid'(0)", 0.25),
        ("3*sigmoid'(0)", 0.75),
        ("sigmoid''(0)", 0),
        ("relu'(2)", 1),
        ("dw/dx", 0),
        ("d(dE/dw)/dw", 8),
        ("d(dE/dw)/dx", 6),
        ("d(y^2)/dw", 8),
        ("dE/d(w*x)", 2),
        ("w'", 0),
        ("w@1", 0),
        ("w@0", 1),
        ("E'", 1),
        ("w@2", 1),
        ("(dE/dw)@1", -4),
        ("Δw", -1),
        ("change(w)", -1),
        ("delta(y)", 2),
        ("dE/dw * 2", 8),
        ("w - rate*dE/dw", 0),
        ("w' - w", -1),
        ("rate", 0.25),
    ],
)
def test_values(text: str, value: float) -> None:
    assert value_of(SMALL, text) == value


@pytest.mark.parametrize("text", ["", "v", "dE/dv", "E@", "w@1.5", "1 = 1", "dE/d2", "w[1]", "E{1}", "x > 1", "dE/"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ChainruleError):
        value_of(SMALL, text)


def test_updates_add_up() -> None:
    problem = lecture("004")
    for count in (1, 2, 7):
        inputs = run_updates(problem, count).inputs
        assert value_of(problem, f"w5@{count}") == inputs[Name("w5")]
    errors = run_updates(problem, 7).errors
    assert [value_of(problem, f"E@{count}") for count in range(8)] == list(errors)
    assert value_of(problem, "Δw5@2") == value_of(problem, "w5@3") - value_of(problem, "w5@2")


def test_online_updates_take_the_examples_in_turn() -> None:
    problem = lecture("003")
    rate = 0.3
    first = value_of(problem, "w43") - rate * value_of(problem, "dE{1}/dw43")
    assert value_of(problem, "w43'") == pytest.approx(first, rel=1e-14)
    second = first - rate * value_of(problem, "(dE{2}/dw43)@1")
    assert value_of(problem, "w43@2") == pytest.approx(second, rel=1e-14)
    third = second - rate * value_of(problem, "(dE{1}/dw43)@2")
    assert value_of(problem, "w43@3") == pytest.approx(third, rel=1e-14)


def test_names_of_a_problem() -> None:
    problem = lecture("003")
    assert value_of(problem, "delta4{2}") == -value_of(problem, "dE{2}/dnet4{2}")
    assert value_of(problem, "delta3{1}") == -value_of(problem, "dE{1}/dnet3{1}")
    assert value_of(lecture("000"), "delta1_2") == value_of(lecture("000"), "dE/dtheta1_2")


def matrix() -> Problem:
    return loads((lecture_text("000") or "").replace('notation   = "nptel"', 'notation = "matrix"'))


@pytest.mark.parametrize("text", ["W1", "dE/dW1", "W1'", "ΔW1", "W1@3", "(dE/dW1)@2"])
def test_arrays_as_a_whole(text: str) -> None:
    problem = matrix()
    whole: Any = value_of(problem, text)
    assert [len(row) for row in whole] == [2, 2]
    for row in (1, 2):
        for column in (1, 2):
            element = text.replace("W1", f"W1[{row},{column}]")
            assert value_of(problem, element) == whole[row - 1][column - 1]


def test_a_derivative_of_an_array_by_an_array_has_both_shapes() -> None:
    problem = matrix()
    found = value_of(problem, "dz1/dx")
    assert found == value_of(problem, "W1")
    deep = value_of(problem, "dz2/dW1")
    assert [len(deep), len(deep[0]), len(deep[0][0])] == [2, 2, 2]


def test_lists_from_elements() -> None:
    assert as_lists({(): 3}) == 3
    assert as_lists({(2,): "b", (1,): "a"}) == ["a", "b"]
    assert as_lists({(1, 1, 1): 1, (1, 2, 1): 2}) == [[[1], [2]]]


def test_far_out_values_come_from_the_stable_form() -> None:
    problem = Problem.from_dict({"formulas": "y = log(1 + exp(x))", "given": {"x": 1000}})
    assert [value_of(problem, text) for text in ("y", "dy/dx", "d(dy/dx)/dx")] == [1000, 1, 0]


def test_a_delta_that_is_minus_a_derivative_has_a_value_in_every_notation() -> None:
    # The matrix notation reads delta(z2[1]) as a unit's delta, which once hid that it is an expression here.
    text = 'delta_sign = "negative"\nminimise = "E"\n[network]\nlayers = [2, 2]\nactivation = "tanh"\nnotation = "{}"\n'
    text += 'loss = "squared error"\n[given]\nx = [1, 2]\nt = [0, 1]\n[parameters]\nW1 = [[0.1, 0.2, 0.3], [0, 1, 0.5]]'
    for notation, delta, derivative in [
        ("matrix", "delta(z1[1])", "dE/dz1[1]"),
        ("mitchell", "delta_3", "dE/dnet_3"),
        ("nptel", "delta1_1", "dE/dtheta1_1"),
        ("numbered", "delta_o1", "dE/do1"),
    ]:
        problem = loads(text.format(notation))
        assert value_of(problem, delta) == -value_of(problem, derivative), notation
