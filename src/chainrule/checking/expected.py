"""What should stand there: the exact value of a quantity in twenty digits, and in the digits that were printed."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

from chainrule.checking.figures import Figure
from chainrule.checking.paper import PRECISIONS, Paper
from chainrule.node import Node
from chainrule.printing.figures import decimal_text

DIGITS: Final = 20
LARGEST: Final = 10**300  # what is larger is as good as infinite
MOST_MORE: Final = 9  # decimals that a figure gets more than the one it stands for
SHORT: Final = 8  # characters of an exact decimal that stands for a figure without decimals


def exact_text(paper: Paper, at: Node) -> str | None:
    """The value of a node in 20 significant digits; None where it has none."""
    value = value_at(paper, at)
    if value is None:
        return None
    with localcontext(prec=DIGITS):
        found = Decimal(value.numerator) / Decimal(value.denominator)
    return str(found)


def corrected_like(value: Fraction, figure: Figure) -> str:
    """A value as it should stand in the place of a figure, with no fewer decimals, and no fewer digits in all.

    >>> corrected_like(Fraction("-0.98"), Figure("-9.8", Fraction("-9.8"), Fraction("0.1")))
    '-0.98'
    """
    mantissa = figure.text.partition("*")[0].lower().partition("e")[0]
    digits = len(re.sub(r"[^0-9]", "", mantissa).lstrip("0"))
    return written_like(value, figure, more=0 if figure.whole else _more_decimals(value / figure.unit, digits))


def written_like(value: Fraction, figure: Figure, *, more: int = 0) -> str:
    """A value rounded half away from zero to the last unit of a figure, or `more` decimals, and written like it.

    Dots after a figure stay, and then it is cut off instead. A whole number gets the decimals it needs.

    >>> written_like(Fraction("-0.98"), Figure("-9.8", Fraction("-9.8"), Fraction("0.1")))
    '-1.0'
    >>> written_like(Fraction("0.5938"), Figure(".77", Fraction("0.77"), Fraction("0.01"), truncated=True))
    '.59...'
    """
    if figure.whole and value.denominator != 1:  # a point was lost, or forgotten
        exact = decimal_text(value)
        digits = max(2, len(figure.text.strip("-").strip("0")))
        return exact if exact is not None and len(exact) <= SHORT else f"{float(value):.{digits}g}"
    mantissa, times, power = figure.text.partition("*10^")
    if not times:
        mantissa, times, power = figure.text.lower().partition("e")
    mantissa = mantissa.strip("- ")
    before, _, decimals = mantissa.rstrip(" %").partition(".")
    scaled = int(abs(value) / figure.unit * 10**more + (0 if figure.truncated else Fraction(1, 2)))
    places = len(decimals) + more
    text = str(scaled).rjust(places + 1, "0")
    text = f"{text[:-places]}.{text[-places:]}" if places else text
    text = text.removeprefix("0") if places and not before else text
    text += "%" if mantissa.endswith("%") else ""
    text += times + power + ("..." if figure.truncated else "")
    return f"-{text}" if value < 0 and scaled else text


def _more_decimals(units: Fraction, digits: int) -> int:
    """How many decimals more a value of so many units needs, to have so many digits."""
    if not units:
        return 0
    missing = next((k for k in range(digits + MOST_MORE) if abs(units) * 10**k >= 10 ** (digits - 1)), 0)
    return missing if missing <= MOST_MORE else 0


def value_at(paper: Paper, at: Node) -> Fraction | None:
    """The value of a node, to more digits than are ever shown; None where it depends on a symbol."""
    middle: Fraction | None = None
    for bits in PRECISIONS:
        value = paper.exact(at, bits)
        if value is None:
            return None
        low, high = value.bounds
        if low is None or high is None:
            continue
        middle = (low + high) / 2
        if high - low <= abs(low) * Fraction(1, 10**40):
            break
    if middle is not None and abs(middle) > LARGEST:
        return None
    return middle
