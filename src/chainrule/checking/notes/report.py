"""The report on a page of notes: every equality that was judged, what could not be read, and how it is printed."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from chainrule.checking.claims import Kind, Unread
from chainrule.checking.notes.finding import Page
from chainrule.checking.notes.judging import Verdict
from chainrule.checking.report import Cause, as_json
from chainrule.dataclasses import dataclass
from chainrule.formula.syntax import Span

VERDICTS: Final[tuple[Verdict, ...]] = ("right", "rounded", "carried", "wrong", "differs")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLink:
    """The verdict on one equality; `where` is the span on the page to look at, `before` what stands before it."""

    line: int
    column: int
    quantity: str  # the left side of the chain, as written
    text: str  # the side that was judged, as written
    kind: Kind
    verdict: Verdict
    where: Span
    exact: str | None = None
    expected: str | None = None
    causes: tuple[Cause, ...] = ()
    note: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class NotesReport:
    """The verdicts on a page of notes; printing it shows where it goes wrong."""

    page: Page
    links: tuple[NoteLink, ...]
    unread: tuple[Unread, ...]
    formulas: int
    sides: int

    def __str__(self) -> str:
        from chainrule.checking.notes.formats import as_text

        return as_text(self)

    @property
    def counts(self) -> dict[str, int]:
        """How many equalities have each verdict."""
        found = Counter(link.verdict for link in self.links)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def exit_status(self) -> int:
        """1 if anything is wrong or carried, else 0."""
        counts = self.counts
        return 1 if counts["wrong"] or counts["carried"] else 0

    @property
    def strict_status(self) -> int:
        """The exit status under `--strict`: what differs or is unread counts as 2."""
        return self.exit_status or (2 if self.unread or self.counts["differs"] else 0)

    def as_json(self) -> dict[str, Any]:
        """The report as `chainrule check --format json` prints it."""
        return as_json(self.page.file, self.links, self.unread, self.counts)
