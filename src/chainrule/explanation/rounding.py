"""Rounding as people do it by hand: to so many decimals, half away from zero, and never by accident of a binary float.

A value is a fraction, or a ball that holds it; whoever asks for a figure gets it only if the whole ball gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any, Final

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError

MOST_DECIMALS: Final = 50
LARGEST: Final = 10**400  # nobody writes out a longer figure by hand

_EXPECTED = "Write the number of decimals, and exceptions after commas: 3 or 3,x*=2."


@dataclass(frozen=True, slots=True)
class Rounding:
    """How many decimals a quantity is rounded to: the last pattern that fits its name decides."""

    decimals: int
    exceptions: tuple[tuple[str, int], ...] = ()
    truncate: bool = False

    def places(self, names: Sequence[str]) -> int:
        """The decimals of a quantity that goes by these names.

        >>> Rounding(3, (("x*", 2), ("W1[*]", 4))).places(["x1_1"]), Rounding(3, (("W1[*]", 4),)).places(["W1[2,1]"])
        (2, 4)
        """
        found = [places for pattern, places in self.exceptions if any(fits(pattern, name) for name in names)]
        return found[-1] if found else self.decimals

    def check(self, names: Iterable[Sequence[str]]) -> None:
        """Raises `ProblemError` for an exception that fits none of the quantities."""
        every = [name for group in names for name in group]
        for pattern, places in self.exceptions:
            if not any(fits(pattern, name) for name in every):
                some = ", ".join(dict.fromkeys(every[:4]))
                raise ProblemError(
                    f"nothing that is worked out here is called {pattern}, so {pattern}={places} changes nothing.",
                    hint=f"There are {some}, ..." if some else None,
                )

    def __str__(self) -> str:
        verb = "truncated" if self.truncate else "rounded"
        exceptions = "".join(f", {pattern} to {places}" for pattern, places in self.exceptions)
        plural = "" if self.decimals == 1 else "s"
        return f"{verb} to {self.decimals} decimal{plural}{exceptions}"


def parse_rounding(text: str, *, truncate: bool = False) -> Rounding:
    """The rounding that a text such as `3,x*=2` asks for.

    Raises `ProblemError` for anything else.

    >>> parse_rounding("3, x*=2, W1[2,1]=4")
    Rounding(decimals=3, exceptions=(('x*', 2), ('W1[2,1]', 4)), truncate=False)
    """
    first, *others = _split(text)
    exceptions: list[tuple[str, int]] = []
    for part in others:
        pattern, sign, places = part.rpartition("=")
        if not sign or not pattern.strip():
            raise ProblemError(f"found {part.strip()!r} in the decimals {text!r}.", hint=_EXPECTED)
        exceptions.append((pattern.strip(), _decimals(places, text)))
    return Rounding(_decimals(first, text), tuple(exceptions), truncate)


def fits(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern, in which only * and ? are not themselves.

    >>> fits("W1[2,*]", "W1[2,1]"), fits("x*", "W1_x")
    (True, False)
    """
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def rounded(value: Any, places: int, *, truncate: bool = False) -> int | None:
    """The value times 10^places as a whole number, rounded half away from zero; None where a ball is too wide to tell.

    >>> rounded(Fraction("0.0125"), 3), rounded(Fraction("-0.0125"), 3), rounded(Fraction("-0.98"), 1, truncate=True)
    (13, -13, -9)
    """
    if isinstance(value, Fraction):
        size = int(abs(value) * 10**places + (0 if truncate else Fraction(1, 2)))
        return size if value >= 0 else -size
    whole = _scaled(value, places, truncate).floor().unique_fmpz()
    if whole is None or (int(whole) and not (value > 0 or value < 0)):
        return None
    return int(whole) if value > 0 else -int(whole)


def nearest(value: Any, places: int, *, truncate: bool = False) -> int:
    """What `rounded` gives for the middle of a ball that reaches to both sides of a border: the larger one's."""
    middle = (_scaled(value, places, truncate).mid() + 0.5).floor().unique_fmpz()
    return int(middle) if value > 0 else -int(middle)


def is_writable(value: Any) -> bool:
    """Whether a value is a number of a size that can be written out."""
    if isinstance(value, Fraction):
        return abs(value) < LARGEST
    return bool(value.is_finite() and abs(value) < LARGEST)


def figure_text(scaled: int, places: int) -> str:
    """A figure with all of its decimals: a rounded one shows how far it was rounded.

    >>> figure_text(90, 2), figure_text(-232, 3), figure_text(0, 3), figure_text(7, 0)
    ('0.90', '-0.232', '0.000', '7')
    """
    digits = str(Decimal(abs(scaled))).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits
    return f"-{text}" if scaled < 0 else text


def _scaled(value: Any, places: int, truncate: bool) -> Any:
    return abs(value) * 10**places if truncate else abs(value) * 10**places + 0.5


def _split(text: str) -> list[str]:
    """The parts between commas; a comma in brackets is that of an index."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{(") - (character in ")}]")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _decimals(text: str, whole: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or int(text) > MOST_DECIMALS:
        raise ProblemError(f"found {text!r} in the decimals {whole!r}, expected 0 to {MOST_DECIMALS}.", hint=_EXPECTED)
    return int(text)
