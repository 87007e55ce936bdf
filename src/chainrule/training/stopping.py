"""When training ends: conditions as people write them, on the rows of the history and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.training.history import Row
from chainrule.training.schedules import positive_whole

Condition: TypeAlias = Callable[[Row], object]
_TERM: Final = re.compile(r"\s*(\w+)\s*(<=?)\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """`quantity < limit`; the quantity is a column of the history, or `change` of the error since the row before."""

    quantity: str
    limit: float
    inclusive: bool
    text: str

    def holds(self, rows: Sequence[Row]) -> bool:
        """Whether it holds at the last of the rows."""
        if self.quantity == "change":
            if len(rows) < 2:
                return False
            value = abs(rows[-1]["error"] - rows[-2]["error"])
        else:
            value = rows[-1][self.quantity]
        return bool(value <= self.limit if self.inclusive else value < self.limit)


def parse_stop(text: str, *, error: str, validation: bool) -> tuple[Term, ...]:
    """The terms of a condition such as "E < 0.01" or "E < 0.01 or change < 1e-9"; any of them ends training.

    `error` is what the minimised quantity is called. Raises ProblemError, with what may stand there.

    >>> parse_stop("E < 0.01", error="E", validation=False)
    (Term(quantity='error', limit=0.01, inclusive=False, text='E < 0.01'),)
    """
    names = {error: "error", "error": "error", "loss": "error", "change": "change"}
    if validation:
        names["validation"] = "validation"
    terms = []
    for part in re.split(r"\s+or\s+", text.strip()):
        found = _TERM.fullmatch(part)
        value = _number(found[3]) if found else None
        if found is None or found[1] not in names or value is None:
            known = ", ".join(dict.fromkeys([error, *names]))
            hint = f"Write {error} < 0.01; known are {known}, joined by `or`."
            if "validation" in part and not validation:
                hint = "Hold a part of the examples back: validation=0.2."
            raise ProblemError(f"found stop = {text!r}, expected a quantity, < and a number.", hint=hint)
        terms.append(Term(names[found[1]], value, found[2] == "<=", " ".join(part.split())))
    return tuple(terms)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Stop:
    """All that may end training at the end of an epoch."""

    terms: tuple[Term, ...] = ()
    condition: Condition | None = None
    patience: int | None = None

    @property
    def wants_each_epoch(self) -> bool:
        """Whether the model must be as it is after an epoch when that is judged."""
        return self.condition is not None

    def reason(self, rows: Sequence[Row], since_best: int) -> str | None:
        """Why to stop after the last of the rows, so many after the best; None to go on."""
        for term in self.terms:
            if term.holds(rows):
                return term.text
        if self.condition is not None and self.condition(rows[-1]):
            return "condition"
        return "patience" if self.patience is not None and since_best >= self.patience else None


def as_stop(
    stop: str | Condition | None, *, change: float | None, patience: int | None, error: str, validation: bool
) -> Stop:
    """The conditions from the arguments of `train`. Raises ProblemError for what is none."""
    terms: tuple[Term, ...] = ()
    if isinstance(stop, str):
        terms = parse_stop(stop, error=error, validation=validation)
    elif stop is not None and not callable(stop):
        raise ProblemError(f"stop is {stop!r}, expected a text such as 'E < 0.01' or a function of a row.")
    if change is not None:
        terms += (Term("change", float(change), False, f"change < {change:g}"),)
    rounds = None if patience is None else positive_whole("patience", patience)
    return Stop(terms, stop if callable(stop) else None, rounds)
