"""Another convention is one slip or none: the sign of delta, the factor of the loss, weights updated too early."""

from __future__ import annotations

from typing import Final

import pytest

pytest.importorskip("flint")

import chainrule.checking as checking
from chainrule.checking.report import Report
from chainrule.problem import loads

PROBLEM: Final = """
minimise = "E"
rate = 0.5
formulas = '''
h = w1*x
a = sigmoid(h)
o = w2*a
E = 1/2*(t - o)^2
'''
[given]
x = 0.6
t = 0.9
[parameters]
w1 = 0.7
w2 = -0.4
"""
# h = 0.42, a = 0.603483, o = -0.241393, E = 0.651389, dE/do = -1.141393, dE/da = 0.456557, dE/dh = 0.109250
FLIPPED: Final = "delta(o) = 1.141393\ndelta(h) = -0.109250\ndE/dw2 = -delta(o)*a = -0.688811\nw2' = -0.055594"
DOUBLED: Final = "E = (t - o)^2 = 1.302779\ndE/do = -2.282787\ndE/da = 0.913115\ndE/dw2 = -1.377623"
# The new w2 is -0.055594, so dE/da = -1.141393*-0.055594 = 0.063455.
EARLY: Final = (
    "dE/do = -1.141393\ndE/dw2 = -0.688811\nw2' = -0.055594\ndE/da = 0.063455\ndE/dh = 0.015184\nw1' = 0.695445"
)


def check(working: str, problem: str = PROBLEM) -> Report:
    return loads(f"working = '''\n{working}\n'''\n{problem}").check()


def verdicts(report: Report) -> list[str]:
    assert not report.unread
    return [link.verdict for link in report.links]


def off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "follow_conventions", lambda *_: {})


def test_minus_the_deltas_throughout_is_right_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    report = check(FLIPPED)
    assert verdicts(report) == ["right"] * 5
    assert ["other sign" in link.note for link in report.links] == [True, True, False, False, False]
    assert report.exit_status == 0
    off(monkeypatch)
    assert "wrong" in verdicts(check(FLIPPED))


def test_minus_one_delta_is_a_slip() -> None:
    assert "wrong" in verdicts(check(FLIPPED.replace("delta(h) = -0.109250", "delta(h) = 0.109250")))


def test_a_sign_of_delta_that_the_file_states() -> None:
    negative = f'delta_sign = "negative"\n{PROBLEM}'
    report = check(FLIPPED, negative)
    assert verdicts(report) == ["right"] * 5
    assert not any(link.note for link in report.links)
    assert verdicts(check("delta(o) = -1.141393\ndelta(h) = 0.109250", negative)) == ["right"] * 2


def test_another_factor_of_the_loss_is_wrong_once(monkeypatch: pytest.MonkeyPatch) -> None:
    report = check(DOUBLED)
    assert verdicts(report) == ["wrong", "carried", "carried", "carried", "carried"]
    assert report.links[0].causes[0].slip == "other convention"
    assert "1/2" in report.links[0].causes[0].text
    off(monkeypatch)
    assert verdicts(check(DOUBLED)).count("wrong") >= 1


def test_a_factor_that_shows_first_in_a_derivative() -> None:
    """Twice dE/do, and dE/dw1 too, which nothing on the paper leads to: carried only in the other convention."""
    working = "dE/do = -2.282787\ndE/dw1 = 0.131100"
    assert verdicts(check(working)) == ["wrong", "carried"]


def test_weights_updated_too_early_are_wrong_once() -> None:
    report = check(EARLY)
    assert verdicts(report) == ["right", "right", "right", "wrong", "carried", "carried"]
    slips = [cause.slip for cause in report.links[3].causes]
    assert "new for old weight" in slips


def test_a_working_without_slips_follows_no_other_convention() -> None:
    report = check("h = 0.42\na = 0.603483\no = -0.241393\nE = 0.651389\ndelta(o) = -1.141393\ndE/da = 0.456557")
    assert verdicts(report) == ["right"] * 6
    assert not any(link.note for link in report.links)


def test_one_slip_is_no_convention() -> None:
    """A figure twice as large as it should be, and all others as they should be."""
    report = check("E = 1.302779\ndE/do = -1.141393\ndE/da = 0.456557")
    assert verdicts(report) == ["wrong", "right", "right"]
