from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, FormulaError
from chainrule.explanation import explain
from chainrule.explanation.asked import value_of
from chainrule.explanation.report import report
from chainrule.explanation.selection import asked_steps
from chainrule.lectures import lecture_text
from chainrule.problem import Problem, loads
from chainrule.problem.loops import downstream, expand
from chainrule.quantity import spell

MITCHELL = """
minimise = "E"
rate = 0.5
[network]
layers = [2, 2, 2]
notation = "mitchell"
[given]
x = [0.5, -1]
t = [1, 0]
[parameters]
W1 = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
W2 = [[0.7, 0.8, 0.9], [-0.7, 0.35, 0.3]]
"""
DELTAS = "o_j*(1 - o_j)*sum(delta_k*w_kj for k in downstream(j)) for j in 3..4"


@pytest.fixture(scope="module")
def mitchell() -> Problem:
    return loads(MITCHELL)


@pytest.fixture(scope="module")
def lecture() -> Problem:
    return loads(lecture_text("003") or "")


def test_deltas_of_the_hidden_layer_are_what_the_lecture_says(mitchell: Problem) -> None:
    claimed = [value_of(mitchell, line) for line in expand(mitchell, DELTAS)]
    deltas = [value_of(mitchell, line) for line in expand(mitchell, "delta_j for j in 3..4")]
    assert claimed == pytest.approx(deltas, rel=1e-12)
    assert deltas[0] != pytest.approx(deltas[1])


@pytest.mark.parametrize("number", [1, 2])
def test_the_same_for_formulas_with_examples(lecture: Problem, number: int) -> None:
    at = f"{{{number}}}"
    [line] = expand(lecture, f"o_j{at}*(1 - o_j{at})*sum(delta_k{at}*w_kj for k in downstream(j)) for j in 3")
    assert line == f"o3{at}*(1 - o3{at})*(delta4{at}*w43)"
    assert value_of(lecture, line) == pytest.approx(value_of(lecture, f"delta3{at}"), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("o_3", ["o_3"]),
        ("for", ["for"]),
        ("sum(x)", ["sum(x)"]),
        ("o_j for j in 3..4", ["o_3", "o_4"]),
        ("o_j for j in 4, 3", ["o_4", "o_3"]),
        ("o_j, for j in 3..4, 6", ["o_3", "o_4", "o_6"]),
        ("w_ji for j in 3..4 for i in 1..2", ["w_31", "w_32", "w_41", "w_42"]),
        ("w_kj for j in 3 for k in downstream(j)", ["w_53", "w_63"]),
        ("dE/dw_ji' for j in 3 for i in 0..1", ["dE/dw_30'", "dE/dw_31'"]),
        ("W1[j,i] for j in 1..2 for i in 1", ["W1[1,1]", "W1[2,1]"]),
        ("delta_5 for j in 1..2", ["delta_5", "delta_5"]),
        ("delta_j = 0.1  # slide 7 for all, for j in x", None),
        ("delta_j = 0.1 for j in 3..4 # slide 7", ["delta_3 = 0.1  # slide 7", "delta_4 = 0.1  # slide 7"]),
        ("sum(w_k3 for k in downstream(3))", ["(w_53 + w_63)"]),
        ("2*sum((w_kj)*o_j for k in 5..6 for j in 3..4)", ["2*((w_53)*o_3 + (w_54)*o_4 + (w_63)*o_3 + (w_64)*o_4)"]),
        ("sum(-o_k for k in 3..4)", ["((-o_3) + (-o_4))"]),
        ("sum(sum(w_kj for k in 5..6)*o_j for j in 3..4)", ["((w_53 + w_63)*o_3 + (w_54 + w_64)*o_4)"]),
        ("sum(o_k for k in 3..j) for j in 3..4", ["(o_3)", "(o_3 + o_4)"]),
    ],
)
def test_lines(mitchell: Problem, text: str, lines: list[str] | None) -> None:
    assert expand(mitchell, text) == (lines or [text])


