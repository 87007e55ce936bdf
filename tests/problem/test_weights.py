from __future__ import annotations

from fractions import Fraction

import pytest

from chainrule.errors import ProblemError
from chainrule.evaluate import evaluate
from chainrule.explanation.passes import run_updates
from chainrule.numbers.floats import FLOATS
from chainrule.problem import Problem, loads
from chainrule.quantity import Derivative, Name
from chainrule.transforms.batch import batch_loss
from chainrule.transforms.reverse import reverse

E, W = Name("E"), Name("w")


def line(weights: str, training: str) -> Problem:
    return loads(f"""
minimise = "E"
formulas = '''
y = w*x
E = 1/2*(y - t)^2
'''
[examples]
x = [1, 2, 3]
t = [2, 2.5, 4]
{weights}
[parameters]
w = 0.5
[training]
rate = 0.1
{training}
""")


ERRORS = [(Fraction(1, 2) * x - t) ** 2 / 2 for x, t in ((1, 2), (2, Fraction(5, 2)), (3, 4))]
SLOPES = [(Fraction(1, 2) * x - t) * x for x, t in ((1, 2), (2, Fraction(5, 2)), (3, 4))]
COUNTS = [Fraction(1), Fraction(1, 2), Fraction(2)]
NAMED = "weight = [1, 0.5, 2]"


@pytest.mark.parametrize("over", ["sum", "mean"])
def test_an_example_counts_as_often_as_its_weight_says(over: str) -> None:
    problem = line(NAMED, f'weights = "weight"\nover = "{over}"')
    values = problem.explain().to_dict()["values"]
    divisor = sum(COUNTS) if over == "mean" else 1
    expected = [sum(c * v for c, v in zip(COUNTS, of, strict=True)) / divisor for of in (ERRORS, SLOPES)]
    assert values["E"] == pytest.approx(float(expected[0]), rel=1e-14)
    assert values["dE/dw"] == pytest.approx(float(expected[1]), rel=1e-14)
    assert values["E{2}"] == float(ERRORS[1])


@pytest.mark.parametrize("over", ["sum", "mean"])
def test_a_batch_says_the_same(over: str) -> None:
    problem = line(NAMED, f'weights = "weight"\nover = "{over}"')
    graph = batch_loss(
        problem.graph, E, problem.varying, over=problem.training.over, size=3, weights=problem.training.weights
    )
    root = reverse(graph, E, [W]).outputs[Derivative(E, W)]
    arrays = {label: FLOATS.of_nested([*map(float, v)]) if isinstance(v, list) else float(v)
              for label, v in problem.arrays.items()}  # fmt: skip
    assert evaluate([root], arrays)[0] == pytest.approx(problem.explain().to_dict()["values"]["dE/dw"], rel=1e-14)


@pytest.mark.parametrize("over", ["sum", "mean"])
def test_a_weight_of_2_is_an_example_that_occurs_twice_and_0_one_that_is_left_out(over: str) -> None:
    weighted = line("weight = [2, 0, 1]", f'weights = "weight"\nover = "{over}"')
    repeated = loads(f"""
minimise = "E"
formulas = "E = 1/2*(w*x - t)^2"
[examples]
x = [1, 1, 3]
t = [2, 2, 4]
[parameters]
w = 0.5
[training]
rate = 0.1
over = "{over}"
""")
    one, other = (run_updates(p, 3).inputs[W] for p in (weighted, repeated))
    assert one == pytest.approx(other, rel=1e-14)


def test_without_being_named_they_are_a_given_that_no_formula_uses() -> None:
    assert "'weight' is given, but no formula uses it" in line(NAMED, "").warnings[0]
    assert not line(NAMED, 'weights = "weight"').warnings


@pytest.mark.parametrize(
    ("weights", "training", "found"),
    [
        (NAMED, 'weights = "wieght"', "weights names 'wieght', expected a name of [examples]"),
        (NAMED, 'weights = "w"', "weights names 'w', expected a name of [examples]"),
        (NAMED, "weights = 3", "found the number 3 where a name in quotes was expected"),
        ("weight = [[1], [2], [3]]", 'weights = "weight"', "with one number for each"),
        ("weight = [1, -1, 2]", 'weights = "weight"', "the weight of example 2 is below 0"),
        ("weight = [0, 0, 0]", 'weights = "weight"', "all weights are 0"),
        (NAMED, 'weights = "weight"\nbatch = 1', 'weights are for batch = "all". Multiply the error by it'),
        ("weight = [1, 2]", 'weights = "weight"', "'weight' has 2 examples"),
    ],
)
def test_weights_that_cannot_be_used(weights: str, training: str, found: str) -> None:
    with pytest.raises(ProblemError) as caught:
        line(weights, training)
    assert found in str(caught.value)
    assert str(caught.value).startswith("<input>:")
