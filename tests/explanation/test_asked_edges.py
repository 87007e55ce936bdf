"""What is asked for at the edges: a quantity by itself, a list of quantities, batches of some of the examples."""

from __future__ import annotations

import pytest

from chainrule import Problem
from chainrule.display import text
from chainrule.errors import ChainruleError, ProblemError
from chainrule.explanation.asked import value_of
from chainrule.problem import loads

LINE = {"formulas": "y = a*x\nE = 1/2*(y - t)^2", "minimise": "E", "parameters": {"a": 0.5}}
EXAMPLES = {"x": [1, 2, 3, 4], "t": [2, 3, 5, 8]}


def line(batch: object) -> Problem:
    return Problem.from_dict({**LINE, "examples": EXAMPLES, "training": {"rate": 0.1, "batch": batch}})


@pytest.mark.parametrize("batch", [2, 3])
def test_a_batch_of_some_examples_is_refused_and_not_taken_for_all(batch: int) -> None:
    with pytest.raises(ProblemError, match=f"found batch = {batch} of 4 examples"):
        line(batch).explain()


@pytest.mark.parametrize("batch", [4, 5])
def test_a_batch_of_all_examples_is_the_full_batch(batch: int) -> None:
    assert str(line(batch).explain()) == str(line("all").explain())


def test_the_derivative_of_a_quantity_by_itself_has_no_note() -> None:
    problem = Problem.from_dict({**LINE, "given": {"x": 1, "t": 2}})
    assert "influence" not in text(problem.explain(), of=["dE/dE"])


def test_a_list_of_quantities_is_refused_by_name() -> None:
    problem = Problem.from_dict({**LINE, "given": {"x": 1, "t": 2}})
    with pytest.raises(ChainruleError, match="an array"):
        value_of(problem, "[y, E]")


def test_a_direct_derivative_holds_the_other_arguments_fixed() -> None:
    problem = loads("formulas = '''\nu = x^2\nv = x*u\nE = u + v\n'''\n[given]\nx = 2")
    assert value_of(problem, "dv/dx (direct)") == 4.0
    assert value_of(problem, "dv/dx") == 12.0


def test_a_value_is_asked_for_as_it_is_before_the_update_that_is_shown() -> None:
    text = "formulas = 'E = (w - 1)^4'\nminimise = 'E'\nrate = 0.1\n[parameters]\nw = 0"
    problem = loads(text)
    later = value_of(problem, "(d(dE/dw)/dw)@2")
    assert value_of(problem, "d(dE/dw)/dw", after=2) == later != value_of(problem, "d(dE/dw)/dw")
