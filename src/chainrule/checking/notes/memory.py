"""What a printed number may stand for: itself, or the value that was rounded to it and kept in a calculator.

Lax rules let slips pass, strict ones blame the honest: a number stands for more than itself only if the page shows that
it was computed, or if it has so many digits that nobody chose them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from chainrule.checking.figures import Figure, read_figure, region
from chainrule.formula.syntax import Number
from chainrule.numbers.interval import Interval, hull, interval, point

MANY_DIGITS: Final = 5  # significant ones: such a number was computed somewhere
FEWEST_DIGITS: Final = 4  # of a number that is a cut-off form of a longer one printed before


@dataclass(slots=True)
class Memory:
    """The figures printed so far, and what was behind them."""

    behind_figure: dict[Fraction, Interval] = field(default_factory=dict)
    stated: set[Fraction] = field(default_factory=set)
    in_order: list[Fraction] = field(default_factory=list)
    figures: dict[str, Figure | None] = field(default_factory=dict)  # of numbers, by their text

    def computed(self, figure: Figure, values: Sequence[Interval]) -> None:
        """A figure was the result of a computation with these values."""
        size = abs(figure.value)
        found = [value if figure.value >= 0 else _negative(value) for value in values]
        known = self.behind_figure.get(size)
        if known is None:
            insort(self.in_order, size)
        self.behind_figure[size] = hull(point(size), *found, *([known] if known is not None else []))

    def given(self, figure: Figure) -> None:
        """A figure was stated as the value of a name."""
        self.stated.add(abs(figure.value))

    def behind(self, figure: Figure) -> Interval:
        """What may be behind a figure where it is used."""
        size = self._behind(abs(figure.value), figure)
        return size if figure.value >= 0 else _negative(size)

    def behind_number(self, number: Number) -> Interval:
        """What may be behind a number of an expression."""
        if number.text not in self.figures:
            self.figures[number.text] = None if number.text.isdecimal() else read_figure(number)
        figure = self.figures[number.text]
        return point(number.value) if figure is None else self._behind(number.value, figure)

    def _behind(self, size: Fraction, figure: Figure) -> Interval:
        if figure.whole or not size:
            return point(size)
        known = self.behind_figure.get(size)
        if known is not None:
            return known
        digits = significant(figure)
        if digits >= FEWEST_DIGITS and (longer := self._longer(figure, size)) is not None:
            return hull(point(size), longer)
        if digits >= MANY_DIGITS and size not in self.stated:
            return self._region(figure, size)
        return self._region(figure, size) if digits > MANY_DIGITS else point(size)

    def _region(self, figure: Figure, size: Fraction) -> Interval:
        found = region(Figure(figure.text, size, figure.unit, figure.whole, figure.truncated))
        return interval(found.low, found.high)

    def _longer(self, figure: Figure, size: Fraction) -> Interval | None:
        """What is behind a figure printed before that rounds or is cut to this one."""
        found = region(Figure(figure.text, size, figure.unit))
        at = bisect_left(self.in_order, found.low)
        matches: list[Interval] = []
        while at < len(self.in_order) and self.in_order[at] < found.high and len(matches) < 8:
            matches.append(self.behind_figure[self.in_order[at]])
            at += 1
        return hull(matches[0], *matches[1:]) if matches else None


def significant(figure: Figure) -> int:
    """The number of significant digits of a figure.

    >>> significant(Figure("0.0450", Fraction("0.045"), Fraction("0.0001")))
    3
    """
    return len(str(abs(int(figure.value / figure.unit)))) if figure.value else 1


def _negative(value: Interval) -> Interval:
    return Interval(None if value.hi is None else -value.hi, None if value.lo is None else -value.lo)
