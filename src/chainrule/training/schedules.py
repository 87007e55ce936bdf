"""Learning-rate schedules: the rate of an epoch as a function of what came before, and of nothing else.

They are plain functions of the epoch's number, the rate before and the errors so far, so that a run can be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import cos, isfinite, pi
from typing import TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError


@dataclass(frozen=True, slots=True)
class Moment:
    """Where training stands before an epoch: its number from 1, the rate before, for how many epochs, the errors."""

    epoch: int
    rate: float
    since: int
    errors: Sequence[float]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rate of each epoch: `first`, and then what `following` says.

    `looks_back` is set where the rate depends on the errors, so that epochs cannot be run ahead.
    """

    name: str
    first: float
    following: Callable[[Moment], float]
    looks_back: bool = False

    def __repr__(self) -> str:
        return f"<{self.name} rate, from {self.first:g}>"


Rate: TypeAlias = "float | Schedule"


def as_schedule(rate: object) -> Schedule:
    """A schedule from a number or a schedule. Raises ProblemError for anything else, and for a rate below 0."""
    if isinstance(rate, Schedule):
        return rate
    return constant_rate(_number("rate", rate))


def constant_rate(rate: float) -> Schedule:
    """The same rate in every epoch.

    >>> rates(constant_rate(0.5), 3)
    [0.5, 0.5, 0.5]
    """
    value = _number("rate", rate)
    return Schedule("constant", value, lambda now: value)


def step_rate(rate: float, *, every: int, factor: float = 0.1) -> Schedule:
    """The rate times `factor` after every so many epochs.

    >>> rates(step_rate(1.0, every=2, factor=0.5), 5)
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    value, times, count = _number("rate", rate), _number("factor", factor), positive_whole("every", every)
    return Schedule("step", value, lambda now: value * times ** ((now.epoch - 1) // count))


def exponential_rate(rate: float, *, factor: float = 0.95) -> Schedule:
    """The rate times `factor` after each epoch.

    >>> rates(exponential_rate(1.0, factor=0.5), 4)
    [1.0, 0.5, 0.25, 0.125]
    """
    value, times = _number("rate", rate), _number("factor", factor)
    return Schedule("exponential", value, lambda now: value * times ** (now.epoch - 1))


def cosine_rate(rate: float, *, epochs: int, lowest: float = 0.0) -> Schedule:
    """Half a wave from the rate in epoch 1 down to `lowest` in epoch `epochs`, and `lowest` from there on.

    lowest + (rate - lowest)*(1 + cos(pi*(epoch - 1)/(epochs - 1)))/2 (Loshchilov and Hutter 2017, SGDR).

    >>> [round(rate, 3) for rate in rates(cosine_rate(1.0, epochs=3), 4)]
    [1.0, 0.5, 0.0, 0.0]
    """
    value, low, count = _number("rate", rate), _number("lowest", lowest), positive_whole("epochs", epochs)

    def following(now: Moment) -> float:
        share = min(1.0, (now.epoch - 1) / max(1, count - 1))
        return low + (value - low) * (1.0 + cos(pi * share)) / 2.0

    return Schedule("cosine", value, following)


def inverse_rate(rate: float, *, power: float = 0.5) -> Schedule:
    """The rate divided by epoch^power: inverse scaling, with power 1 that of Robbins and Monro (1951).

    >>> rates(inverse_rate(1.0, power=1), 4)
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """
    value, exponent = _number("rate", rate), _number("power", power)
    return Schedule("inverse scaling", value, lambda now: value / now.epoch**exponent)


def warm_up(rate: Rate, *, epochs: int) -> Schedule:
    """A rate or schedule that is reached in equal steps: epoch k of the first `epochs` has k/epochs of its rate.

    >>> rates(warm_up(1.0, epochs=4), 6)
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    inner, count = as_schedule(rate), positive_whole("epochs", epochs)

    def following(now: Moment) -> float:
        if now.epoch <= count:
            return inner.first * now.epoch / count
        since = min(now.since, now.epoch - count - 1)
        return inner.following(Moment(now.epoch - count, now.rate, since, now.errors[count:]))

    return Schedule(f"warm-up of the {inner.name}", inner.first / count, following, inner.looks_back)


