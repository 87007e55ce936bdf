from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ProblemError
from chainrule.formula import parse_expression
from chainrule.formula.syntax import Call, walk
from chainrule.losses import LOSSES, Loss, find_loss
from chainrule.problem import Problem, loads


def meaning(formula: str, o: Sequence[float], t: Sequence[float]) -> float:
    """The value of a formula by NumPy: independent of our own parser and evaluator."""
    names = {"sum": np.sum, "mean": np.mean, "abs": np.abs, "where": np.where, "ln": np.log}
    names |= {"max": np.maximum, "softplus": lambda z: np.logaddexp(0, z)}
    values = {"o": np.array(o), "t": np.array(t)}
    return float(eval(formula.replace("^", "**"), {**names, **values}))  # noqa: S307  # text of our own table


def huber(o: float, t: float) -> float:
    return (t - o) ** 2 / 2 if abs(t - o) <= 1 else abs(t - o) - 0.5


def log_loss(o: float, t: float) -> float:
    return -(t * math.log(o) + (1 - t) * math.log(1 - o))


EXPECTED = {
    "half squared error": lambda o, t: (t - o) ** 2 / 2,
    "squared error": lambda o, t: (t - o) ** 2,
    "mean squared error": lambda o, t: (t - o) ** 2,
    "absolute error": lambda o, t: abs(t - o),
    "huber": huber,
    "binary cross entropy": log_loss,
    "cross entropy": lambda o, t: -t * math.log(o),
    "log cosh": lambda o, t: math.log(math.cosh(t - o)),
    "hinge": lambda o, t: max(0.0, 1 - t * o),
    "kullback leibler": lambda o, t: t * math.log(t / o) if t > 0 else 0.0,
    "poisson": lambda o, t: o - t * math.log(o),
}
OF_LOGARITHMS = ("binary cross entropy", "cross entropy", "kullback leibler", "poisson")
ANYWHERE = st.floats(-5, 5)
BETWEEN = st.floats(0.01, 0.99)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(data=st.data())
def test_a_loss_is_the_sum_or_mean_of_its_terms(loss: Loss, data: st.DataObject) -> None:
    numbers = BETWEEN if loss.name in OF_LOGARITHMS else ANYWHERE
    pairs = data.draw(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
    o, t = zip(*pairs, strict=True)
    parts = [EXPECTED[loss.name](*pair) for pair in pairs]
    total = sum(parts) / (len(parts) if loss.over == "mean" else 1)
    for output_first in (False, True):
        assert meaning(loss.formula("o", "t", output_first=output_first), o, t) == pytest.approx(
            total, rel=1e-12, abs=1e-14
        )
    if loss.over == "sum":
        for output, target, part in zip(o, t, parts, strict=True):
            one = meaning(f"sum({loss.of_one('o', 't')})", [output], [target])
            assert one == pytest.approx(part, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("output_first", [False, True])
def test_our_own_parser_reads_every_loss(loss: Loss, output_first: bool) -> None:
    whole = parse_expression(loss.formula("out_o", "t", output_first=output_first)).tree
    assert any(isinstance(part, Call) and part.function == loss.over for part in walk(whole))
    if loss.over == "sum":
        parse_expression(loss.of_one("out_o[1]", "t[1]", output_first=output_first))


def test_the_lectures_formulas() -> None:
    half = find_loss("half squared error")
    assert half.formula("x2", "t", output_first=True) == "1/2*sum((x2 - t)^2)"
    assert half.of_one("out_o1", "t1") == "1/2*(t1 - out_o1)^2"
    assert find_loss("cross entropy").of_one("o1", "t1") == "-t1*ln(o1)"


def test_only_where_nothing_changes_may_output_and_target_be_exchanged() -> None:
    for name in (*OF_LOGARITHMS, "hinge"):
        loss = find_loss(name)
        assert loss.formula("o", "t") == loss.formula("o", "t", output_first=True)


def test_every_loss_says_what_it_is() -> None:
    assert set(LOSSES) == set(EXPECTED)
    assert all(loss.reads and loss.name == name for name, loss in LOSSES.items())


@pytest.mark.parametrize("name", ["Half squared error", "half_squared_error", "  half  squared-error "])
def test_names_are_read_as_people_type_them(name: str) -> None:
    assert find_loss(name).name == "half squared error"


def test_a_mean_has_no_parts() -> None:
    with pytest.raises(ProblemError, match="mean squared error is not a sum"):
        find_loss("MSE").of_one("o", "t")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cross entorpy", "Did you mean 'cross entropy'?"),
        ("half square error", "Did you mean 'half squared error'?"),
        ("qqq", "there is no loss 'qqq'. The losses are half squared error, "),
        ("", "there is no loss ''"),
        (7, "loss is 7, expected a name in quotes"),
        (None, "expected a name in quotes"),
        (["mse"], "expected a name in quotes"),
    ],
)
def test_unknown_losses(name: object, found: str) -> None:
    with pytest.raises(ProblemError) as caught:
        find_loss(name)
    assert found in str(caught.value)


def problem(loss: str, activation: str, t: list[float]) -> Problem:
    return loads(f"""
minimise = "E"
[network]
layers = [2, {len(t)}]
activation = "{activation}"
loss = "{loss}"
[given]
x = [0.5, -1]
t = {t}
[parameters]
W1 = {[[0.3, -0.2], [0.8, 0.4], [-0.1, 0.6]][: len(t)]}
b1 = {[0.1, -0.3, 0.2][: len(t)]}
""")


SLOPES = {  # by an output, as textbooks have it
    "log cosh": lambda o, t: math.tanh(o - t),
    "hinge": lambda o, t: -t if t * o < 1 else 0.0,
    "kullback leibler": lambda o, t: -t / o,
    "poisson": lambda o, t: 1 - t / o,
}


@pytest.mark.parametrize(
    ("loss", "activation", "t"),
    [
        ("log cosh", "linear", [1, -2]),
        ("log cosh", "linear", [-500, 500]),
        ("hinge", "tanh", [1, -1]),
        ("hinge", "linear", [-1, 1]),
        ("kullback leibler", "softmax", [0.2, 0.5, 0.3]),
        ("kullback leibler", "softmax", [0, 1, 0]),
        ("poisson", "softplus", [0, 3]),
    ],
)
def test_the_derivatives_of_textbooks(loss: str, activation: str, t: list[float]) -> None:
    values = problem(loss, activation, t).explain().to_dict(of=["dE/da1"])["values"]
    pairs = list(zip(values["a1"], t, strict=True))
    assert values["dE/da1"] == pytest.approx([SLOPES[loss](o, u) for o, u in pairs], rel=1e-12)
    assert values["E"] == pytest.approx(sum(EXPECTED[loss](o, u) for o, u in pairs), rel=1e-12)
