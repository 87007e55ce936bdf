"""Slips of the pen: the right digits with the point moved, two of them exchanged, or one of them another.

They are looked for in the figure as it is printed, so the writer must have had the right value before the eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import log
from typing import Final, NamedTuple

from chainrule.checking.expected import written_like
from chainrule.checking.figures import Figure, Region, region
from chainrule.checking.paper import Paper, meets
from chainrule.dataclasses import replace
from chainrule.node import Node, label_of
from chainrule.numbers.interval import Interval

LONGEST: Final = 10  # decimals of a given number that is copied
LAST_RESORT: Final = 2.0  # that the only digit is another one
FARTHEST: Final = 12  # places that a point moves


class Misprint(NamedTuple):
    """A slip of the pen: `figure` is what was meant; `among` is how many slips like this can be made."""

    slip: str
    text: str
    cost: float
    among: int
    figure: Figure


def misprints(
    figure: Figure, values: Sequence[Interval], due: Callable[[Figure], Region] = region, *, shortest: int = 2
) -> Iterator[Misprint]:
    """The slips of the pen that turn one of the values into the figure.

    With fewer digits than `shortest` any other figure has one digit wrong, and that explains nothing.
    """

    def is_meant(other: Figure) -> bool:
        around = due(other)
        return any(meets(around, value) for value in values)

    minus = _changed(figure, -figure.value)
    if figure.value and is_meant(minus):
        yield Misprint("sign", f"the sign is wrong: {minus.text}", 0.0, 1, minus)
    yield from _moved(figure, is_meant)
    yield from _transposed(figure, is_meant)
    if significant(_digits(figure)) >= shortest:
        yield from _copied_wrong(figure, is_meant, values[0] if values else None)


def _moved(figure: Figure, is_meant: Callable[[Figure], bool]) -> Iterator[Misprint]:
    if not figure.value:
        return
    for power in sorted(range(-FARTHEST, FARTHEST + 1), key=abs):
        scale = Fraction(10) ** power
        moved = Figure(figure.text, figure.value * scale, figure.unit * scale, False, figure.truncated, figure.negative)
        if power and is_meant(moved):
            shown = _plain(moved)
            is_lost = figure.whole and power < 0
            text = f"the decimal point is lost: {shown}" if is_lost else f"the decimal point has moved: {shown}"
            yield Misprint("decimal point", text, 0.0 if is_lost else 0.3 * (abs(power) - 1), 2, moved)
            return


def _transposed(figure: Figure, is_meant: Callable[[Figure], bool]) -> Iterator[Misprint]:
    digits = _digits(figure)
    pairs = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]
    for i in pairs:
        swapped = digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :]
        if swapped.strip("0") == digits.strip("0"):
            continue  # that is the point moved
        meant = _with_digits(figure, swapped)
        if is_meant(meant):
            text = f"two digits have changed places: {meant.text}"
            yield Misprint("digits transposed", text, 0.0, len(pairs), meant)


def _copied_wrong(figure: Figure, is_meant: Callable[[Figure], bool], best: Interval | None) -> Iterator[Misprint]:
    digits = _digits(figure)
    among, far = 9 * significant(digits), 0.0 if significant(digits) > 1 else LAST_RESORT
    for i, old in enumerate(digits):
        for new in "0123456789":
            meant = _with_digits(figure, digits[:i] + new + digits[i + 1 :])
            if new != old and meant.value and is_meant(meant):
                text = f"a digit is wrong: {old} where {new} belongs, {meant.text}"
                yield Misprint("digit copied wrong", text, far + (0.0 if _is_near(meant, best) else 0.2), among, meant)
    if significant(digits) < 3:
        return
    for i in range(len(digits)):
        for new in "0123456789":
            meant = _with_digit_more(figure, digits, i, new)
            if meant.value != figure.value and is_meant(meant):
                text = f"a digit is missing: {new} in {meant.text}"
                yield Misprint("digit copied wrong", text, 1.5, among, meant)
                return


def _is_near(meant: Figure, best: Interval | None) -> bool:
    """Whether a figure is rounded to the nearest, rather than cut off."""
    low = best.bounds[0] if best is not None else None
    return low is not None and abs(low - meant.value) <= meant.unit / 2


def _with_digit_more(figure: Figure, digits: str, i: int, new: str) -> Figure:
    """The figure with one digit put in before the digit at a place."""
    unit = figure.unit / 10 if len(digits) - i <= _places(figure) else figure.unit
    value = int(digits[:i] + new + digits[i:]) * unit * (-1 if figure.value < 0 else 1)
    longer = Figure(figure.text, value, unit, figure.whole, figure.truncated, value < 0)
    return replace(longer, text=_plain(longer))


def slips_of_the_pen(figure: Figure) -> Iterator[tuple[str, Fraction]]:
    """What a figure may become when it is put in: the point moved, or two digits exchanged."""
    yield "decimal point", figure.value * 10
    yield "decimal point", figure.value / 10
    digits = _digits(figure)
    for i in range(len(digits) - 1):
        swapped = digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :]
        if swapped.strip("0") != digits.strip("0"):
            yield "digits transposed", _with_digits(figure, swapped).value


def figure_at(paper: Paper, at: Node) -> Figure | None:
    """The figure that stands for a quantity: as printed, or as given in a few decimals."""
    printed = paper.printed.get(label_of(at), ())
    if printed:
        return printed[-1].figure
    exact = paper.exact(at)
    low, high = exact.bounds if exact is not None else (None, None)
    if low is None or low != high:
        return None
    for places in range(LONGEST):
        if (low * 10**places).denominator == 1:
            figure = Figure("", low, Fraction(1, 10**places), False, False, low < 0)
            return replace(figure, text=_plain(figure))
    return None


def significant(digits: str) -> int:
    """How many digits count."""
    return len(digits.lstrip("0"))


def distinct(figure: Figure, values: Sequence[Interval]) -> float:
    """The logarithm of how many figures of this length there are: how unlikely it is that one fits by accident."""
    sizes = [abs(value.bounds[0] or Fraction(0)) for value in values if value.bounds[0] is not None]
    size = max([abs(figure.value), *sizes[:1]])
    return log(float(min(size / figure.unit, Fraction(10**30))) + 1)


def _digits(figure: Figure) -> str:
    """All digits of a figure: 0105905967 for 0.105905967."""
    places = max(0, _places(figure))
    whole = abs(figure.value) / figure.unit
    return str(int(whole)).rjust(places + 1, "0")


def _places(figure: Figure) -> int:
    return len(str(figure.unit.denominator)) - 1


def _with_digits(figure: Figure, digits: str) -> Figure:
    return _changed(figure, int(digits) * figure.unit * (-1 if figure.value < 0 else 1))


def _changed(figure: Figure, value: Fraction) -> Figure:
    return Figure(written_like(value, figure), value, figure.unit, figure.whole, figure.truncated, value < 0)


def _plain(figure: Figure) -> str:
    """The figure in plain decimals."""
    places = max(0, _places(figure)) if figure.unit < 1 else 0
    scaled = abs(figure.value) * 10**places
    digits = str(int(scaled)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if figure.value < 0 else text