def adaptive_rate(rate: float, *, factor: float = 0.2, patience: int = 2, least: float = 1e-4) -> Schedule:
    """The rate times `factor` whenever the error has not gone down by `least` for `patience` epochs.

    With the defaults it is scikit-learn's "adaptive".

    >>> rates(adaptive_rate(1.0, factor=0.5), 6, errors=[3, 2, 2, 2, 2, 2])
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    """
    value, times, count = _number("rate", rate), _number("factor", factor), positive_whole("patience", patience)

    def following(now: Moment) -> float:
        if now.since < count or len(now.errors) <= count:
            return now.rate
        return now.rate if min(now.errors[-count:]) <= min(now.errors[:-count]) - least else now.rate * times

    return Schedule("adaptive", value, following, looks_back=True)


def rates(schedule: Schedule, epochs: int, *, errors: Sequence[float] = ()) -> list[float]:
    """The rates of the first epochs, as they would be if the epochs had these errors."""
    found: list[float] = []
    for epoch in range(1, epochs + 1):
        found.append(rate_of_epoch(schedule, epoch, found, errors[: epoch - 1]))
    return found


def rate_of_epoch(schedule: Schedule, epoch: int, before: Sequence[float], errors: Sequence[float]) -> float:
    """The rate of an epoch; one that looks back needs the rates and errors of all epochs before."""
    if schedule.name == "constant":  # a Moment takes longer than a short epoch
        return schedule.first
    if not schedule.looks_back:
        return schedule.following(Moment(epoch, schedule.first, 0, ()))
    rate = before[-1] if before else schedule.first
    since = 0
    while since < len(before) and before[-1 - since] == rate:
        since += 1
    return schedule.following(Moment(epoch, rate, since, errors))


def rates_of_epochs(
    schedule: Schedule, first: int, count: int, before: Sequence[float], errors: Sequence[float]
) -> list[float]:
    """The rates of some epochs from number `first` on; of one, where the rate looks back."""
    if schedule.name == "constant":
        return [schedule.first] * count
    return [rate_of_epoch(schedule, epoch, before, errors) for epoch in range(first, first + count)]


def read_schedule(text: object, rate: float) -> Schedule:
    """A schedule as a file writes it: "cosine(100)", "step(30, 0.5)", "warm-up(5) cosine(100)".

    Raises ProblemError for another name or number of numbers.

    >>> read_schedule("warm-up(5) exponential(0.9)", 0.5)
    <warm-up of the exponential rate, from 0.1>
    """
    parts = re.findall(r"([a-z-]+)\s*(?:\(([^()]*)\))?", text.casefold()) if isinstance(text, str) else []
    found: Schedule | None = None
    for name, inside in reversed(parts):
        numbers = [_written(word) for word in inside.split(",")] if inside.strip() else []
        make = _WRITTEN.get(name)
        known = make is not None and None not in numbers
        found = make(found or constant_rate(rate), rate, *numbers) if make and known else None
        if found is None:
            break
    if found is None:
        hint = "Write constant, step(30, 0.1), exponential(0.95), cosine(100), inverse(0.5), adaptive, or warm-up(5)."
        raise ProblemError(f"schedule is {text!r}, which cannot be read.", hint=hint)
    return found


def _written(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


_WRITTEN: dict[str, Callable[..., Schedule | None]] = {
    "constant": lambda inner, rate, *n: None if n else constant_rate(rate),
    "step": lambda inner, rate, *n: step_rate(rate, every=int(n[0]), factor=(*n, 0.1)[1]) if 0 < len(n) < 3 else None,
    "exponential": lambda inner, rate, *n: exponential_rate(rate, factor=(*n, 0.95)[0]) if len(n) < 2 else None,
    "cosine": lambda inner, rate, *n: cosine_rate(rate, epochs=int(n[0])) if len(n) == 1 else None,
    "inverse": lambda inner, rate, *n: inverse_rate(rate, power=(*n, 0.5)[0]) if len(n) < 2 else None,
    "adaptive": lambda inner, rate, *n: adaptive_rate(rate, factor=(*n, 0.2)[0]) if len(n) < 2 else None,
    "warm-up": lambda inner, rate, *n: warm_up(inner, epochs=int(n[0])) if len(n) == 1 else None,
}


def _number(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise ProblemError(f"{what} is {value!r}, expected a finite number, 0 or more.")
    return float(value)


def positive_whole(what: str, value: object) -> int:
    """A number of things that must be a whole number above 0. Raises ProblemError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ProblemError(f"{what} is {value!r}, expected a whole number above 0.")
    return value
