"""The report on a working: every link with its verdict, what should stand there, and the likely slips."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.checking.claims import Unread
from chainrule.problem import Problem

Verdict = Literal["right", "rounded", "carried", "wrong"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A slip that would explain a wrong link: its kind, and what a teacher would say."""

    slip: str
    text: str


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The verdict on one link; `exact` is the value of the quantity, `expected` what should stand there."""

    line: int
    column: int
    quantity: str
    text: str
    kind: Literal["formula", "substitution", "figure"]
    verdict: Verdict
    exact: str | None = None
    expected: str | None = None
    causes: tuple[Cause, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The verdicts on a working; printing it shows them line by line.

    `lines` are the lines of the working as written, with their numbers in the file.
    """

    problem: Problem
    lines: tuple[tuple[int, str], ...]
    links: tuple[LinkReport, ...]
    unread: tuple[Unread, ...] = ()
    sources: tuple[tuple[int, str], ...] = ()  # where a line was printed, by its number

    @property
    def counts(self) -> dict[str, int]:
        """How many links have each verdict."""
        found = Counter(link.verdict for link in self.links)
        return {verdict: found[verdict] for verdict in ("right", "rounded", "carried", "wrong")}

    @property
    def first_wrong(self) -> LinkReport | None:
        """The first link at which a slip was made."""
        return next((link for link in self.links if link.verdict == "wrong"), None)

    @property
    def exit_status(self) -> int:
        """2 if something could not be read, 1 if something is wrong or carried, else 0."""
        counts = self.counts
        return 2 if self.unread else 1 if counts["wrong"] or counts["carried"] else 0

    def as_json(self) -> dict[str, Any]:
        """The report as `chainrule check --format json` prints it."""
        return {
            "title": self.problem.title,
            "links": [
                {
                    "line": link.line, "column": link.column, "quantity": link.quantity, "text": link.text,
                    "kind": link.kind, "verdict": link.verdict, "exact": link.exact, "expected": link.expected,
                    "causes": [{"slip": cause.slip, "text": cause.text} for cause in link.causes],
                    "note": link.note,
                }
                for link in self.links
            ],
            "unread": [
                {"line": one.line, "column": one.column, "text": one.text, "reason": one.reason} for one in self.unread
            ],
            "counts": self.counts,
        }  # fmt: skip
