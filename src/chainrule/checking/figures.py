"""Printed figures: what a number on paper says about the value behind it.

A figure of three decimals is any value that rounds or is cut to it, so it is a small interval with exact ends, and
which ends belong to it follows from the ways people round.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.formula.syntax import Binary, Number, Tree, Unary, ungroup

FARTHEST: Final = 150  # power of ten that a number may reach, so that no product of two leaves the range of floats
_PLAIN = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"(?P<whole>[0-9]*)\.?(?P<decimals>[0-9]*)(?:[eE](?P<power>[+\-−]?[0-9]+))?(?P<percent> ?%)?")


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed number: its value, one unit of its last digit, and whether a sign of rounding stands with it."""

    text: str  # as written
    value: Fraction
    unit: Fraction  # 1/1000 for -0.138
    whole: bool = False  # a plain integer, which must be exact
    truncated: bool = False  # dots follow
    negative: bool = False  # -0.00 is cut from below zero


@dataclass(frozen=True, slots=True)
class Region:
    """The values a figure may stand for: from `low` to `high`, each end with or without itself."""

    low: Fraction
    high: Fraction
    with_low: bool
    with_high: bool

    def meets(self, low: Fraction, high: Fraction) -> bool:
        """Whether a value from `low` to `high`, both included, may be the one behind the figure."""
        above = high > self.low or (high == self.low and self.with_low)
        below = low < self.high or (low == self.high and self.with_high)
        return above and below

    def holds(self, low: Fraction, high: Fraction) -> bool:
        """Whether every value from `low` to `high` is one the figure stands for."""
        above = low > self.low or (low == self.low and self.with_low)
        below = high < self.high or (high == self.high and self.with_high)
        return above and below


def read_figure(tree: Tree, *, truncated: bool = False) -> Figure | None:
    """The figure that a parse tree is: `-0.138`, `57.7%`, `4.38*10^-4`; None for anything else.

    >>> from chainrule.formula import parse_expression
    >>> read_figure(parse_expression("-4.38*10^-4").tree).unit
    Fraction(1, 1000000)
    """
    tree, sign = ungroup(tree), 1
    while isinstance(tree, Unary):
        sign = -sign if tree.op == "-" else sign
        tree = ungroup(tree.operand)
    power = 0
    if isinstance(tree, Binary):
        found = _power_of_ten(ungroup(tree.right)) if tree.op == "*" else None
        if found is None:
            return None
        power, tree = found, ungroup(tree.left)
        while isinstance(tree, Unary):
            sign = -sign if tree.op == "-" else sign
            tree = ungroup(tree.operand)
    match = _DECIMAL.fullmatch(tree.text) if isinstance(tree, Number) else None
    if match is None or not isinstance(tree, Number):
        return None
    places = len(match["decimals"]) - int((match["power"] or "0").replace("−", "-")) + (2 if match["percent"] else 0)
    whole = power == 0 and _PLAIN.fullmatch(tree.text) is not None
    value, text = tree.value if sign > 0 else -tree.value, tree.text if sign > 0 else f"-{tree.text}"
    if power:
        value, text = value * _ten_to(power), f"{text}*10^{power}"
    return Figure(text, value, _ten_to(power - places), whole, truncated, sign < 0)


def minus(figure: Figure) -> Figure:
    """The figure with the other sign."""
    text = figure.text[1:] if figure.text.startswith("-") else f"-{figure.text}"
    return replace(figure, text=text, value=-figure.value, negative=not figure.negative)


@lru_cache(maxsize=256)
def _ten_to(power: int) -> Fraction:
    return Fraction(10) ** power


def _power_of_ten(tree: Tree) -> int | None:
    if not isinstance(tree, Binary) or tree.op != "^":
        return None
    base, exponent, sign = ungroup(tree.left), ungroup(tree.right), 1
    if isinstance(exponent, Unary):
        sign = -1 if exponent.op == "-" else 1
        exponent = ungroup(exponent.operand)
    if not isinstance(base, Number) or base.value != 10 or not isinstance(exponent, Number):
        return None
    size = exponent.value
    return sign * int(size) if size.denominator == 1 and size <= FARTHEST else None


def region(figure: Figure, *, exact: bool = True) -> Region:
    """The values that a figure may stand for.

    A value belongs to it if it is correctly rounded (half away from zero or half even) or truncated to the digits
    printed: for a positive figure p with last unit u that is p - u/2 <= x < p + u. A plain integer must be exact,
    unless `exact` is False, as after `≈`; dots after a figure mean that it is truncated.

    >>> region(Figure("0.138", Fraction("0.138"), Fraction("0.001"))).holds(Fraction("0.1375"), Fraction("0.1389"))
    True
    """
    value, unit = figure.value, figure.unit
    if figure.whole and exact and not figure.truncated:
        return Region(value, value, True, True)
    if not value:
        if not figure.truncated:
            return Region(-unit, unit, False, False)
        return Region(-unit, value, False, True) if figure.negative else Region(value, unit, True, False)
    before = Fraction(0) if figure.truncated else unit / 2
    if value > 0:
        return Region(value - before, value + unit, True, False)
    return Region(value - unit, value + before, False, True)
