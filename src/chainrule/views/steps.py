"""The steps view: the worked solution from top to bottom, as on the board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import isnan

from chainrule.explanation import Explanation, Step
from chainrule.explanation.selection import asked_steps, position
from chainrule.printing.document import Block, Chain, Document, Heading, Items, Prose, Table
from chainrule.printing.figures import figure, given_figure
from chainrule.quantity import Quantity, Updated, spell
from chainrule.views.legend import functions, rounding

ROWS = 12  # lines in the table of the error
MOST_GIVEN = 60  # numbers listed at the top; a network has more weights than a page has room


def steps_view(explanation: Explanation, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of a worked solution; `until` ends it after that quantity, `of` keeps only
    these quantities and what they follow from."""
    problem = explanation.problem
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    if problem.source:
        blocks.append(Prose(f"Source: {problem.source}"))
    if not of:
        blocks += _history(explanation)
    blocks += given(explanation)
    last = position(explanation, until) if until is not None else None
    for title, steps in _sections(explanation, of):
        ends = next((k for k, step in enumerate(steps) if step.quantity == last), None)
        kept = steps if ends is None else steps[: ends + 1]
        blocks += [Heading(title), *chains(kept)] if kept else []
        if ends is not None:
            return Document(tuple(blocks))
    if not of:
        blocks += _outcome(explanation)
        blocks += [Prose(" ".join(problem.note.split()))] if problem.note else []
    return Document(tuple(blocks))


def _sections(explanation: Explanation, of: Sequence[str]) -> list[tuple[str, list[Step]]]:
    steps = asked_steps(explanation, of) if of else [*explanation.steps, *explanation.again]
    again = {id(step) for step in explanation.again}
    titles = {"forward": "Forward pass", "backward": "Backward pass", "update": "Update", "asked": "Asked for"}
    sections = [
        (title, [s for s in steps if s.stage == stage and id(s) not in again]) for stage, title in titles.items()
    ]
    sections.insert(3, ("Forward pass with the new weights", [s for s in steps if id(s) in again]))
    return sections


def given(explanation: Explanation) -> list[Block]:
    """What is given, the parameters before the update, and what a reader must know to do the lines again."""
    problem, inputs = explanation.problem, explanation.exact_inputs()
    parameters = set(problem.parameters)
    rows = [
        ("Given", [label for label in inputs if label not in parameters]),
        ("Parameters", [label for label in inputs if label in parameters]),
        ("Symbols", list(problem.symbols)),
    ]
    blocks: list[Block] = []
    for title, labels in rows:
        texts = [_assignment(inputs.get(label), label, explanation.digits) for label in labels]
        if len(texts) > MOST_GIVEN:
            texts = [*texts[:MOST_GIVEN], f"... ({len(texts)} in all)"]
        if texts:
            blocks.append(Items(title, tuple(texts)))
    steps = (*explanation.steps, *explanation.again)
    return [*blocks, *functions(explanation.passes.roots()), *rounding(steps, explanation.digits)]


def _assignment(value: Fraction | float | None, label: Quantity, digits: int) -> str:
    if value is None:
        return spell(label)
    text = given_figure(value, digits=digits) if isinstance(value, Fraction) else figure(value, digits=digits)
    return f"{spell(label)} = {text}"


def chains(steps: Iterable[Step]) -> list[Chain]:
    """Each step as a chain of equalities."""
    return [
        Chain(
            step.left,
            tuple([line for line in (*step.symbols, step.numbers, step.result) if line is not None]),
            step.note,
            step.stage,
        )
        for step in steps
    ]


def _history(explanation: Explanation) -> list[Block]:
    """The error along the way, if more than one update was made."""
    if explanation.history is None or explanation.update == 1:
        return []
    errors, last = explanation.history.errors, explanation.update
    rows = sorted({0, last, *[k for k in _marks(last) if k <= last]})
    name = explanation.steps[0].left if explanation.problem.minimise is None else _error_name(explanation)
    table = Table(("updates", name), tuple([(str(k), figure(errors[k], digits=explanation.digits)) for k in rows]))
    prose = Prose(f"The error after so many updates; below, update {last} in full.")
    return [Heading("The error"), prose, table]


def _marks(last: int) -> list[int]:
    """1, 2, 5, 10, 20, 50, ... up to the last: the rows of the table, at most `ROWS` of them."""
    marks = [digit * 10**power for power in range(len(str(last))) for digit in (1, 2, 5)]
    return [m for m in marks if m < last][-ROWS:]


def _error_name(explanation: Explanation) -> str:
    assert explanation.problem.minimise is not None
    return spell(explanation.problem.minimise)


def _outcome(explanation: Explanation) -> list[Block]:
    history = explanation.history
    if history is None:
        return []
    problem, of = explanation.problem, explanation.passes.of
    said = _went(_error_name(explanation), history.errors[-2], history.errors[-1], explanation.digits)
    if of is None or of == problem.minimise:
        return [Prose(f"The error {said}.")]
    table, passes = explanation.table, explanation.passes
    after = passes.again.outputs.get(Updated(of), passes.forward.outputs[of])
    own = _went(spell(of), table[passes.forward.outputs[of]], table[after], explanation.digits)
    return [Prose(f"The error of this example, {own}. Over all examples the error {said}.")]


def _went(name: str, before: float, after: float, digits: int) -> str:
    old, new = figure(before, digits=digits), figure(after, digits=digits)
    if isnan(before) or isnan(after):
        return f"{name} went from {old} to {new}: it has no value, and there is nothing to compare"
    if before == after:
        return f"{name} stayed at {new}"
    return f"{name} {'fell' if after < before else 'rose'} from {old} to {new}"
