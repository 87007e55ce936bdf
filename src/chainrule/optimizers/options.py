"""Options of optimizers: their names, what they are without being said, and what they may be.

Names that other libraries use for the same thing are read too, and a wrong one is answered with the right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, nearest


@dataclass(frozen=True, slots=True)
class Range:
    """An option: what it is unless said otherwise (None: it is off), and what it may be.

    `low` <= value < `high`; `above` refuses `low` itself, and without `high` there is no upper end.
    """

    default: Fraction | None
    low: Fraction = Fraction(0)
    high: Fraction | None = None
    above: bool = False

    def holds(self, value: Fraction) -> bool:
        """Whether a value is in the range."""
        enough = value > self.low if self.above else value >= self.low
        return enough and (self.high is None or value < self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"a number above {self.low}" if self.above else f"a number, {self.low} or more"
        if self.above:
            return f"a number between {self.low} and {self.high}"
        return f"a number from {self.low} up to, but not including, {self.high}"


def number(text: str) -> Range:
    """An option that is a number above 0."""
    return Range(Fraction(text), above=True)


def share(text: str) -> Range:
    """An option from 0 up to, but not including, 1."""
    return Range(Fraction(text), high=Fraction(1))


# Options of every rule; all are off unless they are given.
COMMON: Final[Mapping[str, Range]] = {
    "decay": Range(None),
    "clip": Range(None, above=True),
    "clip_norm": Range(None, above=True),
}
_OTHER_NAMES: Final = {
    "weight_decay": "decay", "l2": "decay", "eps": "epsilon", "beta_1": "beta1", "beta_2": "beta2", "alpha": "rho",
    "clip_value": "clip", "clipvalue": "clip", "clipnorm": "clip_norm", "max_norm": "clip_norm",
    "etaminus": "eta_minus", "etaplus": "eta_plus", "delta_max": "step_max",
    "delta_min": "step_min", "lr": "rate", "learning_rate": "rate", "eta": "rate",
}  # fmt: skip


def read_options(name: str, own: Mapping[str, Range], given: Mapping[str, object]) -> dict[str, Fraction]:
    """The options of the optimizer `name`, all of its own and those of all rules that are given.

    Raises ProblemError for an option that does not exist (with what was probably meant), one that is given twice, and
    a value out of range.
    """
    ranges = {**COMMON, **own}
    values: dict[str, object] = {}
    for written, value in given.items():
        option = written if written in ranges else _OTHER_NAMES.get(written, written)
        if option not in ranges:
            raise _no_option(name, written, option, own)
        if option in values:
            raise ProblemError(f"{written} is another name of {option}, which is given too.", hint="Keep one of them.")
        values[option] = value
        _check(written, value, ranges[option])
    chosen = {option: _exact(values.get(option, ranges[option].default)) for option in option_names(own)}
    return {option: value for option, value in chosen.items() if value is not None}


def option_names(own: Mapping[str, Range]) -> list[str]:
    """The options of a rule, those of all rules last."""
    return [*own, *(option for option in COMMON if option not in own)]


def _check(written: str, value: object, facts: Range) -> None:
    exact = _exact(value)
    if exact is None or not facts.holds(exact):
        raise ProblemError(f"{written} is {value!r}, expected {facts}.")


def _no_option(name: str, written: str, option: str, own: Mapping[str, Range]) -> ProblemError:
    names = option_names(own)
    near = nearest(option, [*names, "rate"], cutoff=0.5)
    hint = f"Did you mean {near!r}?" if near else f"Its options are {', '.join(names)}."
    return ProblemError(f"the optimizer {name} has no option {written!r}.", hint=hint)


def _exact(value: object) -> Fraction | None:
    """The number as a person wrote it: 0.9 is nine tenths, never a binary float."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction | Decimal):
        return None
    try:
        return value if isinstance(value, Fraction) else Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None
