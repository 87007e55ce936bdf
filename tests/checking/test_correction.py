"""A corrected working is the one that was written with nothing wrong in it: checking it again finds no slip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.checking import Report, check
from chainrule.checking.correction import edited
from chainrule.problem import load, loads

pytest.importorskip("flint")

LECTURES: Final = sorted((Path(__file__).parent.parent / "lectures").glob("*.toml"))
NEURON: Final = """
minimise = "E"
rate = 0.5
formulas = '''
z = w1*x1 + w2*x2 + b
a = sigmoid(z)
E = 1/2*(t - a)^2
'''
working = '''
{}
'''
[given]
x1 = 1
x2 = 2
t = 1
[parameters]
w1 = 0.1
w2 = -0.2
b = 0.25
"""
SOLUTION: Final = """\
z = w1*x1 + w2*x2 + b = 0.1*1 + (-0.2)*2 + 0.25 = -0.05     # line 1
a = sigmoid(z) = 1/(1 + e^(-z)) = 0.4875
E = 1/2(t - a)^2 = 1/2*(1 - 0.4875)^2 = 0.1313
the backward pass
dE/da = -(t - a) = -(1 - 0.4875) = -0.5125
da/dz = a(1 - a) = 0.4875*(1 - 0.4875) = 0.2498             # by the rule
dE/dz = dE/da*da/dz = -0.5125*0.2498 = -0.1280
dE/dw1 = dE/dz*x1 = -0.1280*1 = -0.1280; dE/dw2 = dE/dz*x2 = -0.1280*2 = -0.2561
w1' = w1 - η*dE/dw1 = 0.1 - 0.5*(-0.1280) = 0.164
w2' = w2 - η*dE/dw2 = -0.2 - 0.5*(-0.2561) = -0.0719"""


def neuron(working: str) -> Problem:
    return loads(NEURON.format(working))


def again(report: Report) -> Report:
    """The report on the corrected working."""
    problem = report.problem
    assert problem.document is not None
    data = {**problem.document.data, "working": report.corrected()}
    return check(replace(problem, document=replace(problem.document, data=data)))


def assert_mended(report: Report) -> Report:
    mended = again(report)
    assert mended.counts["wrong"] == mended.counts["carried"] == 0, report.corrected()
    assert len(mended.links) == len(report.links)
    assert len(mended.unread) == len(report.unread)
    return mended


@pytest.mark.parametrize("file", LECTURES, ids=lambda path: path.stem)
def test_a_corrected_lecture_has_no_slip(file: Path) -> None:
    assert_mended(load(file).check())


def test_a_right_working_is_left_as_it_is() -> None:
    report = neuron(SOLUTION).check()
    assert report.exit_status == 0
    assert report.corrected() == report.working


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("z = -0.5", "z = -0.05"),
        ("z = -0.05 = 5", "z = -0.05 = -0.05"),
        ("z = 9.8", "z = -0.050"),
        ("a = .49 = .5", "a = .49 = .5"),
        ("a = .47", "a = .49"),
        ("a = 0.4813...", "a = 0.4875..."),
        ("a = 47%", "a = 49%"),
        ("a = 4.7*10^-1", "a = 4.9*10^-1"),
        ("a = 4.7e-1", "a = 4.9e-1"),
        ("z = 0.1*1 + (-0.2)*2 + 0.4", "z = 0.1*1 + (-0.2)*2 + 0.25"),
        ("z = 0.1*1 + 0.2*2 + 0.25", "z = 0.1*1 + (-0.2)*2 + 0.25"),
        ("z = 0.1*1 - 0.3*2 + 0.25", "z = 0.1*1 + (-0.2)*2 + 0.25"),
        ("z = w1*x1 + w2*x1 + b", "z = w1*x1 + w2*x2 + b"),
        ("z = w1*x1 + w2*x2", "z = w1*x1 + w2*x2 + b"),
        ("a = tanh(z)", "a = sigmoid(z)"),
        ("w1' = w1 - η*E", "w1' = w1 - η*dE/dw1"),
        ("w1 = w1 - eta*dE/dw2", "w1 = w1 - eta*dE/dw1"),
        ("Δw1 = η*dE/dw1", "Δw1 = -η*dE/dw1"),
        ("h = w1*x1 = 0.2", "h = w1*x1 = 0.1"),
        ("z = -0.5 = 7   # two", "z = -0.05 = -0.05  # two"),
        ("z = w1*x1\n  + w2\n= 3", None),
    ],
)
def test_what_is_wrong_is_replaced_and_nothing_else(wrong: str, right: str | None) -> None:
    report = neuron(wrong).check()
    assert_mended(report)
    if right is not None:
        assert report.corrected().strip() == right


