"""Numbers as people read them: nine decimals without idle zeros, and significant digits where those would vanish.

Every view takes its figures from here, so that one value is printed alike in a step, a table and an update.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import isfinite, isnan

DIGITS = 9
LONGEST_DECIMAL = 15  # digits of an exact decimal; what needs more is printed as p/q
_LARGE = 16  # from 10^16 on a float has no decimals left, and is printed with an exponent
_MOST = 17  # significant digits of a float
_SMALL = -5  # from 10^-5 down leading zeros are hard to count


def figure(value: float, *, digits: int = DIGITS) -> str:
    """A number for people: `digits` decimals, or significant digits where too few of these would be left.

    >>> [figure(x) for x in (0.7513650695523157, 1.105905967, 10.0, 0.000438568, 123456789.25)]
    ['0.75136507', '1.105905967', '10', '0.000438568', '123456789.25']
    >>> figure(3.510187783e-05), figure(1.5e20), figure(-0.0), figure(0.00043856772, digits=4)
    ('3.510187783e-05', '1.5e+20', '0', '0.0004386')
    """
    value = float(value)
    if not isfinite(value):
        return "nan" if isnan(value) else "inf" if value > 0 else "-inf"
    if not value:
        return "0"
    scientific = f"{value:.{digits}e}"
    exponent = int(scientific.rpartition("e")[2])
    if abs(value) >= 10**_LARGE:
        return _without_idle_zeros(scientific)
    if digits + exponent + 1 >= _enough(digits):
        # A float has no more than 17 digits; what stands behind them is not the value's.
        return _without_idle_zeros(f"{value:.{max(0, min(digits, _MOST - 1 - exponent))}f}")
    if exponent <= _SMALL:
        return _without_idle_zeros(scientific)
    return _without_idle_zeros(f"{value:.{max(digits, 1) - 1 - exponent}f}")


def exact_figure(value: Fraction) -> str:
    """The exact value: a decimal where it ends within 15 digits, else a fraction.

    >>> exact_figure(Fraction(3, 20)), exact_figure(Fraction(-1, 3)), exact_figure(Fraction(1, 10**20))
    ('0.15', '-1/3', '1e-20')
    """
    return decimal_text(value) or f"{_integer_text(value.numerator)}/{_integer_text(value.denominator)}"


def given_figure(value: Fraction, *, digits: int = DIGITS) -> str:
    """A number that was given: as it was typed, if that is a short decimal; a drawn one to `digits` decimals.

    >>> given_figure(Fraction("0.123456789012")), given_figure(Fraction(0.1) + Fraction(1, 2**60))
    ('0.123456789012', '0.1')
    """
    return decimal_text(value) or figure(float(value), digits=digits)


def decimal_text(value: Fraction) -> str | None:
    """The exact decimal of at most 15 digits, or None if there is none.

    >>> decimal_text(Fraction(1, 100)), decimal_text(Fraction(1, 3))
    ('0.01', None)
    """
    places = _decimal_places(value.denominator)
    if places is None:
        return None
    scaled = value.numerator * (10**places // value.denominator)
    if not places and abs(scaled) < 10**_LARGE:
        return str(scaled)
    digits = Decimal(scaled).as_tuple().digits
    kept = len(digits)
    while kept > 1 and not digits[kept - 1]:
        kept -= 1
    exponent = len(digits) - 1 - places
    if kept > LONGEST_DECIMAL:
        return None if places else _integer_text(scaled)
    sign, text = "-" if scaled < 0 else "", "".join(map(str, digits[:kept]))
    if exponent >= _LARGE or exponent <= _SMALL - 4:
        return f"{sign}{text[0]}{'.' + text[1:] if kept > 1 else ''}e{exponent:+03d}"
    padded = "".join(map(str, digits)).rjust(places + 1, "0")
    whole, decimals = padded[: len(padded) - places], padded[len(padded) - places :].rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def bracketed(text: str) -> str:
    """A number as it stands inside a formula: a negative one in brackets.

    >>> bracketed("-0.5"), bracketed("0.5"), bracketed("-3.5e-05")
    ('(-0.5)', '0.5', '(-3.5e-05)')
    """
    return f"({text})" if text.startswith(("-", "−", "+")) else text


def json_number(value: float) -> float | None:
    """The number for JSON, which has no nan and no infinity: these become null.

    >>> json_number(0.1), json_number(float("nan")), json_number(-0.0)
    (0.1, None, 0.0)
    """
    return float(value) + 0.0 if isfinite(value) else None  # + 0.0: no "-0.0" in the document


def _enough(digits: int) -> int:
    """How many significant digits decimals must leave: 6 of 9, and fewer where fewer decimals are asked for."""
    return max(1, min(6, 2 * digits // 3))


def _without_idle_zeros(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}{e}{exponent}"


def _decimal_places(denominator: int) -> int | None:
    """How many decimals 1/denominator has; None if they never end, or are far too many to print."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0 and fives <= 400:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 and twos <= 400 else None


def _integer_text(value: int) -> str:
    return str(Decimal(value))  # str(int) refuses more than 4,300 digits
