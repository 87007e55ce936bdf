"""What a printed number may stand for: itself, or the value that was rounded to it and kept in a calculator.

Lax rules let slips pass, strict ones blame the honest: a number stands for more than itself only if the page shows that
it was computed, or if it has so many digits that nobody chose them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from chainrule.checking.figures import Figure, Region, read_figure, region
from chainrule.checking.notes.values import as_printed, value_of
from chainrule.dataclasses import dataclass, field
from chainrule.formula.syntax import Number, Tree
from chainrule.numbers.interval import Interval, hull, interval, neg, point

MANY_DIGITS: Final = 5  # significant ones: such a number was computed somewhere
FEWEST_DIGITS: Final = 4  # of a number that is a cut-off form of a longer one printed before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Printed:
    """A figure, and what follows from its digits; the ends of regions are rationals, as those of intervals are."""

    figure: Figure
    region: Region
    about: Region  # after a sign such as ≈
    size: Fraction  # without its sign
    around: Region  # what a number of this size stands for, its ends fractions
    digits: int  # significant ones


def printed(figure: Figure) -> Printed:
    """What follows from the digits of a figure.

    >>> printed(Figure("0.0450", Fraction("0.045"), Fraction("0.0001"))).digits
    3
    """
    size = abs(figure.value)
    return Printed(
        figure=figure,
        region=_in_rationals(region(figure)),
        about=_in_rationals(region(figure, exact=False)),
        size=size,
        around=region(Figure(figure.text, size, figure.unit)),
        digits=len(str(int(size / figure.unit))) if size else 1,
    )


@dataclass(slots=True)
class Memory:
    """The figures printed so far, and what was behind them."""

    behind_figure: dict[Fraction, Interval] = field(default_factory=dict)
    stated: set[Fraction] = field(default_factory=set)
    in_order: list[Fraction] = field(default_factory=list)
    figures: dict[str, Printed | None] = field(default_factory=dict)  # of numbers, by their text
    values: dict[Tree, Any] = field(default_factory=dict)  # as printed

    def exact(self, tree: Tree) -> Any | None:
        """The value of a tree as printed: an interval or an array of them, None where there is none."""
        return value_of(tree, as_printed, self.values)

    def computed(self, figure: Printed, values: Sequence[Interval]) -> None:
        """A figure was the result of a computation with these values."""
        size = figure.size
        found = values if figure.figure.value >= 0 else [neg(value) for value in values]
        known = self.behind_figure.get(size)
        if known is None:
            insort(self.in_order, size)
        self.behind_figure[size] = hull(point(size), *found, *([known] if known is not None else []))

    def given(self, figure: Printed) -> None:
        """A figure was stated as the value of a name."""
        self.stated.add(figure.size)

    def behind(self, figure: Printed) -> Interval:
        """What may be behind a figure where it is used."""
        size = self._behind(figure)
        return size if figure.figure.value >= 0 else neg(size)

    def behind_number(self, number: Number) -> Interval:
        """What may be behind a number of an expression."""
        figure = self.figure(number)
        return point(number.value) if figure is None else self._behind(figure)

    def figure(self, number: Number) -> Printed | None:
        """The figure that a number of an expression is; None if it stands for itself only."""
        if number.text not in self.figures:
            found = None if number.text.isdecimal() else read_figure(number)
            self.figures[number.text] = printed(found) if found is not None else None
        return self.figures[number.text]

    def _behind(self, figure: Printed) -> Interval:
        size = figure.size
        if figure.figure.whole or not size:
            return point(size)
        known = self.behind_figure.get(size)
        if known is not None:
            return known
        if figure.digits >= FEWEST_DIGITS and (longer := self._longer(figure)) is not None:
            return hull(point(size), longer)
        is_chosen = figure.digits < MANY_DIGITS or (figure.digits == MANY_DIGITS and size in self.stated)
        return point(size) if is_chosen else interval(figure.around.low, figure.around.high)

    def _longer(self, figure: Printed) -> Interval | None:
        """What is behind a figure printed before that rounds or is cut to this one."""
        at = bisect_left(self.in_order, figure.around.low)
        matches: list[Interval] = []
        while at < len(self.in_order) and self.in_order[at] < figure.around.high and len(matches) < 8:
            matches.append(self.behind_figure[self.in_order[at]])
            at += 1
        return hull(matches[0], *matches[1:]) if matches else None


def _in_rationals(found: Region) -> Region:
    ends = interval(found.low, found.high)
    return Region(ends.lo, ends.hi, found.with_low, found.with_high)
