"""Every error a person can meet: what is wrong, where it stands, and what to do about it.

One line each, so that a terminal, an editor and a test can all read them: `file:line:column: what. hint`.
"""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text a person wrote; lines and columns count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file or "<input>"]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class ChainruleError(ValueError):
    """The base of all errors of this project; `str()` of it is one line for a person."""

    def __init__(self, what: str, *, place: Place | None = None, hint: str | None = None) -> None:
        self.what = what
        self.place = place
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place is not None else ""
        advice = f" {self.hint}" if self.hint else ""
        return " ".join(f"{where}{self.what}{advice}".split())

    def at(self, place: Place) -> ChainruleError:
        """The same error with a place, if it has none yet."""
        if self.place is None:
            self.place = place
        return self


class FormulaError(ChainruleError):
    """A formula or a quantity that cannot be read; `offset` counts characters into the text that was read."""

    def __init__(
        self,
        what: str,
        *,
        place: Place | None = None,
        hint: str | None = None,
        offset: int | None = None,
    ) -> None:
        self.offset = offset
        super().__init__(what, place=place, hint=hint)


class ProblemError(ChainruleError):
    """A problem file that cannot be understood."""


class ShapeError(ChainruleError):
    """Arrays whose shapes do not fit together, or a wrong number of arguments."""


class GraphError(ChainruleError):
    """A graph that breaks the grammar of `graph.py`: a mistake of the program, not of the person."""


class GradientError(ChainruleError):
    """A derivative that does not exist or was asked for in a way that has no meaning."""


class MissingPartError(ChainruleError):
    """An optional library that is not installed."""


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that is most like this one, to ask whether it was meant; None if none is like it.

    >>> nearest("sigmod", ["sigmoid", "tanh"]), nearest("relu", ["sigmoid", "tanh"])
    ('sigmoid', None)
    """
    from difflib import get_close_matches  # loaded by mistakes only

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)