def test_indices_of_two_digits_are_separated_as_the_notation_does() -> None:
    rows = [[0.1] * 3 for _ in range(12)]
    problem = loads(
        f'minimise = "E"\nrate = 1\n[network]\nlayers = [2, 12, 1]\nnotation = "mitchell"\n[given]\nx = [1, 2]\n'
        f"t = [1]\n[parameters]\nW1 = {rows}\nW2 = [{[0.1] * 13}]\n"
    )
    assert expand(problem, "w_kj for j in 3, 14 for k in downstream(j)") == ["w_15_3", "w_15_14"]
    for line in expand(problem, "w_ji for j in 3..14 for i in 0..2"):
        assert value_of(problem, line) == 0.1


def test_downstream_follows_layers_and_connections(mitchell: Problem, lecture: Problem) -> None:
    assert [downstream(mitchell, j) for j in range(1, 7)] == [[3, 4], [3, 4], [5, 6], [5, 6], [], []]
    assert [downstream(lecture, j) for j in range(1, 5)] == [[3, 4], [3, 4], [4], []]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("o_j for j = 3..4", "cannot be read"),
        ("o_j for j in", "cannot be read"),
        ("o_j for j in 3...4", "cannot be read"),
        ("o_j for jj in 3..4", "cannot be read"),
        ("o_j for j in upstream(3)", "cannot be read"),
        ("o_j for j in 4..3", "4..3, which is empty"),
        ("o_j for j in 1..i", "the letter i"),
        ("o_j for j in 1..999999999", "more than 1,000 numbers"),
        ("w_ji for j in 1..40 for i in 1..40", "more than 1,000 lines"),
        ("sum(w_ji for j in 1..40 for i in 1..40)", "more than 1,000 terms"),
        ("sum(sum(w_ji for j in 1..900) for i in 1..900)", "characters"),
        ("o_j for j in downstream(9)", "the units are 1 to 6"),
        ("sum(o_j for j in downstream(6))", "feeds no other unit"),
        ("sum(o_j for j in 1..2", "without its closing bracket"),
        ("sum( for j in 1..2)", "a sum of nothing"),
        ("sum(" * 9 + "1" + " for j in 1..1)" * 9, "more than 8 sums"),
        ("1" + " for j in 1..1" * 9, "more than 8 loops"),
        ("o_j for j in 1..2" + " " * 6000, "6,017 characters"),
    ],
)
def test_what_cannot_be_expanded_is_told_with_its_place(mitchell: Problem, text: str, says: str) -> None:
    with pytest.raises(FormulaError) as caught:
        expand(mitchell, text)
    assert says in str(caught.value)
    assert caught.value.place is not None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("notation", ["nptel", "matrix", "numbered"])
def test_units_without_numbers_of_their_own_are_not_guessed(notation: str) -> None:
    problem = loads(MITCHELL.replace("mitchell", notation))
    with pytest.raises(FormulaError, match="no numbers of their own"):
        expand(problem, "sum(1 for k in downstream(3))")


def test_formulas_without_net_inputs_have_no_units() -> None:
    with pytest.raises(FormulaError, match="no unit 1"):
        downstream(loads("formulas = 'y = 2*x'\n[given]\nx = 1"), 1)


PIECES = [
    "sum(",
    "(",
    ")",
    " for ",
    "j",
    " in ",
    "k",
    "1..2",
    "3",
    ",",
    "downstream(",
    "o_j",
    "w_kj",
    "[",
    "]",
    "{",
    "}",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "#", "*", "٣", "_", "\n", "999999999999"]), max_size=14).map("".join))
@example("for for in in for j in j")
@example("_ for j in 1")
@example("sum(j for j in 1)for k in 2")
def test_any_text_gives_lines_or_one_of_our_errors(text: str) -> None:
    problem = loads(MITCHELL)
    try:
        lines = expand(problem, text)
    except ChainruleError:
        return
    assert lines
    assert len(lines) <= 1000


def test_asking_expands_first(mitchell: Problem) -> None:
    solution = explain(mitchell)
    shown = [spell(step.quantity) for step in asked_steps(solution, ["o_j for j in 3..4"])]
    assert shown[-1] == "o_4"
    assert "o_3" in shown
    values = report(solution, of=[DELTAS, "sum(o_j for j in 3..4)"])["values"]
    keys = expand(mitchell, DELTAS)
    assert [values[key] for key in keys] == pytest.approx([values["delta_3"], values["delta_4"]])
    assert values["sum(o_j for j in 3..4)"] == pytest.approx(values["o_3"] + values["o_4"])
    assert json.dumps(values)
