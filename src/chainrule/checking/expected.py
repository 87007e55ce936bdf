"""What should stand there: the exact value of a quantity in twenty digits, and in the digits that were printed."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

from chainrule.checking.figures import Figure
from chainrule.checking.paper import PRECISIONS, Paper
from chainrule.node import Node
from chainrule.printing.figures import decimal_text

DIGITS: Final = 20
SHORT: Final = 8  # characters of an exact decimal that stands for a figure without decimals


def exact_text(paper: Paper, at: Node) -> str | None:
    """The value of a node in 20 significant digits; None where it has none."""
    value = value_at(paper, at)
    if value is None:
        return None
    with localcontext(prec=DIGITS):
        found = Decimal(value.numerator) / Decimal(value.denominator)
    return str(found)


def figure_like(paper: Paper, at: Node, figure: Figure) -> str | None:
    """The value of a node, rounded half away from zero to as many decimals as a figure has, and written like it."""
    value = value_at(paper, at)
    return None if value is None else written_like(value, figure)


def written_like(value: Fraction, figure: Figure) -> str:
    """A value rounded half away from zero to the last unit of a figure, in the same manner of writing.

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
    scaled = int(abs(value) / figure.unit + (0 if figure.truncated else Fraction(1, 2)))
    power = 0
    mantissa, _, tail = figure.text.partition("*10^")
    if tail:
        power = int(tail)
    else:
        mantissa, _, exponent = figure.text.lower().partition("e")
        power = int(exponent.replace("−", "-")) if exponent else 0
    percent = mantissa.rstrip().endswith("%")
    before, _, decimals = mantissa.strip("- %").partition(".")
    places = len(decimals)
    digits_ = str(scaled).rjust(places + 1, "0")
    text = f"{digits_[:-places]}.{digits_[-places:]}" if places else digits_
    text = text.removeprefix("0") if places and not before else text
    text += "%" if percent else ""
    text += f"*10^{power}" if tail else f"e{power}" if power else ""
    text += "..." if figure.truncated else ""
    return f"-{text}" if value < 0 and scaled else text


def value_at(paper: Paper, at: Node) -> Fraction | None:
    """The value of a node, to more digits than are ever shown; None where it depends on a symbol."""
    middle: Fraction | None = None
    for bits in PRECISIONS:
        value = paper.exact(at, bits)
        low, high = value.bounds if value is not None else (None, None)
        if low is None or high is None:
            return None
        middle = (low + high) / 2
        if high - low <= abs(low) * Fraction(1, 10**40):
            break
    return middle
