"""Figures lose no digits that count, show none that do not, and read back as the number they print."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from math import ulp

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule.printing.figures import bracketed, decimal_text, exact_figure, figure, json_number

ANY = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7513650695523157, "0.75136507"),
        (1.1059059670, "1.105905967"),
        (0.000438568, "0.000438568"),
        (3.510187783e-05, "3.510187783e-05"),
        (-3.510187783e-05, "-3.510187783e-05"),
        (9.99999999999e-05, "0.0001"),
        (10.0, "10"),
        (100.0, "100"),
        (-1.7, "-1.7"),
        (123456789.25, "123456789.25"),
        (1.5e20, "1.5e+20"),
        (1e16, "1e+16"),
        (999999999999999.0, "999999999999999"),
        (0.0, "0"),
        (-0.0, "0"),
        (1e-300, "1e-300"),
        (5e-324, "4.940656458e-324"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_nine_decimals(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.3775, 4, "0.3775"),
        (0.0378, 4, "0.0378"),
        (0.00043856772, 4, "0.0004386"),
        (0.04, 1, "0.04"),
        (0.3, 0, "0.3"),
        (2.5, 0, "2"),
        (-0.4, 0, "-0.4"),
        (1 / 3, 15, "0.333333333333333"),
        (3.5e-05, 12, "0.000035"),
        (99.99999, 2, "100"),
    ],
)
def test_other_numbers_of_digits(value: float, digits: int, text: str) -> None:
    assert figure(value, digits=digits) == text


@given(ANY, st.integers(0, 15))
@example(1000.4718223107193, 14)
def test_a_figure_reads_back_close_by_and_is_never_minus_zero(value: float, digits: int) -> None:
    text = figure(value, digits=digits)
    assert text != "-0"
    assert not text.endswith(".")
    error, size = abs(Fraction(text) - Fraction(value)), abs(Fraction(value))
    # No figure has more digits than tell the float from its neighbours: 1000.4718223107193 has 13 decimals, not 14.
    assert error <= Fraction(1, 2 * 10**digits) * (1 if size < 10**16 else size) + Fraction(ulp(value))
    assert (Fraction(text) == 0) == (value == 0)


@given(st.fractions())
def test_exact_figures_are_exact(value: Fraction) -> None:
    assert Fraction(exact_figure(value)) == value


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-40, 40))
def test_fifteen_digits_are_printed_as_a_decimal(mantissa: int, exponent: int) -> None:
    value = mantissa * Fraction(10) ** exponent
    text = decimal_text(value)
    assert text is not None
    assert "/" not in text
    assert Fraction(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.10", "0.1"),
        ("-1.7", "-1.7"),
        ("1/3", "1/3"),
        ("-22/7", "-22/7"),
        ("12", "12"),
        ("1e-20", "1e-20"),
        ("2.5e-9", "2.5e-09"),
        ("0.00000001", "0.00000001"),
        ("1e30", "1e+30"),
        ("123456789012345.6", "1234567890123456/10"),
        ("1/1267650600228229401496703205376", "1/1267650600228229401496703205376"),
    ],
)
def test_exact(value: str, text: str) -> None:
    if text.endswith("/10"):
        assert exact_figure(Fraction(value)) == "617283945061728/5"
    else:
        assert exact_figure(Fraction(value)) == text


def test_numbers_of_any_length_are_printed() -> None:
    assert len(exact_figure(Fraction(10**6000 + 1))) == 6001  # str() of such an integer is refused by Python
    assert exact_figure(Fraction(1, 3**9000)).startswith("1/")
    assert exact_figure(Fraction(1, 10**9000)).startswith("1/1000")


def test_negatives_are_bracketed() -> None:
    assert [bracketed(t) for t in ("-1", "1", "−1", "-1e-05", "1e-05", "x")] == [
        "(-1)", "1", "(−1)", "(-1e-05)", "1e-05", "x",
    ]  # fmt: skip


@given(st.floats())
def test_json_keeps_every_bit_or_says_null(value: float) -> None:
    text = json.dumps(json_number(value), allow_nan=False)
    assert text == "null" if not math.isfinite(value) else json.loads(text) == value
    assert text != "-0.0"
