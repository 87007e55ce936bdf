"""Judging a person's working: every figure and formula, rigorously, against the graph of the problem.

`working` reads it, `verdict` judges each link, `alignment` pairs numbers with quantities, `diagnosis` names the slip.
"""

from __future__ import annotations

from chainrule.checking.claims import Claim, Link, Unread
from chainrule.checking.expected import exact_text, expected_text
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.checking.report import LinkReport, Report
from chainrule.checking.verdict import Judged, judge_claim
from chainrule.checking.working import read_working
from chainrule.problem import Problem
from chainrule.quantity import spell

__all__ = ["Claim", "Link", "Report", "check"]


def check(problem: Problem) -> Report:
    """The verdict on every link of a problem's `working`."""
    working = read_working(problem)
    paper = Paper(Quantities(working.problem))
    links: list[LinkReport] = []
    unread: list[Unread] = list(working.unread)
    for claim in working.claims:
        judged, missed = judge_claim(paper, claim)
        unread += missed
        links += [_reported(paper, one) for one in judged]
    sources = tuple({claim.line: claim.source for claim in working.claims if claim.source}.items())
    unread.sort(key=lambda one: (one.line, one.column))
    return Report(problem, working.lines, tuple(links), tuple(unread), sources)


def _reported(paper: Paper, one: Judged) -> LinkReport:
    return LinkReport(
        line=one.link.line,
        column=one.link.column,
        quantity=spell(one.claim.quantity),
        text=one.link.text,
        kind=one.kind,
        verdict=one.verdict,
        exact=None if one.kind == "formula" else exact_text(paper, one.line.node),
        expected=expected_text(paper, one) if one.verdict in ("wrong", "carried") else None,
        note=one.note,
    )
