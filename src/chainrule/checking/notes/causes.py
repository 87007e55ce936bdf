"""What probably happened where an equality is wrong: a point moved, digits exchanged, a number copied wrongly.

A number of the computation is suspected only if the number it should be stands elsewhere on the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import Final

from chainrule.checking.expected import written_like
from chainrule.checking.figures import Figure, region
from chainrule.checking.notes.values import value_of
from chainrule.checking.report import Cause
from chainrule.dataclasses import dataclass, field, replace
from chainrule.formula.syntax import Number, Tree, walk
from chainrule.numbers.interval import Interval, point

MOST_NUMBERS: Final = 40  # of one side that are tried
LONGEST: Final = 40  # characters of a number that is varied
_POWERS: Final = [10**places for places in range(1, 13)]  # of a point that moves


@dataclass(slots=True)
class Causes:
    """The likely slips on one page; `elsewhere` are the decimals printed on it. What is printed again is kept."""

    elsewhere: Collection[str]
    found: dict[tuple[str, Fraction, Tree | None], tuple[Cause, ...]] = field(default_factory=dict)

    def of(self, figure: Figure, exact: Fraction, before: Tree | None) -> tuple[Cause, ...]:
        """The likely slips behind a wrong figure, best first.

        `exact` is the value that should stand there, `before` what it was computed from.
        """
        key = figure.text, exact, before
        if key not in self.found:
            copied = _copied(figure, before, self.elsewhere) if before is not None else ()
            found = (*_slips(figure, exact), *_lost_point(figure, self.elsewhere), *copied)
            self.found[key] = found or (Cause("arithmetic", "the arithmetic"),)
        return self.found[key]


def _slips(figure: Figure, exact: Fraction) -> Iterator[Cause]:
    decimal = replace(figure, whole=False)
    stands_for = region(decimal)
    if figure.value and any(stands_for.holds(moved, moved) for moved in _with_other_points(exact)):
        yield Cause("decimal point", "the decimal point")
        return
    if figure.value and region(replace(figure, value=-figure.value)).holds(exact, exact):
        yield Cause("sign", "the sign")
        return
    printed, expected = figure.text, written_like(exact, decimal)
    for wanted in dict.fromkeys([expected, _cut(exact, figure)]):
        if len(wanted) == len(printed):
            wrong = [i for i in range(len(wanted)) if wanted[i] != printed[i]]
            if len(wrong) == 1 and len(wanted.strip("-0.")) > 1:
                yield Cause("digit copied wrong", f"the digit {printed[wrong[0]]} in place of {wanted[wrong[0]]}")
                return
            if len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(wanted) == sorted(printed):
                yield Cause("digits transposed", "two digits changed places")
                return


def _with_other_points(value: Fraction) -> Iterator[Fraction]:
    """The value with its point moved to the left and to the right."""
    for power in _POWERS:
        yield value / power
        yield value * power


def _lost_point(figure: Figure, elsewhere: Collection[str]) -> Iterator[Cause]:
    """A whole number with the digits of a decimal that is printed elsewhere: 593269992 of 0.593269992."""
    if figure.whole and abs(figure.value) >= 100:
        digits = str(abs(int(figure.value)))
        found = next((other for other in elsewhere if other.replace(".", "").lstrip("0") == digits), None)
        if found is not None:
            yield Cause("decimal point", f"the decimal point of {found}")


def _cut(exact: Fraction, figure: Figure) -> str:
    scaled = int(abs(exact) / figure.unit) * figure.unit
    return written_like(scaled if exact >= 0 else -scaled, figure)


def _copied(figure: Figure, before: Tree, elsewhere: Collection[str]) -> Iterator[Cause]:
    """Numbers of the computation that are a slip of the pen away from one printed elsewhere, which makes it right."""
    numbers = [node for node in walk(before) if isinstance(node, Number)][:MOST_NUMBERS]
    for number in numbers:
        for other in _slips_of_the_pen(number.text):
            if other not in elsewhere:
                continue
            meant = Fraction(other)

            def leaf(node: Number, number: Number = number, meant: Fraction = meant) -> Interval:
                return point(meant if node is number else node.value)

            value = value_of(before, leaf)
            if isinstance(value, Interval) and _fits(figure, value):
                yield Cause("digit copied wrong", f"{number.text} in place of {other}, with which it is right")
                return


def _fits(figure: Figure, value: Interval) -> bool:
    low, high = value.bounds
    return low is not None and high is not None and region(figure).holds(low, high)


def _slips_of_the_pen(text: str) -> Iterator[str]:
    """The numbers with one other digit, or with two neighbours exchanged."""
    if "." not in text or len(text) > LONGEST:
        return
    for i, old in enumerate(text):
        if old.isdecimal():
            yield from (text[:i] + new + text[i + 1 :] for new in "0123456789" if new != old)
            if text[i + 1 : i + 2].isdecimal() and text[i + 1] != old:
                yield text[:i] + text[i + 1] + old + text[i + 2 :]


def printed_decimals(trees: Iterable[Tree]) -> Collection[str]:
    """The decimals that are printed in these trees, in order."""
    found = dict.fromkeys(node.text for tree in trees for node in walk(tree) if isinstance(node, Number))
    return {text: None for text in found if "." in text and text.replace(".", "", 1).isdecimal()}
