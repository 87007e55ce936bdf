"""What a printed figure says: its unit, and exactly which values may stand behind it."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.checking.figures import Figure, Region, minus, read_figure, region
from chainrule.formula import parse_expression

ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def figure(text: str) -> Figure:
    truncated = text.endswith(("...", "…"))
    found = read_figure(parse_expression(text.rstrip(".…") if truncated else text).tree, truncated=truncated)
    assert found is not None
    return found


def holds(text: str, value: str, *, exact: bool = True) -> bool:
    at = Fraction(value)
    return region(figure(text), exact=exact).holds(at, at)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0.138", "0.138", "0.001"),
        ("-0.138", "-0.138", "0.001"),
        ("−0.138", "-0.138", "0.001"),
        ("--0.5", "0.5", "0.1"),
        ("-(-0.5)", "0.5", "0.1"),
        ("(0.5)", "0.5", "0.1"),
        ("[0.5]", "0.5", "0.1"),
        ("+0.5", "0.5", "0.1"),
        (".5", "0.5", "0.1"),
        ("5.", "5", "1"),
        ("12", "12", "1"),
        ("0.50", "0.5", "0.01"),
        ("4.4e-4", "0.00044", "0.00001"),
        ("4.4E+2", "440", "10"),
        ("4.38*10^-4", "0.000438", "0.000001"),
        ("-4.38*10^-4", "-0.000438", "0.000001"),
        ("-(4.38*10^-4)", "-0.000438", "0.000001"),
        ("4.38×10^(-4)", "0.000438", "0.000001"),
        ("4.38*10^(2)", "438", "1"),
        ("4*10^3", "4000", "1000"),
        ("57.7%", "0.577", "0.001"),
        ("58%", "0.58", "0.01"),
    ],
)
def test_a_figure_is_read(text: str, value: str, unit: str) -> None:
    found = figure(text)
    assert (found.value, found.unit) == (Fraction(value), Fraction(unit))


@pytest.mark.parametrize("text", ["x", "0.5*3", "2^3", "1/2", "3*10^x", "3*10^0.5", "3*11^2", "3*10^99999", "10^-4"])
def test_what_is_no_figure(text: str) -> None:
    assert read_figure(parse_expression(text).tree) is None


@pytest.mark.parametrize(
    ("text", "whole"), [("5", True), ("-5", True), ("5.", False), ("5.0", False), ("5%", False), ("5*10^2", False)]
)
def test_only_a_plain_integer_is_whole(text: str, whole: bool) -> None:
    assert figure(text).whole is whole


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("0.138", "0.1375", True),  # half away from zero
        ("0.138", "0.13749999999", False),
        ("0.138", "0.138999999999", True),  # cut off
        ("0.138", "0.139", False),
        ("0.138", "0.1385", True),  # half even, and cut off
        ("0.137", "0.1375", True),  # cut off
        ("-0.138", "-0.1375", True),
        ("-0.138", "-0.139", False),
        ("-0.138", "0.138", False),
        ("0.138...", "0.138", True),
        ("0.138...", "0.1379", False),  # rounded, but the dots say cut off
        ("0.138...", "0.1389", True),
        ("-0.138...", "-0.1389", True),
        ("-0.138...", "-0.1379", False),
        ("0.138…", "0.1389", True),
        ("0.00", "0.0049", True),
        ("0.00", "-0.0049", True),
        ("0.00", "0.00999", True),
        ("0.00", "0.01", False),
        ("-0.00", "0.003", True),
        ("0.00...", "-0.001", False),
        ("0.00...", "0.001", True),
        ("-0.00...", "-0.001", True),
        ("-0.00...", "0.001", False),
        ("57.7%", "0.5765", True),
        ("57.7%", "0.5779", True),
        ("57.7%", "0.578", False),
        ("4.4e-4", "0.000435", True),
        ("4.4e-4", "0.00045", False),
        ("4.38*10^-4", "0.0004389", True),
        ("4.38*10^-4", "0.0004374", False),
        ("0.999", "0.9996", True),
        ("1.000", "0.9996", True),
        ("1.000", "0.9994", False),
    ],
)
def test_which_values_a_figure_stands_for(text: str, value: str, expected: bool) -> None:
    assert holds(text, value) is expected


@pytest.mark.parametrize(
    ("value", "exact", "expected"),
    [("12", True, True), ("11.6", True, False), ("12.4", True, False), ("11.5", False, True), ("12.9", False, True)],
)
def test_a_plain_integer_must_be_exact_unless_a_sign_of_rounding_stands_before_it(
    value: str, exact: bool, expected: bool
) -> None:
    assert holds("12", value, exact=exact) is expected


def test_a_plain_zero_is_exact() -> None:
    assert holds("0", "0")
    assert not holds("0", "0.3")
    assert holds("0", "0.3", exact=False)
    assert holds("12...", "12.7")
    assert not holds("12...", "11.7")


@given(st.decimals(-50, 50, places=9), st.integers(1, 8), st.sampled_from(ROUNDINGS))
def test_a_rounded_number_is_in_the_region_of_its_figure(value: Decimal, places: int, rounding: str) -> None:
    printed = value.quantize(Decimal(1).scaleb(-places), rounding=rounding)
    at = Fraction(value)
    assert region(figure(f"{printed:f}")).holds(at, at)


@given(st.decimals(-50, 50, places=6), st.integers(1, 4))
def test_a_region_holds_no_other_values(value: Decimal, places: int) -> None:
    """Every value in a region prints as the figure in one of the three ways, by decimal's own rounding."""
    unit = Decimal(1).scaleb(-places)
    for step in (Decimal("-1.01"), Decimal(-1), Decimal("-0.51"), Decimal("-0.5"), Decimal(0), Decimal("0.99"), 1):
        printed = value.quantize(unit)
        near = printed + step * unit
        at = Fraction(near)
        prints = any(near.quantize(unit, rounding=way) == printed for way in ROUNDINGS)
        assert region(figure(f"{printed:f}")).holds(at, at) is prints


@given(st.decimals(-50, 50, places=6), st.integers(1, 4))
def test_a_figure_with_dots_is_cut_off(value: Decimal, places: int) -> None:
    printed = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)
    at = Fraction(value)
    due = region(figure(f"{printed:f}..."))
    assert due.holds(at, at) is (not value or printed.is_signed() == value.is_signed())


def test_an_enclosure_is_held_or_only_met() -> None:
    due = Region(Fraction(1), Fraction(2), True, False)
    cases: list[tuple[int | str, int | str, bool, bool]] = [
        (1, "3/2", True, True),
        (1, 2, True, False),
        ("1/2", 1, True, False),
        (0, "1/2", False, False),
        (2, 3, False, False),
        ("1/2", 3, True, False),
    ]
    for low, high, meets, holds_all in cases:
        assert due.meets(Fraction(low), Fraction(high)) is meets
        assert due.holds(Fraction(low), Fraction(high)) is holds_all


@given(st.decimals(-50, 50, places=4))
def test_minus_a_figure_stands_for_minus_its_values(value: Decimal) -> None:
    one, other = region(figure(f"{value:f}")), region(minus(figure(f"{value:f}")))
    mirrored = (-other.high, -other.low, other.with_high, other.with_low)
    assert (one.low, one.high, one.with_low, one.with_high) == mirrored
    assert minus(minus(figure(f"{value:f}"))).value == figure(f"{value:f}").value
