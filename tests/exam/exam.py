"""Sits the exam: hands papers to `check`, compares its report with what was planted, and counts."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import partial
from multiprocessing import get_context
from typing import Any

from tests.exam.envelope import envelopes
from tests.exam.paper import Sat, correct, is_also, kinds_at, with_slips
from tests.exam.slips import HELD_OUT, KINDS
from tests.exam.styles import LONG, unit_of_figure, value_of_figure

CORRECT, TWO = "correct", "two"
COUNTS = {CORRECT: 2000, TWO: 500, "slip": 200}
SEVERITY = ("right", "rounded", "carried", "wrong")
Judge = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one paper: per measure how many of how many were judged well, and in words what was not."""

    part: str
    number: int
    counts: Mapping[str, tuple[int, int]]
    complaints: Sequence[tuple[str, str]] = ()
    file: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class _Marks:
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    complaints: list[tuple[str, str]] = field(default_factory=list)

    def mark(self, measure: str, good: bool, why: str = "") -> None:
        had, of = self.counts.get(measure, (0, 0))
        self.counts[measure] = had + good, of + 1
        if not good:
            self.complaints.append((measure, why))


def judge(text: str) -> Mapping[str, Any]:
    """The report of `check` on the text of a problem file, as `--format json` prints it."""
    from chainrule.problem import loads

    return loads(text).check().as_json()  # type: ignore[no-any-return]


def parts(*, held_out: bool) -> list[str]:
    return [CORRECT, *kinds(held_out=held_out), TWO]


def kinds(*, held_out: bool) -> list[str]:
    return [kind for kind in KINDS if held_out or kind not in HELD_OUT]


def paper_of(part: str, number: int, *, seed: int, held_out: bool) -> Sat:
    """The paper of this number: it depends on nothing else, so that a failing one can be looked at again."""
    name = f"{seed} {part} {number}"
    if part == CORRECT:
        return correct(name)
    if part == TWO:
        return with_slips(name, kinds_at(name, 2, kinds(held_out=held_out)))
    return with_slips(name, [part])


def sit(task: tuple[str, int], *, seed: int, held_out: bool, judge: Judge = judge) -> Outcome:
    """Hands in one paper and marks the checker's report."""
    part, number = task
    paper = paper_of(part, number, seed=seed, held_out=held_out)
    begun = time.perf_counter()
    try:
        report = judge(paper.file)
    except Exception:
        return Outcome(part, number, {"crash": (0, 1)}, [("crash", traceback.format_exc())], paper.file)
    seconds = time.perf_counter() - begun
    marks = _Marks()
    marks.mark("crash", True)
    marks.mark("read", not report["unread"], f"unread: {report['unread']}")
    if part == CORRECT:
        _mark_correct(marks, report)
    elif part == TWO:
        _mark_two(marks, paper, report)
    else:
        _mark_slip(marks, paper, report)
    return Outcome(part, number, marks.counts, marks.complaints, paper.file if marks.complaints else "", seconds)


def run(tasks: Iterable[tuple[str, int]], *, seed: int, held_out: bool, jobs: int = 1) -> Iterator[Outcome]:
    """The outcomes of papers given by part and number, in order."""
    one = partial(sit, seed=seed, held_out=held_out)
    if jobs == 1:
        yield from map(one, tasks)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(one, tasks, chunksize=4)


def _mark_correct(marks: _Marks, report: Mapping[str, Any]) -> None:
    alarms = [link for link in report["links"] if link["verdict"] not in ("right", "rounded")]
    marks.mark("no alarm", not alarms and not report["unread"], "; ".join(map(_told, alarms)))


def _mark_two(marks: _Marks, paper: Sat, report: Mapping[str, Any]) -> None:
    wrong = {link["line"] for link in report["links"] if link["verdict"] == "wrong"}
    missed = [slip for slip in paper.slips if paper.line_of(slip.at) not in wrong]
    marks.mark("both found", not missed, "; ".join(_planted(paper, slip.at) for slip in missed))


def _mark_slip(marks: _Marks, paper: Sat, report: Mapping[str, Any]) -> None:
    slip = paper.slips[0]
    due = paper.line_of(slip.at)
    wrong = [link for link in report["links"] if link["verdict"] == "wrong"]
    marks.mark("found", bool(wrong), _planted(paper, slip.at))
    first = min((link["line"] for link in wrong), default=None)
    marks.mark(
        "first line", first == due, f"{_planted(paper, slip.at)}; first wrong: {_told(wrong[0]) if wrong else 'none'}"
    )
    causes = next((link["causes"] for link in wrong if link["line"] == due and link["causes"]), [])
    names = [cause["slip"] for cause in causes]
    good = [name == slip.kind or is_also(paper, slip, name) for name in names[:3]]
    why = f"{_planted(paper, slip.at)}; named: {names[:5] or 'nothing'}"
    marks.mark("named first", any(good[:1]), why)
    marks.mark("in three", any(good), why)
    _mark_others(marks, paper, report)


def _mark_others(marks: _Marks, paper: Sat, report: Mapping[str, Any]) -> None:
    """Lines after the slip: those that follow from it are carried, those it does not touch are left alone."""
    verdicts: dict[int, str] = {}
    for link in report["links"]:
        verdicts[link["line"]] = max(verdicts.get(link["line"], "right"), link["verdict"], key=SEVERITY.index)
    at = {slip.at for slip in paper.slips}
    followers = paper.followers()
    for step, line in paper.handed_in.lines.items():
        verdict = verdicts.get(paper.line_of(step), "right")
        if step in followers and not _right_all_the_same(paper, step, line.figure, verdict):
            why = f"line {paper.line_of(step)} is {verdict}: {line.text}   <= {_planted(paper, paper.slips[0].at)}"
            marks.mark("carried", verdict == "carried", why)
        elif step not in at and line.text == paper.right.lines[step].text:
            why = f"line {paper.line_of(step)} is {verdict}: {line.text}   <= {_planted(paper, paper.slips[0].at)}"
            marks.mark("elsewhere", verdict in ("right", "rounded"), why)


def _right_all_the_same(paper: Sat, step: int, figure: str, verdict: str) -> bool:
    """Whether a figure after a slip is right by its exact value, or could be by rounding and is judged so."""
    label = paper.exercise.steps[step].label
    value, unit = value_of_figure(figure), unit_of_figure(figure)
    roundings = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
    if value in [paper.exact[label].quantize(unit, rounding=rounding, context=LONG) for rounding in roundings]:
        return True
    low, high = envelopes(paper.exercise, paper.seed)[label]
    within = Decimal(low) - unit <= value <= Decimal(high) + unit
    return within and verdict in ("right", "rounded")


def _planted(paper: Sat, at: int) -> str:
    kind = next(slip.kind for slip in paper.slips if slip.at == at)
    line = paper.line_of(at)
    return f"{kind} in line {line}: {paper.handed_in.lines[at].text}   [right: {paper.right.lines[at].text}]"


def _told(link: Mapping[str, Any]) -> str:
    what = f"line {link['line']} {link['kind']} {link['verdict']}: {link['quantity']} = {link['text']}"
    return f"{what}, expected {link['expected']}"
