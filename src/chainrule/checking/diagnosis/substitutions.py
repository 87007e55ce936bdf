"""The slip behind numbers put in: which of them is not what belongs there, and what it is instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from chainrule.checking.alignment import Pair, align
from chainrule.checking.diagnosis.edits import Editor
from chainrule.checking.diagnosis.misprints import distinct, misprints
from chainrule.checking.diagnosis.ranking import ranked
from chainrule.checking.diagnosis.scene import Scene
from chainrule.checking.diagnosis.search import Desk, Hit
from chainrule.checking.diagnosis.shapes import with_part
from chainrule.checking.figures import Figure, region
from chainrule.checking.forms import Form, form_of_node, leaves
from chainrule.checking.paper import meets
from chainrule.checking.report import Cause
from chainrule.checking.verdict import number_region, quick_judge, stands_for, verdict_of
from chainrule.node import CONST, NAME, Node
from chainrule.numbers.interval import Interval, interval, point

ANY: Final = 2.5  # what a number costs more that belongs to something of quite another kind
ONE_PLACE: Final = 2.0  # what is gained by knowing which number it is
BEHIND: Final = 1.0  # and a slip that was made before the number was put in
MOST_FORMS: Final = 60  # formulas with a slip that the numbers are laid on
OPENED: Final = 3  # quantities whose formula is opened for that


def substitution_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of wrong numbers, or of a formula with wrong numbers in it."""
    bad = wrong_pairs(scene)
    alignment = scene.judged.alignment
    accident = sum((distinct(figure_of(pair), []) for pair in bad), 0.0)
    if alignment is not None and alignment.is_same_shape() and len(bad) == 1:
        return ranked(number_hits(scene, bad[0]), scene.search.tried, accident + ONE_PLACE)
    hits = list(_structural(scene))
    if hits:
        return ranked(hits, scene.search.tried, accident + 10.0)
    return several(scene, bad)


def several(scene: Scene, bad: Sequence[Pair]) -> tuple[Cause, ...]:
    """Of each wrong number its best cause, for they cannot be one slip."""
    causes = []
    for pair in bad:
        accident = distinct(figure_of(pair), []) + ONE_PLACE
        causes.append(ranked(number_hits(scene, pair), scene.search.tried, accident))
    return tuple([cause for found in causes for cause in found[:1]])


def wrong_pairs(scene: Scene) -> list[Pair]:
    """The numbers that are not what they stand for."""
    alignment = scene.judged.alignment
    if alignment is None:
        return []
    return [pair for pair in alignment.pairs if stands_for(scene.paper, scene.line, pair) == "wrong"]


def figure_of(pair: Pair) -> Figure:
    """The number of a pair, with the sign in which it stands for its quantity."""
    figure = pair.part.figure
    assert figure is not None
    return replace(figure, value=-figure.value, negative=not figure.negative) if pair.negative else figure


def number_hits(scene: Scene, pair: Pair) -> Iterator[Hit]:
    """What a wrong number may be, put in for something else."""
    figure, at = figure_of(pair), pair.of.node
    paper, words, tried = scene.paper, scene.words, scene.search.tried
    label = paper.label_at(at)
    routes = paper.routes(label) if label is not None else [at]
    values = [*scene.values(at, routes if at.op is not CONST else []), *_as_printed(scene, at)]
    for one in misprints(figure, values, lambda other: number_region(paper, other, at)):
        tried[f"pen: {one.slip}"] = one.among
        yield Hit(one.slip, f"{one.text}, for {words.of(at)}", one.cost, f"pen: {one.slip}")
    yield from _taken_for(scene, figure, pair)
    if not at.args:
        return
    due = number_region(paper, figure, at)

    def fits(value: Interval) -> bool:
        return meets(due, value)

    for plan, tables in scene.plans([at.args[0] if at.op is NAME else at], label):
        for hit in scene.search.hits(plan, tables, fits, figure.unit):
            yield replace(hit, cost=hit.cost + BEHIND)


