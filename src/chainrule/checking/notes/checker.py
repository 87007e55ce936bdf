"""Checks a file of notes from end to end: reads the page, judges its numbers, tests its formulas, writes the report."""

from __future__ import annotations

import os
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Final

from chainrule.checking.claims import Unread
from chainrule.checking.expected import corrected_like
from chainrule.checking.notes.binding import judged_by
from chainrule.checking.notes.causes import Causes, printed_decimals
from chainrule.checking.notes.document import Document, read_page
from chainrule.checking.notes.extract import problem_text
from chainrule.checking.notes.finding import Page
from chainrule.checking.notes.identities import MOST_TESTS, Identities
from chainrule.checking.notes.judging import Finding, Judge
from chainrule.checking.notes.report import NoteLink, NotesReport
from chainrule.errors import ProblemError
from chainrule.graph import collector_paused
from chainrule.problem import Problem

SUFFIXES: Final = frozenset({".md", ".markdown", ".tex", ".latex", ".txt"})
MOST_BYTES: Final = 16 * 2**20
DIGITS: Final = 20


def is_notes(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one of notes, by its name.

    >>> is_notes("lecture.md"), is_notes("problem.toml")
    (True, False)
    """
    return Path(path).suffix.lower() in SUFFIXES


def check_notes(path: str | os.PathLike[str], *, problem: Problem | None = None) -> NotesReport:
    """The verdict on every printed equality of a file of notes (.md, .tex, .txt).

    With a `problem`, chains about its quantities are judged as its working would be.
    Raises ProblemError for a file that cannot be read or is larger than 16 MiB.
    """
    return check_page(os.fspath(path), _text(path), problem=problem)


def extract(path: str | os.PathLike[str]) -> str:
    """A problem file with the givens, formulas and working found in a file of notes, for a person to finish.

    Raises ProblemError as `check_notes` does.
    """
    return problem_text(read_page(_page(os.fspath(path), _text(path))))


def check_page(file: str, text: str, *, problem: Problem | None = None) -> NotesReport:
    """The verdict on every printed equality of the text of a file.

    >>> report = check_page("notes.md", "so $0.4 - 0.5 \\\\cdot 0.2 = 0.2$, wrongly")
    >>> report.links[0].verdict, report.links[0].expected
    ('wrong', '0.3')
    """
    with collector_paused():  # hundreds of thousands of small objects, none of them garbage
        return _checked(_page(file, text), problem)


def _checked(page: Page, problem: Problem | None) -> NotesReport:
    document = read_page(page)
    by_problem = judged_by(problem, document) if problem is not None else {}
    judge, identities = Judge(), Identities()
    found: list[Finding] = []
    for chain in document.chains:
        found += judge.chain(chain)
        found += identities.chain(chain)
    found = [one for one in found if one.side not in by_problem]
    trees = (side.tree for chain in document.chains for side in chain.sides if side.tree is not None)
    causes = Causes(printed_decimals(trees) if any(one.verdict == "wrong" for one in found) else ())
    links = [_link(page, one, causes) for one in found] + [link for links in by_problem.values() for link in links]
    links.sort(key=lambda link: link.where)
    unread = document.unread + _untested(document, identities)
    return NotesReport(page, tuple(links), unread, document.formulas, document.sides)


def _text(path: str | os.PathLike[str]) -> str:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ProblemError(f"cannot read {os.fspath(path)}: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise ProblemError(f"{os.fspath(path)} is larger than 16 MiB, the limit for notes.")
    return data.decode("utf-8", errors="replace")


def _page(file: str, text: str) -> Page:
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    return Page(file, text, latex=Path(file).suffix.lower() in (".tex", ".latex"))


def _link(page: Page, one: Finding, causes: Causes) -> NoteLink:
    line, column = page.position(one.where.start)
    return NoteLink(
        line=line,
        column=column,
        quantity=_short(one.chain.sides[0].text),
        text=page.text[one.where.start : one.where.end],
        kind=one.kind,
        verdict=one.verdict,
        where=one.where,
        exact=_decimal(one.exact) if one.exact is not None else None,
        expected=_expected(one) if one.verdict == "wrong" else None,
        causes=causes.of(one.figure, one.exact, one.before)
        if one.verdict == "wrong" and one.figure is not None and one.exact is not None
        else (),
        note=_note(one),
        before=_short(one.before_side.text) if one.before_side is not None else "",
    )


def _expected(one: Finding) -> str | None:
    if one.figure is None or one.exact is None:
        return None
    if one.figure.whole and one.exact.denominator != 1:
        return _decimal(one.exact, 10)
    return corrected_like(one.exact, one.figure)


def _note(one: Finding) -> str:
    if one.verdict != "wrong" or one.exact is None or one.figure is None or one.before_side is None:
        return ""
    value = _decimal(one.exact, 10)
    return "" if value == _expected(one) else f"What stands before it gives {value}."


def _untested(document: Document, identities: Identities) -> tuple[Unread, ...]:
    if identities.tests < MOST_TESTS:
        return ()
    what = f"more than {MOST_TESTS:,} comparisons of formulas: the identities that follow were not tested"
    return (Unread(line=1, column=1, text=document.page.file, reason=what),)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _decimal(value: Fraction, digits: int = DIGITS) -> str:
    with localcontext(prec=digits):
        found = Decimal(value.numerator) / Decimal(value.denominator)
        return str(found.normalize() if found == found.to_integral_value() and abs(found) < 10**9 else found)
