"""What happened while a model learned: one plain row an epoch, why it ended, and what was noticed on the way."""

from __future__ import annotations

from _collections_abc import Sequence  # of `collections.abc`, without all of `collections`

TYPE_CHECKING = False  # what only types need is not loaded: a short program starts with this file
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeAlias

Row: TypeAlias = "Mapping[str, Any]"


class History(Sequence["Row"]):
    """The rows of all epochs - a list of dicts for whatever reads tables - and how it ended.

    Each row has `epoch` (from 1), `updates` so far, `error` (of the epoch: the sum or mean of what each update saw),
    `rate`, and `validation` where a part was held back. `stopped_by` says what ended it, `best` the epoch whose
    parameters were kept where these are not the last (0: those it began with), `warnings` what is wrong in plain words.
    """

    __slots__ = ("best", "rows", "seconds", "stopped_by", "updates", "warnings")

    def __init__(
        self,
        rows: tuple[Row, ...],
        stopped_by: str,
        updates: int,
        seconds: float,
        best: int | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.rows, self.stopped_by, self.updates = rows, stopped_by, updates
        self.seconds, self.best, self.warnings = seconds, best, warnings

    def __getitem__(self, at: Any) -> Any:
        return self.rows[at]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def epochs(self) -> int:
        """How many epochs were begun."""
        return len(self.rows)

    def column(self, name: str) -> list[Any]:
        """One entry of every row. Raises ProblemError if the rows have none of that name."""
        if self.rows and name not in self.rows[0]:
            from chainrule.errors import ProblemError

            raise ProblemError(f"the history has no {name!r}.", hint=f"It has {', '.join(self.rows[0])}.")
        return [row[name] for row in self.rows]

    @property
    def error(self) -> float:
        """The error of the last epoch; nan without one."""
        return float(self.rows[-1]["error"]) if self.rows else float("nan")

    def __repr__(self) -> str:
        ended = f"{self.epochs} epochs, {self.updates} updates, ended by {self.stopped_by}"
        return f"<History: {ended}, error {self.error:.6g}>"