def _as_printed(scene: Scene, at: Node) -> list[Interval]:
    label = scene.paper.label_at(at)
    return [] if label is None else [point(one.figure.value) for one in scene.paper.printed.get(label, ())]


def _taken_for(scene: Scene, figure: Figure, pair: Pair) -> Iterator[Hit]:
    """The quantity whose value the number is."""
    at, words, tried = pair.of.node, scene.words, scene.search.tried
    formula = scene.judged.formula
    around = frozenset(leaf.node for leaf in leaves(formula)) if formula is not None else frozenset()
    found = False
    for swap in scene.kin.swaps(scene.paper, at, around):
        tried[f"number: {swap.slip}"] += 1
        if _is_value(scene, figure, swap.other):
            found = True
            text = f"{figure.text} was put in where {words.valued(at)} belongs: it is {words.of(swap.other)}"
            yield Hit(swap.slip, text, swap.cost, f"number: {swap.slip}")
    if not found and at.op is not CONST:
        for other in scene.kin.nodes.values():
            if other is not at and _is_value(scene, figure, other):
                text = f"{figure.text} was put in where {words.valued(at)} belongs: it is {words.of(other)}"
                yield Hit("other quantity put in", text, ANY, "number: other quantity put in")


def _is_value(scene: Scene, figure: Figure, other: Node) -> bool:
    """Whether a number is the value of a quantity, exactly or as it was printed."""
    due = number_region(scene.paper, figure, other)
    exact = scene.paper.exact(other)
    values = [*([] if exact is None else [exact]), *_as_printed(scene, other)]
    return any(meets(due, value) for value in values)


def overlap(one: Any, other: Any) -> bool:
    """Whether two enclosures have a number in common; one that is not bounded may have any."""
    if not isinstance(one, Interval) or not isinstance(other, Interval):
        return True
    ends = (one.lo, one.hi, other.lo, other.hi)
    return None in ends or bool(one.lo <= other.hi and other.lo <= one.hi)


# Slips in the formula that the numbers were put into ------------------------------------------------------------


def _structural(scene: Scene) -> Iterator[Hit]:
    """The slips in a formula that make the numbers right."""
    form, paper, line = scene.judged.form, scene.paper, scene.line
    assert form is not None
    judge = quick_judge(paper, line)
    editor = Editor(paper, scene.kin, scene.label)
    references = [*reversed(line.formulas), *(form_of_node(route) for route in paper.routes(scene.label))]
    box = _box(scene, form)
    tables = [Desk(paper, {}, "printed", of=scene.label, bad=True), Desk(paper, {}, "exact")]
    laid = 0
    for reference in dict.fromkeys([*references, *(one for ref in references for one in _opened(scene, ref))]):
        edits = editor.edits(reference)
        scene.search.tried.update(edit.group for edit in edits)
        for edit in edits:
            if not any(overlap(box, desk.value(edit.form.node)) for desk in tables):
                continue
            laid += 1
            if laid > MOST_FORMS:
                return
            if verdict_of(paper, line, align(form, edit.form, judge)) != "wrong":
                yield Hit(edit.slip, scene.words.fill(edit.text, edit.said), edit.cost, edit.group, edit.form)


def _box(scene: Scene, form: Form) -> Interval | None:
    """All that a link of numbers may come to, each number being any value that rounds to it."""
    numbers = {leaf.node: region(leaf.figure) for leaf in leaves(form) if leaf.figure is not None}
    boxes = {at: interval(due.low, due.high) for at, due in numbers.items()}
    value = Desk(scene.paper, boxes, "exact").value(form.node)
    return value if isinstance(value, Interval) else None


def _opened(scene: Scene, form: Form) -> Iterator[Form]:
    """The formula with one of its quantities replaced by the formula of that."""
    for i, part in enumerate(form.parts):
        at = part.node
        if at.op is NAME and part.kind == "leaf" and at.args[0].op is not CONST:
            whole = with_part(form, i, form_of_node(at.args[0]))
            if whole is not None:
                yield whole
