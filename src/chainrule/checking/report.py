"""The report on a working: every link with its verdict, what should stand there, and the likely slips."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.checking.claims import Kind, Unread, Verdict
from chainrule.checking.hints import hint_for
from chainrule.dataclasses import dataclass, replace
from chainrule.problem import Problem


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
    kind: Kind
    verdict: Verdict
    exact: str | None = None
    expected: str | None = None
    causes: tuple[Cause, ...] = ()
    note: str = ""
    left: str = ""  # the quantity as written
    edits: tuple[tuple[int, int, str], ...] = ()  # from where to where in `text` what should stand there instead


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
    is_hint: bool = False  # it ends at the first wrong line, and does not tell what should stand there

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in self.counts.items() if number)
        return f"<Report on {self.problem.title!r}: {counts or 'nothing judged'}>"

    def __str__(self) -> str:
        from chainrule.display import check_text

        return check_text(self)

    def _repr_html_(self) -> str:
        from chainrule.display import check_rendered

        return check_rendered(self, "html", fragment=True)

    def _repr_markdown_(self) -> str:
        from chainrule.display import check_rendered

        return check_rendered(self, "markdown")

    @property
    def working(self) -> str:
        """The working as written."""
        text = self.problem.document.data.get("working") if self.problem.document is not None else None
        return text if isinstance(text, str) else ""

    def offsets(self, places: Iterable[tuple[int, int]]) -> list[int]:
        """Where in the working the characters stand that have these lines and columns in the file."""
        text, document = self.working, self.problem.document
        if document is None:
            return []
        place_of = document.string_places(("working",))
        return [bisect_left(range(len(text)), place, key=place_of) for place in places]

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

    def until_first_wrong(self) -> Report:
        """The report as far as the first wrong line, with a hint there instead of the answer."""
        first = self.first_wrong
        if first is None:
            return self
        last = first.line
        kept = [_withheld(link) for link in self.links[: self.links.index(first) + 1]]
        return replace(
            self,
            lines=tuple([(number, text) for number, text in self.lines if number <= last]),
            links=tuple(kept),
            unread=tuple([one for one in self.unread if one.line <= last]),
            is_hint=True,
        )

    def corrected(self) -> str:
        """The working as it should be: in the same digits and notation, prose and comments kept."""
        from chainrule.checking.corrected import corrected  # it reads reports

        return corrected(self)

    def as_json(self) -> dict[str, Any]:
        """The report as `chainrule check --format json` prints it."""
        return as_json(self.problem.title, self.links, self.unread, self.counts)


def as_json(title: str, links: Iterable[Any], unread: Iterable[Unread], counts: Mapping[str, int]) -> dict[str, Any]:
    """The verdicts on a working, or on notes, as the contract of problem files has them."""
    return {
        "title": title,
        "links": [
            {
                "line": link.line, "column": link.column, "quantity": link.quantity, "text": link.text,
                "kind": link.kind, "verdict": link.verdict, "exact": link.exact, "expected": link.expected,
                "causes": [{"slip": cause.slip, "text": cause.text} for cause in link.causes],
                "note": link.note,
            }
            for link in links
        ],
        "unread": [{"line": one.line, "column": one.column, "text": one.text, "reason": one.reason} for one in unread],
        "counts": dict(counts),
    }  # fmt: skip


def _withheld(link: LinkReport) -> LinkReport:
    """A link without what gives the answer away."""
    if link.verdict != "wrong":
        return replace(link, exact=None, expected=None, edits=())
    parts = [link.text[start:end] for start, end, _ in link.edits]
    slips = tuple([Cause(cause.slip, "") for cause in link.causes])
    hint = hint_for(link.kind, link.causes[0].slip if link.causes else "", [p for p in parts if p != link.text])
    return replace(link, exact=None, expected=None, edits=(), causes=slips, note=hint)