def test_what_follows_from_a_slip_is_mended_too() -> None:
    working = "z = -0.5\na = 1/(1 + e^0.5) = 0.3775\nprose stays\nE = 1/2*(1 - 0.3775)^2 = 0.1938   # line 3"
    report = neuron(working).check()
    assert [link.verdict for link in report.links] == ["wrong", "carried", "carried", "carried", "carried"]
    assert assert_mended(report).counts["right"] == 5
    assert report.corrected().strip() == (
        "z = -0.05\na = 1/(1 + e^0.05) = 0.4875\nprose stays\nE = 1/2*(1 - 0.4875)^2 = 0.1313   # line 3"
    )
    assert report.links[1].note == "follows from z = -0.5 on line 10"
    assert report.links[2].note == "follows from what stands before it on this line"


def test_comments_stay_in_their_column() -> None:
    working = "z = 12345678          # one\na = 0.5               # two"
    lines = neuron(working).check().corrected().strip().split("\n")
    assert lines == ["z = -0.05             # one", "a = 0.5               # two"]


def test_a_loop_is_written_out_where_it_is_wrong() -> None:
    formulas = "formulas = '''\ny_1 = 2*x_1\ny_2 = 3*x_2\n'''\n"
    working = "working = '''\n  y_j = 2*x_j for j in 1..2   # both\n'''\n"
    report = loads(f"{formulas}{working}[given]\nx_1 = 1\nx_2 = 5").check()
    assert_mended(report)
    assert report.corrected() == "  y_1 = 2*x_1\n  y_2 = 3*x_2                 # both\n"


NUMBERS: Final = [
    at for at, character in enumerate(SOLUTION) if character.isdigit() and SOLUTION[at - 1] in " (.0123456789"
]


@given(st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from("0123456789")), min_size=1, max_size=3))
def test_mutated_digits_are_mended(changes: list[tuple[int, str]]) -> None:
    text = edited(SOLUTION, [(at, at + 1, new) for at, new in dict(changes).items()])
    report = neuron(text).check()
    mended = again(report)
    assert mended.counts["wrong"] == mended.counts["carried"] == 0, (text, report.corrected())
    assert report.corrected().count("\n") == report.working.count("\n")


SIGNS: Final = [
    at for at, character in enumerate(SOLUTION) if character in "+-*" and SOLUTION[at - 1] in " (0123456789wxzab12"
]


@given(st.sampled_from(SIGNS), st.sampled_from("+-*"))
def test_mutated_signs_are_mended(at: int, new: str) -> None:
    report = neuron(edited(SOLUTION, [(at, at + 1, new)])).check()
    mended = again(report)
    assert mended.counts["wrong"] == mended.counts["carried"] == 0, (report.working, report.corrected())


ARRAYS: Final = """
minimise = "E"
working = '''
{}
'''
[network]
layers = [2, 2]
activation = "sigmoid"
loss = "half squared error"
[given]
x = [1, 2]
t = [1, 0]
[parameters]
W1 = [[0.1, 0.2], [0.3, 0.4]]
b1 = [0, 0]
"""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("z1 = [[0.1, 0.2], [0.3, 0.5]] @ [1, 3] = [0.5, 1.2]", "z1 = [[0.1, 0.2], [0.3, 0.4]] @ [1, 2] = [0.5, 1.1]"),
        ("z1 = x @ W1 + b1", "z1 = W1 @ x + b1"),
        ("a1 = sigmoid(W1 @ t)", "a1 = sigmoid(z1)"),
        ("W1 = [[0.1, 0.2], [0.3, 0.5]]", "W1 = [[0.1, 0.2], [0.3, 0.4]]"),
        ("dE/dW1 = [[-0.99, -0.18], [0.14, 0.28]]", "dE/dW1 = [[-0.089, -0.18], [0.14, 0.28]]"),
    ],
)
def test_arrays_are_mended_element_by_element(wrong: str, right: str) -> None:
    report = loads(ARRAYS.format(wrong)).check()
    assert_mended(report)
    assert report.corrected().strip() == right


def test_a_formula_that_cannot_be_printed_is_left_alone() -> None:
    lines = "\n".join(f"s{n} = s{n - 1} + s{n - 1}" for n in range(1, 40))
    report = loads(f"formulas = '''\ns0 = x\n{lines}\n'''\nworking = 's39 = x'\n[given]\nx = 3").check()
    assert report.first_wrong is not None
    assert again(report).counts["wrong"] == 0
