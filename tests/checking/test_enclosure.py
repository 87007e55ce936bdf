"""The enclosure of a box holds every value in it, and is tighter than plain interval arithmetic."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("flint")

from chainrule.checking.enclosure import enclosure
from chainrule.evaluate import evaluate_all
from chainrule.node import Node, input_node, order
from chainrule.numbers.interval import Interval, interval, interval_numbers, point
from chainrule.ops.functions import RELU, SIGMOID, TANH
from chainrule.quantity import Name

INPUTS = [input_node(Name(f"x{number}")) for number in range(10)]
FIXED = input_node(Name("k"))
ROUTES: dict[str, Node] = {
    "sigmoid's slope": reduce(lambda a, x: a + x * (1 - x) * SIGMOID(x), INPUTS, FIXED),
    "a quotient": reduce(lambda a, x: a + x / (2 + x * x), INPUTS, FIXED),
    "kinks": reduce(lambda a, x: a + RELU(x) * (1 - RELU(x)), INPUTS, FIXED),
    "tanh of all": TANH(reduce(lambda a, x: a * (1 - x) + x, INPUTS, FIXED)),
}


def _value(route: Node, values: dict[Node, Interval]) -> Interval:
    numbers = interval_numbers()
    with numbers.s.context():
        found = evaluate_all([route], {}, known=values, numbers=numbers)[route]
    assert isinstance(found, Interval)
    return found


def _box(centers: list[int], half: int) -> dict[Node, Interval]:
    return {
        at: interval(Fraction(center - half, 1000), Fraction(center + half, 1000))
        for at, center in zip(INPUTS, centers, strict=True)
    }


@pytest.mark.parametrize("name", ROUTES)
@given(
    centers=st.lists(st.integers(-900, 900), min_size=10, max_size=10),
    half=st.integers(0, 60),
    seed=st.integers(0, 99),
)
def test_every_value_in_the_box_is_held(name: str, centers: list[int], half: int, seed: int) -> None:
    route, box, known = ROUTES[name], _box(centers, half), {FIXED: point(Fraction(1, 3))}
    around = enclosure(route, order([route]), box, known)
    random = Random(seed)
    for _ in range(4):
        inside = {}
        for at, one in box.items():
            low, high = one.bounds
            assert low is not None
            assert high is not None
            inside[at] = point(low + (high - low) * Fraction(random.randrange(101), 100))
        low, high = _value(route, {**inside, **known}).bounds
        assert low is not None
        assert high is not None
        assert around.lo is None or around.bounds[0] <= high
        assert around.hi is None or low <= around.bounds[1]


def test_it_is_tighter_than_plain_intervals_where_a_quantity_occurs_twice() -> None:
    route = ROUTES["sigmoid's slope"]
    box, known = _box([300 + 10 * n for n in range(10)], 1), {FIXED: point(0)}
    tight = enclosure(route, order([route]), box, known).bounds
    plain = _value(route, {**box, **known}).bounds
    assert (tight[1] - tight[0]) < (plain[1] - plain[0]) / 2


def test_a_box_of_points_is_the_value_itself() -> None:
    route, known = ROUTES["a quotient"], {FIXED: point(2)}
    box = _box([100] * 10, 0)
    assert enclosure(route, order([route]), box, known) == _value(route, {**box, **known})
