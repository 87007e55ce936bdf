"""Sets the papers of the exam: correct ones, ones with a slip, ones with two; each from its number alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from tests.exam.envelope import envelopes
from tests.exam.exercise import Exercise, Unfit, exact_values
from tests.exam.problems import draw
from tests.exam.slips import ALSO_CALLED, KINDS, Paper
from tests.exam.solutions import Layout, Slip, Solution, draw_layouts, solve
from tests.exam.styles import Style, draw_style, unit_of_figure, value_of_figure


@dataclass(frozen=True, slots=True)
class Sat:
    """One paper: the correct solution, the one handed in, and the slips between the two."""

    exercise: Exercise
    exact: dict[str, Decimal]
    style: Style
    layouts: Sequence[Layout]
    right: Solution
    handed_in: Solution
    slips: tuple[Slip, ...] = ()
    seed: int = 0

    @property
    def file(self) -> str:
        return self.exercise.file(self.handed_in.working)

    def line_of(self, step: int) -> int:
        """The line of the file on which a step stands."""
        return self.exercise.first_line + self.handed_in.lines[step].number

    def followers(self) -> list[int]:
        """The steps, slips apart, that only follow: their figures are others than those of the correct solution."""
        at = {slip.at for slip in self.slips}
        return [
            step
            for step, line in self.handed_in.lines.items()
            if step not in at and line.figure != self.right.lines[step].figure
        ]


def correct(seed: str) -> Sat:
    """A correct solution of a random exercise."""
    rng = Random(seed)
    while True:
        exercise = draw(rng)
        exact = exact_values(exercise.numbers, exercise.steps)
        style, layouts = draw_style(rng), draw_layouts(rng, exercise)
        try:
            solution = solve(exercise, exact, style, layouts)
        except Unfit:
            continue
        return Sat(exercise, exact, style, layouts, solution, solution, seed=rng.randrange(2**32))


def with_slips(seed: str, kinds: Sequence[str]) -> Sat:
    """A solution with one slip of each of these kinds, in different lines, each too large for rounding."""
    tries = 0
    while True:
        tries += 1
        paper = correct(f"{seed} {tries}")
        rng = Random(f"{seed} {tries} slips")
        for kind in kinds:
            planted = _plant(rng, paper, kind)
            if planted is None:
                break
            paper = planted
        else:
            return paper


def _plant(rng: Random, sat: Sat, kind: str) -> Sat | None:
    """The paper with one more slip, or None if this exercise has no place for it."""
    taken = {slip.at for slip in sat.slips}
    after = max(taken, default=-1)
    steps = [at for at in sat.handed_in.lines if at > after]
    rng.shuffle(steps)
    envelope = envelopes(sat.exercise, sat.seed)
    for at in steps[:6]:
        ways = list(KINDS[kind](_paper_at(sat, at)))
        rng.shuffle(ways)
        for way in ways[:4]:
            layouts = sat.layouts if way.numbers is None else _with_numbers(sat.layouts, at)
            found = _handed_in(sat, way, layouts)
            if found is not None and _counts(found, sat, at, envelope):
                return found
    return None


def _with_numbers(layouts: Sequence[Layout], at: int) -> list[Layout]:
    """A slip in the numbers put in is there to be seen."""
    return [replace(layout, numbers=True) if i == at else layout for i, layout in enumerate(layouts)]


def _handed_in(sat: Sat, slip: Slip, layouts: Sequence[Layout]) -> Sat | None:
    """The paper with the slip made; its right solution is laid out likewise."""
    before = {one.at: one for one in sat.slips}
    try:
        right = solve(sat.exercise, sat.exact, sat.style, layouts)
        wrong = solve(sat.exercise, sat.exact, sat.style, layouts, {**before, slip.at: slip})
    except Unfit:
        return None
    return replace(sat, layouts=layouts, right=right, handed_in=wrong, slips=(*sat.slips, slip))


def _counts(found: Sat, before: Sat, at: int, envelope: dict[str, tuple[float, float]]) -> bool:
    """Whether the figure cannot be that of a correct solution; a second slip, not that of one with the first only."""
    text = found.handed_in.lines[at].figure
    figure, unit = float(value_of_figure(text)), float(unit_of_figure(text))
    low, high = envelope[found.exercise.steps[at].label]
    if len(found.slips) > 1:
        expected = float(value_of_figure(before.handed_in.lines[at].figure))
        middle = (low + high) / 2
        low, high = min(low, low - middle + expected), max(high, high - middle + expected)
    return not low - unit <= figure <= high + unit


def _paper_at(sat: Sat, at: int) -> Paper:
    lines, steps = sat.handed_in.lines, sat.exercise.steps
    printed = dict(sat.exercise.numbers)
    printed |= {steps[i].label: line.figure.rstrip(".") for i, line in lines.items() if i < at}
    return Paper(sat.exercise, at, printed, lines[at].figure, sat.layouts[at].numbers)


def is_also(sat: Sat, slip: Slip, kind: str) -> bool:
    """Whether a slip of another kind would have left the very same line: then it is as good a name."""
    ways = KINDS.get(kind) or ALSO_CALLED.get(kind)
    if ways is None:
        return False
    due = sat.handed_in.lines[slip.at].text
    others = tuple(one for one in sat.slips if one.at != slip.at)
    before = replace(
        sat, slips=others, handed_in=solve(sat.exercise, sat.exact, sat.style, sat.layouts, {s.at: s for s in others})
    )
    for way in ways(_paper_at(before, slip.at)):
        found = _handed_in(before, way, sat.layouts)
        if found is not None and found.handed_in.lines[slip.at].text == due:
            return True
    return False


def kinds_at(seed: str, count: int, kinds: Iterable[str]) -> list[str]:
    """Different kinds of slips, by lot."""
    return Random(seed).sample(sorted(kinds), count)
