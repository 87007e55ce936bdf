"""Rounding agrees with Decimal's for every fraction, decides for balls only what is certain, and reads its options."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ProblemError
from chainrule.explanation.rounding import Rounding, figure_text, fits, nearest, parse_rounding, rounded
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.rational import rational_numbers

decimals = st.decimals(-(10**6), 10**6, places=8)
places = st.integers(0, 8)


@given(decimals, places, st.booleans())
def test_as_decimal_rounds(value: Decimal, digits: int, truncate: bool) -> None:
    how = ROUND_DOWN if truncate else ROUND_HALF_UP
    with localcontext(prec=60):
        due = value.quantize(Decimal(1).scaleb(-digits), rounding=how)
    found = rounded(Fraction(value), digits, truncate=truncate)
    assert found is not None
    assert Fraction(found, 10**digits) == Fraction(due)
    assert Decimal(figure_text(found, digits)) == due


@given(decimals, places, st.booleans())
def test_a_ball_gives_what_its_middle_gives_or_nothing(value: Decimal, digits: int, truncate: bool) -> None:
    numbers = exact_numbers(200).s
    with numbers.context():
        third = numbers.div(numbers.of(Fraction(value)), numbers.of(Fraction(3)))
        found = rounded(third, digits, truncate=truncate)
        settled = found if found is not None else nearest(third, digits, truncate=truncate)
    assert settled == rounded(Fraction(value) / 3, digits, truncate=truncate)


@given(decimals, st.integers(0, 6))
def test_a_ball_round_a_border_is_not_decided(value: Decimal, digits: int) -> None:
    numbers = exact_numbers(200).s
    border = Fraction(round(value * 10**digits) * 2 + 1, 2 * 10**digits)  # ends in a 5
    with numbers.context():
        wide = numbers.add(numbers.exp(numbers.log(numbers.of(abs(border)))), numbers.of(Fraction(0)))
        assert rounded(wide, digits) is None
        assert nearest(wide, digits) == rounded(abs(border), digits)


def test_patterns() -> None:
    assert fits("W1[2,1]", "W1[2,1]")
    assert fits("W?[*]", "W1[2,1]")
    assert not fits("[W]1", "W1")
    assert Rounding(3, (("x*", 2), ("x2*", 4))).places(["x2_1"]) == 4
    assert Rounding(3, (("dE/dw1", 5),)).places(["delta", "dE/dw1"]) == 5


def test_reading() -> None:
    assert parse_rounding("3") == Rounding(3)
    assert parse_rounding(" 4 , E = 6", truncate=True) == Rounding(4, (("E", 6),), True)
    assert parse_rounding("3,W1[2,1]=4,E=1").exceptions == (("W1[2,1]", 4), ("E", 1))
    assert str(parse_rounding("1")) == "rounded to 1 decimal"


@pytest.mark.parametrize(
    "bad", ["", "x*=2", "3,", "3,=2", "3,x*", "3,x=", "3,x=-1", "51", "3.5", "³", "1e2", "9" * 5000]
)
def test_refused(bad: str) -> None:
    with pytest.raises(ProblemError, match="decimals") as found:
        parse_rounding(bad)
    assert "\n" not in str(found.value)


fractions = st.fractions(-50, 50, max_denominator=1000)


@given(fractions, fractions)
def test_fractions_stay_fractions_and_agree_with_balls(x: Fraction, y: Fraction) -> None:
    exact, rational = exact_numbers(300).s, rational_numbers(300).s
    with exact.context():
        for name in ("add", "sub", "mul", "max", "min"):
            found = getattr(rational, name)(x, y)
            assert isinstance(found, Fraction)
            assert exact.of(found).overlaps(getattr(exact, name)(exact.of(x), exact.of(y)))
        if y:
            assert rational.div(x, y) == x / y
        for name in ("exp", "tanh", "sigmoid", "sin", "cos", "expm1", "erf", "abs", "neg"):
            found = getattr(rational, name)(x)
            ball = exact.of(found) if isinstance(found, Fraction) else found
            assert ball.overlaps(getattr(exact, name)(exact.of(x)))
        for name in ("less", "less_equal", "equal"):
            due = {"less": x < y, "less_equal": x <= y, "equal": x == y}
            assert getattr(rational, name)(x, y) is due[name]


def test_fractions_that_grow_without_end_become_balls() -> None:
    rational = rational_numbers(200).s
    with rational.context():
        value = Fraction(10, 7)
        for _ in range(14):
            value = rational.mul(value, value)
        assert not isinstance(value, Fraction)
        assert rational.power(Fraction(2), Fraction(10**9)) > 1
        assert rational.power(Fraction(3, 2), Fraction(-2)) == Fraction(4, 9)
        assert rational.sqrt(Fraction(9, 4)) == Fraction(3, 2)
        assert not isinstance(rational.sqrt(Fraction(2)), Fraction)
        assert not rational.div(Fraction(1), Fraction(0)).is_finite()
        assert not rational.sqrt(Fraction(-1)).is_finite()
        assert not rational.power(Fraction(0), Fraction(-1)).is_finite()
