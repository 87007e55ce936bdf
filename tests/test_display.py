"""How explanations are shown: views and formats by name, and from Python."""

from __future__ import annotations

import json

import pytest

import chainrule as cr
from chainrule.display import code_text, document, explain, json_text, text
from chainrule.errors import ProblemError
from chainrule.graph import Graph
from chainrule.lectures import lecture_names, lecture_text
from chainrule.node import input_node, name_node
from chainrule.printing.document import Code
from chainrule.problem import loads
from chainrule.quantity import Name


def lecture(name: str) -> cr.Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def test_a_view_there_is_not() -> None:
    with pytest.raises(ProblemError, match=r"there is no view 'picture'\. The views are steps, .*code"):
        document(explain(lecture("002")), view="picture")


def test_the_code_view_is_the_program() -> None:
    worked_out = explain(lecture("002"))
    assert document(worked_out, view="code").blocks == (Code(code_text(worked_out)),)
    assert text(worked_out, view="code") == code_text(worked_out)


@pytest.mark.parametrize("name", lecture_names())
def test_colour_changes_no_character(name: str) -> None:
    import re

    worked_out = explain(lecture(name))
    colored = text(worked_out, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[\d*m", "", colored) == text(worked_out)


@pytest.mark.parametrize("name", lecture_names())
def test_digits_change_figures_only(name: str) -> None:
    few, many = explain(lecture(name), digits=3), explain(lecture(name), digits=15)
    assert [step.left for step in few.steps] == [step.left for step in many.steps]
    assert [step.value for step in few.steps] == [step.value for step in many.steps]
    assert [step.symbols for step in few.steps if step.value is not None] == [
        step.symbols for step in many.steps if step.value is not None
    ]


def test_a_problem_explains_itself() -> None:
    worked_out = lecture("004").explain()
    assert str(worked_out) == text(worked_out)
    assert worked_out.to_dict() == json.loads(json_text(worked_out))


def test_an_explanation_at_the_prompt_is_not_a_flood() -> None:
    assert len(repr(explain(lecture("004")))) < 200


def test_two_explanations_of_one_problem_are_alike() -> None:
    problem = lecture("004")
    assert json_text(explain(problem)) == json_text(explain(problem))
    explain(problem, steps=50)
    assert json_text(explain(problem)) == json_text(explain(lecture("004")))


def test_steps_need_an_update() -> None:
    with pytest.raises(ProblemError, match=r"there is no update to run\."):
        explain(lecture("002"), steps=2)


def test_a_graph_shows_its_definitions_in_a_notebook() -> None:
    graph = cr.trace(lambda w, x: w * x + 1, names=["w", "x"])
    assert "w" in (graph._repr_markdown_() or "")
    assert "<math" in (graph._repr_html_() or "")
    assert r"\cdot" in (graph._repr_latex_() or "")


def test_a_graph_too_large_to_read_shows_nothing_of_its_own() -> None:
    assert chain(400)._repr_html_() is None


def chain(size: int) -> Graph:
    value = input_node(Name("x"))
    for number in range(size):
        value = name_node(Name(f"v{number}"), value * 2)
    return Graph({Name(f"v{size - 1}"): value})


@pytest.mark.parametrize("view", ["steps", "paths", "gates", "derive"])
def test_loops_are_read_in_every_view(view: str) -> None:
    worked_out = explain(lecture("000"))
    asked = text(worked_out, view=view, of=["dE/dW1_1j for j in 1..2"])
    assert asked == text(worked_out, view=view, of=["dE/dW1_11", "dE/dW1_12"])
