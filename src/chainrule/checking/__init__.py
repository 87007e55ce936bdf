"""Judging a person's working: every figure and formula, rigorously, against the graph of the problem.

`working` reads it, `verdict` judges each link, `alignment` pairs numbers with quantities, `diagnosis` names the slip.
"""

from __future__ import annotations

from chainrule.checking.claims import Claim, Link, Unread
from chainrule.checking.conventions import Changed, follow_conventions
from chainrule.checking.correction import edited, edits_of, whole
from chainrule.checking.diagnosis import Diagnoses
from chainrule.checking.expected import exact_text
from chainrule.checking.followed import Slips
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.checking.report import LinkReport, Report
from chainrule.checking.verdict import Judged, judge_claim
from chainrule.checking.working import read_working
from chainrule.dataclasses import replace
from chainrule.problem import Problem
from chainrule.quantity import spell

__all__ = ["Claim", "Link", "Report", "check"]


def check(problem: Problem) -> Report:
    """The verdict on every link of a problem's `working`."""
    working = read_working(problem)
    paper = Paper(Quantities(working.problem))
    slips = Slips(paper)
    diagnoses = Diagnoses(paper)
    links: list[LinkReport] = []
    unread: list[Unread] = list(working.unread)
    results: list[list[Judged]] = []
    for claim in working.claims:
        judged, missed = judge_claim(paper, claim)
        unread += missed
        results.append(judged)
        links += [_reported(paper, slips, diagnoses, one) for one in judged]
        slips.note(judged)
    changed = follow_conventions(problem, working, results)
    judged_links = [one.link for judged in results for one in judged]
    links = [_changed(one, changed.get(id(link))) for one, link in zip(links, judged_links, strict=True)]
    sources = tuple({claim.line: claim.source for claim in working.claims if claim.source}.items())
    unread.sort(key=lambda one: (one.line, one.column))
    return Report(problem, working.lines, tuple(links), tuple(unread), sources)


def _reported(paper: Paper, slips: Slips, diagnoses: Diagnoses, one: Judged) -> LinkReport:
    is_bad = one.verdict in ("wrong", "carried")
    edits = edits_of(paper, one) if is_bad else ()
    return LinkReport(
        line=one.link.line,
        column=one.link.column,
        quantity=spell(one.claim.quantity),
        text=one.link.text,
        kind=one.kind,
        verdict=one.verdict,
        exact=None if one.kind == "formula" else exact_text(paper, one.line.node),
        expected=edited(one.link.text, edits) if edits else whole(paper, one) if is_bad and one.link.index else None,
        causes=diagnoses.of(one) if one.verdict == "wrong" else (),
        note=one.note or (slips.followed(one) if one.verdict == "carried" else ""),
        left=one.claim.text,
        edits=edits,
    )


def _changed(one: LinkReport, changed: Changed | None) -> LinkReport:
    """A link as it is judged in the convention that the working follows."""
    if changed is None:
        return one
    if changed.verdict in ("right", "rounded"):
        return replace(one, verdict=changed.verdict, note=changed.note, expected=None, causes=(), edits=())
    causes = (changed.cause, *one.causes) if changed.cause is not None else ()
    return replace(one, verdict=changed.verdict, note=changed.note or one.note, causes=causes)
