"""One convention is one slip: a working that follows another convention throughout is not wrong at every line.

Another sign of delta is right, with a note. Another factor of the loss, or weights that are updated before the error
has gone back through them, is wrong where it first shows, and carried from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from chainrule.checking.claims import Claim, Verdict, Working
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.checking.report import Cause
from chainrule.checking.verdict import SEVERITY, Judged, judge_claim
from chainrule.checking.working import read_working
from chainrule.checking.worlds import HALVES, with_early_updates, with_factor
from chainrule.dataclasses import dataclass, replace
from chainrule.errors import ChainruleError
from chainrule.problem import Problem
from chainrule.quantity import spell

NEAR: Final = 0.2  # of a value: what rounding may do to it

Results = Sequence[Sequence[Judged]]  # of each claim, its links


@dataclass(frozen=True, slots=True)
class Changed:
    """What another convention makes of a link."""

    verdict: Verdict
    note: str = ""
    cause: Cause | None = None


def follow_conventions(problem: Problem, working: Working, results: Results) -> dict[int, Changed]:
    """The links that are judged differently because the working follows another convention, by `id` of the link."""
    bad = _bad(results)
    if not bad:
        return {}
    flipped = _flipped(problem, working, results)
    if flipped:
        return flipped
    for paper, cause in _worlds(working):
        changed = _carried(paper, working, results, cause)
        if changed:
            return changed
    return {}


def _bad(results: Results) -> list[Judged]:
    return [one for judged in results for one in judged if SEVERITY[one.verdict] > 1]


# Minus the deltas ---------------------------------------------------------------------------------------------


def _flipped(problem: Problem, working: Working, results: Results) -> dict[int, Changed]:
    """The verdicts with the other sign of delta, if that makes everything right that is said of deltas."""
    text = " ".join(claim.text for claim in working.claims)
    if problem.minimise is None or not any(word in text for word in ("delta", "δ")):
        return {}
    sign: Literal[1, -1] = -1 if problem.delta_sign == 1 else 1
    other = read_working(replace(problem, delta_sign=sign))
    before = [claim.line for claim in working.claims]
    if [claim.line for claim in other.claims] != before:
        return {}
    try:
        paper = Paper(Quantities(other.problem))
        judged = [judge_claim(paper, claim)[0] for claim in other.claims]
    except ChainruleError:
        return {}
    deltas = [n for n, claim in enumerate(working.claims) if _is_delta(claim)]
    if any(one.verdict == "wrong" for n in deltas for one in judged[n]):
        return {}
    if any(len(a) != len(b) for a, b in zip(results, judged, strict=True)):
        return {}
    if len(_bad(judged)) >= len(_bad(results)) or not any(_bad([results[n]]) for n in deltas):
        return {}
    error = problem.minimise
    said = f"delta has the other sign here: it is {'minus ' if sign < 0 else ''}the derivative of {spell(error)}"
    changed: dict[int, Changed] = {}
    for n, (old, new) in enumerate(zip(results, judged, strict=True)):
        for a, b in zip(old, new, strict=True):
            if a.verdict != b.verdict or n in deltas:
                changed[id(a.link)] = Changed(b.verdict, said if n in deltas else "")
    return changed


def _is_delta(claim: Claim) -> bool:
    return claim.text.lstrip("(-−").startswith(("delta", "δ"))


# Another factor, another order ----------------------------------------------------------------------------------


def _worlds(working: Working) -> list[tuple[Paper, Cause]]:
    """The problem in other conventions, each with what is said of the first link at which it shows."""
    problem, error = working.problem, working.problem.minimise
    found: list[tuple[Paper, Cause]] = []
    if error is None:
        return found
    for factor in HALVES:
        scaled = with_factor(problem, factor)
        if scaled is not None:
            what = "without the factor 1/2" if factor == 2 else "with a factor 1/2"
            text = f"this follows from {spell(error)} {what}, another convention of the loss"
            found.append((Paper(Quantities(scaled)), Cause("other convention", text)))
    if problem.training.rate is not None:
        text = "the weights were updated before the error had gone back through them; the old ones belong here"
        found.append((Paper(Quantities(problem, follow=with_early_updates)), Cause("new for old weight", text)))
    return found


def _carried(paper: Paper, working: Working, results: Results, cause: Cause) -> dict[int, Changed]:
    """The first wrong link with its cause, the later ones carried, if at least two are right in another convention."""
    first = next(n for n, judged in enumerate(results) if any(one.verdict == "wrong" for one in judged))
    others: list[list[Judged]] = []
    try:
        if not _may_follow(paper, next(one for one in results[first] if one.verdict == "wrong")):
            return {}
        for n, claim in enumerate(working.claims):
            if n < first:
                for one in results[n]:
                    if one.figure is not None:
                        paper.put(claim.quantity, one.figure, good=SEVERITY[one.verdict] < 2)
                others.append([])
                continue
            others.append(judge_claim(paper, claim)[0])
            if n == first and not _mended(results[n], others[n]):
                return {}
    except ChainruleError:
        return {}
    mended = [a for old, new in zip(results, others, strict=True) for a in _mended(old, new)]
    figures = {id(one.claim) for one in mended if one.kind != "formula" or one.form is not None}
    if len(figures) < 2 or all(one.verdict != "wrong" for one in mended):
        return {}
    changed = {id(one.link): Changed("carried") for one in mended}
    wrong = next(one for one in mended if one.verdict == "wrong")
    changed[id(wrong.link)] = Changed("wrong", cause=cause)
    return changed


def _may_follow(paper: Paper, wrong: Judged) -> bool:
    """Whether what a wrong link says is anywhere near the quantity's value in another convention."""
    if wrong.figure is not None:
        claimed: float | None = float(wrong.figure.value)
    else:
        claimed = paper.size(wrong.form.node) if wrong.form is not None else None
    other = paper.size(paper.quantities.node(wrong.claim.quantity))
    return claimed is None or other is None or abs(claimed - other) <= NEAR * max(abs(claimed), abs(other))


def _mended(old: Sequence[Judged], new: Sequence[Judged]) -> list[Judged]:
    """The links that are wrong as things are, and right in the other convention."""
    return [
        a
        for a, b in zip(old, new, strict=False)
        if SEVERITY[a.verdict] > 1 and SEVERITY[b.verdict] < 2 and a.link is b.link
    ]
