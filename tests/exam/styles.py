"""How a person rounds and writes figures; printed with `decimal` and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from random import Random

LONG = Context(prec=60)
ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)  # half up is half away from zero in `decimal`


@dataclass(frozen=True, slots=True)
class Style:
    """Digits and how they are got; `each_line` takes printed figures on, otherwise the calculator remembers."""

    digits: int
    significant: bool
    rounding: str
    each_line: bool
    power: str = "*10^"
    dots: bool = False
    short: bool = False
    times: str = "*"
    curly: bool = False
    arrow: bool = False

    def spelled(self, line: str) -> str:
        """A line as this person writes it: a·b for a*b, ∂E/∂w for dE/dw, w <- ... for w' = ..."""
        label, rest = line.split(" ", 1)
        if self.arrow and label.endswith("'"):
            line = f"{label[:-1]} <- {rest.split(' ', 1)[1]}"
        if self.curly:
            line = line.replace("dE/d", "∂E/∂")
        return line.replace("*", self.times)

    def figure(self, value: Decimal) -> str:
        """The value as printed: 0.3775, 4.38*10^-4, 0.593...; a whole number keeps a decimal unless it is exact."""
        if not value:
            return "0"
        places = self.places(value)
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=self.rounding, context=LONG)
        exact = rounded == value
        size = rounded.adjusted()
        if size < -2 and places > self.digits:
            return f"{rounded.scaleb(-size):f}{self.power}{size}"
        text = f"{rounded:f}"
        if "." in text and (exact or self.short):
            whole, decimals = text.split(".")
            decimals = decimals.rstrip("0")
            text = f"{whole}.{decimals}" if decimals else whole if exact else f"{whole}.0"
        return f"{text}..." if self.dots and self.rounding == ROUND_DOWN and not exact else text

    def places(self, value: Decimal) -> int:
        """Decimal places: `digits`, or as many as it takes to show `digits` figures."""
        size = value.adjusted()
        if self.significant or size < 1 - self.digits:
            return max(1, self.digits - 1 - size)
        return self.digits


def value_of_figure(text: str) -> Decimal:
    """The number that a printed figure is."""
    return Decimal(text.rstrip(".").replace("*10^", "e"))


def unit_of_figure(text: str) -> Decimal:
    """One unit in the last place of a printed figure."""
    return Decimal(1).scaleb(int(value_of_figure(text).as_tuple().exponent))


def draw_style(rng: Random) -> Style:
    return Style(
        digits=rng.randint(2, 9),
        significant=rng.random() < 0.4,
        rounding=rng.choice(ROUNDINGS),
        each_line=rng.random() < 0.5,
        power=rng.choice(["*10^", "*10^", "e"]),
        dots=rng.random() < 0.2,
        short=rng.random() < 0.4,
        times=rng.choice(["*"] * 7 + [" * ", "·", "×"]),
        curly=rng.random() < 0.15,
        arrow=rng.random() < 0.15,
    )
