"""What should stand there: the exact value of a quantity in twenty digits, and in the digits that were printed."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

from chainrule.checking.figures import Figure
from chainrule.checking.paper import PRECISIONS, Paper
from chainrule.checking.verdict import Judged
from chainrule.node import Node

DIGITS = 20


def exact_text(paper: Paper, at: Node) -> str | None:
    """The value of a node in 20 significant digits; None where it has none."""
    value = _middle(paper, at)
    if value is None:
        return None
    with localcontext(prec=DIGITS):
        found = Decimal(value.numerator) / Decimal(value.denominator)
    return str(found)


def expected_text(paper: Paper, one: Judged) -> str | None:
    """What should stand in the place of a link."""
    if one.figure is None:
        return None
    return figure_like(paper, one.line.node, one.figure)


def figure_like(paper: Paper, at: Node, figure: Figure) -> str | None:
    """The value of a node, rounded half away from zero to as many decimals as a figure has, and written like it."""
    value = _middle(paper, at)
    if value is None:
        return None
    if figure.whole and value.denominator != 1:  # a point was lost, or forgotten
        return f"{float(value):.{max(2, len(figure.text.strip('-').strip('0')))}g}"
    return written_like(value, figure)


def written_like(value: Fraction, figure: Figure) -> str:
    """A value rounded half away from zero to the last unit of a figure, in the same manner of writing.

    >>> written_like(Fraction("-0.98"), Figure("-9.8", Fraction("-9.8"), Fraction("0.1")))
    '-1.0'
    """
    scaled = int(abs(value) / figure.unit + Fraction(1, 2))
    power = 0
    mantissa, _, tail = figure.text.partition("*10^")
    if tail:
        power = int(tail)
    else:
        mantissa, _, exponent = figure.text.lower().partition("e")
        power = int(exponent.replace("−", "-")) if exponent else 0
    percent = mantissa.rstrip().endswith("%")
    places = len(mantissa.rstrip(" %").partition(".")[2])
    digits = str(scaled).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    text += "%" if percent else ""
    text += f"*10^{power}" if tail else f"e{power}" if power else ""
    return f"-{text}" if value < 0 and scaled else text


def _middle(paper: Paper, at: Node) -> Fraction | None:
    """The value of a node, to more digits than are ever shown."""
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
