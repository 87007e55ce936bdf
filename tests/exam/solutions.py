"""Works an exercise as a person would: line after line, in one style of rounding, perhaps with a slip on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException, localcontext
from random import Random

from tests.exam.exercise import Exercise, Step, Unfit, refuse_saturation, value_of
from tests.exam.numbers import DECIMALS, KEPT, PRECISE
from tests.exam.styles import Style, value_of_figure
from tests.exam.trees import (
    Call,
    Negative,
    Number,
    Product,
    Slope,
    Sum,
    Tree,
    Use,
    names_in,
    render,
    walk,
    with_children,
    work_out,
)

MOST = 1_000_000
HEADINGS = {"net": "Forward pass", "value": "Forward pass", "derivative": "Backward pass:", "update": "The new weights"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What of one step is written: nothing, or any of formula, numbers put in, numbers worked out in part."""

    shown: bool = True
    formula: bool = True
    numbers: bool = True
    partial: bool = False
    sign: str = "="


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip at one step: another formula, written so or only put in so, or another figure."""

    kind: str
    at: int
    formula: Tree | None = None
    numbers: Tree | None = None
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A written step: its line in `working`, counted from 0, and its figure."""

    step: int
    number: int
    text: str
    figure: str


@dataclass(frozen=True, slots=True)
class Solution:
    working: str
    lines: Mapping[int, Line]


def draw_layouts(rng: Random, exercise: Exercise) -> list[Layout]:
    """A habit of writing, and departures from it; the last step is always written."""
    formula, numbers, partial = rng.choice([0.9, 0.6, 0.1]), rng.choice([0.95, 0.7, 0.2]), rng.choice([0, 0, 0.3])
    skips = rng.choice([0, 0.1, 0.3])
    last = len(exercise.steps) - 1
    return [
        Layout(
            shown=at == last or rng.random() >= skips,
            formula=rng.random() < formula,
            numbers=rng.random() < numbers,
            partial=rng.random() < partial,
            sign="≈" if rng.random() < 0.1 else "=",
        )
        for at in range(len(exercise.steps))
    ]


def solve(
    exercise: Exercise,
    exact: Mapping[str, Decimal],
    style: Style,
    layouts: Sequence[Layout],
    slips: Mapping[int, Slip] | None = None,
) -> Solution:
    """The working. What follows a slip is computed from its figure. Raises Unfit where rounding leaves the problem."""
    person = _Person(exercise, exact, style)
    written: list[str] = []
    lines: dict[int, Line] = {}
    heading = ""
    for at, (step, layout) in enumerate(zip(exercise.steps, layouts, strict=True)):
        slip = (slips or {}).get(at)
        person.check_sides(step.formula)
        text, figure = person.line(step, layout, slip)
        if not layout.shown:
            continue
        due = HEADINGS.get(step.kind, heading)
        if style.short and due != heading:
            heading = due
            written.append(heading)
        text = style.spelled(text)
        lines[at] = Line(at, len(written), text, figure)
        written.append(text)
    return Solution("".join(f"{line}\n" for line in written), lines)


class _Person:
    """What somebody at work has on paper and in the calculator."""

    def __init__(self, exercise: Exercise, exact: Mapping[str, Decimal], style: Style) -> None:
        self.exact, self.style = exact, style
        self.printed: dict[str, str] = dict(exercise.numbers)
        self.memory: dict[str, Decimal] = {name: Decimal(text) for name, text in exercise.numbers.items()}

    def line(self, step: Step, layout: Layout, slip: Slip | None) -> tuple[str, str]:
        """The line of a step and its figure, which is remembered."""
        style = self.style
        formula = slip.formula if slip and slip.formula else step.formula
        numbers = slip.numbers if slip and slip.numbers else formula
        plain = not names_in(step.formula) or not _compound(numbers.of if isinstance(numbers, Negative) else numbers)
        put_in = layout.numbers and layout.shown and not plain
        value = self.work_out(numbers, as_shown=put_in)
        links = [step.label]
        if names_in(formula) and (layout.formula or (style.each_line and _by_prime(step.formula))):
            links.append(render(formula))
        if put_in:
            links.append(render(numbers, self.shown))
            parts = self.in_part(numbers) if layout.partial else None
            if parts is not None:
                links.append(render(parts, self.shown))
                value = self.work_out(parts, as_shown=True) if style.each_line else value
        if abs(value) > MOST:
            raise Unfit("nobody goes on with such a number")
        figure = slip.figure if slip and slip.figure else style.figure(value)
        self.memory[step.label] = value
        if layout.shown:
            self.printed[step.label] = figure.rstrip(".")
            if slip or style.each_line:
                self.memory[step.label] = value_of_figure(figure)
        return f"{' = '.join(links)} {layout.sign} {figure}", figure

    def shown(self, part: Use | Slope) -> str:
        """The number that is put in for a quantity: as printed before, else rounded in the same style."""
        if isinstance(part, Use) and part.name in self.printed:
            return self.printed[part.name]
        return self.style.figure(self.unrounded(part)).rstrip(".")

    def unrounded(self, part: Use | Slope) -> Decimal:
        return self.memory[part.name] if isinstance(part, Use) else value_of(part, self.memory)

    def work_out(self, tree: Tree, *, as_shown: bool) -> Decimal:
        """The value, from numbers as they stand on the paper or as the calculator has them."""

        def value(part: Use | Slope) -> Decimal:
            return value_of_figure(self.shown(part)) if as_shown and self.style.each_line else self.unrounded(part)

        try:
            with localcontext(PRECISE):
                return KEPT.plus(work_out(tree, value, DECIMALS))
        except DecimalException:
            raise Unfit("no value") from None

    def in_part(self, tree: Tree) -> Tree | None:
        """The sum or product with its brackets and products worked out; None if it has none."""
        if not isinstance(tree, Sum | Product):
            return None

        def number(part: Tree) -> Tree:
            if isinstance(part, Negative):
                return Negative(number(part.of))
            if not _compound(part) or not names_in(part):
                return part
            return Number(self.style.figure(self.work_out(part, as_shown=True)).rstrip("."))

        parts = tuple([number(part) for part in (tree.terms if isinstance(tree, Sum) else tree.factors)])
        result = with_children(tree, parts)
        return None if result == tree else result

    def check_sides(self, tree: Tree) -> None:
        """Raises Unfit if rounding, or a slip, has moved something across a kink or far out."""
        for part in walk(tree):
            refuse_saturation(part, self.memory)
            match part:
                case Call("max", (a, b)):
                    sides = [value_of(a, v) > value_of(b, v) for v in (self.exact, self.memory)]
                case Call("abs" | "relu" | "leaky_relu", (of,)) | Slope("relu" | "leaky_relu", of):
                    sides = [value_of(of, v) > 0 for v in (self.exact, self.memory)]
                case _:
                    continue
            if sides[0] != sides[1]:
                raise Unfit("another side of a kink")


def _by_prime(tree: Tree) -> bool:
    """Whether it takes the formula to tell that sigmoid'(z) was worked out from the rounded z, not from the output."""
    return any(isinstance(part, Slope) and part.function not in ("relu", "leaky_relu") for part in walk(tree))


def _compound(tree: Tree) -> bool:
    return not isinstance(tree, Number | Use | Slope)
