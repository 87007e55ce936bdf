"""The slip behind numbers put in: which of them is not what belongs there, and what it is instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log
from typing import Any, Final

from chainrule.checking.alignment import Pair, align
from chainrule.checking.diagnosis.edits import TOO_MANY, Editor
from chainrule.checking.diagnosis.figures import conventions
from chainrule.checking.diagnosis.kin import Swap
from chainrule.checking.diagnosis.misprints import distinct, misprints
from chainrule.checking.diagnosis.ranking import ranked, worth_telling
from chainrule.checking.diagnosis.scene import Scene
from chainrule.checking.diagnosis.search import Desk, Hit, unprinted
from chainrule.checking.diagnosis.shapes import with_part
from chainrule.checking.figures import Figure, region
from chainrule.checking.forms import Form, form_of_node, leaves
from chainrule.checking.paper import meets
from chainrule.checking.report import Cause
from chainrule.checking.verdict import number_region, quick_judge, stands_for, verdict_of
from chainrule.dataclasses import replace
from chainrule.node import CONST, INPUT, NAME, Node
from chainrule.numbers.interval import Interval, interval, point

ANY: Final = 2.5  # what a number costs more that belongs to something of quite another kind
ONE_PLACE: Final = 2.0  # what is gained by knowing which number it is
BEHIND: Final = 1.0  # and a slip that was made before the number was put in
MOST_FORMS: Final = 60  # formulas with a slip that the numbers are laid on
OPENED: Final = 0.7  # what a slip costs more in the formula of a quantity that is put in
CLEAR: Final = 5.0  # what numbers come to tells less than each of them if they have few digits
CLEAN: Final = 10.0  # numbers do not lie on a formula by accident
UNSEEN: Final = 1.0  # a slip of the pen with a number that stands nowhere
TOGETHER: Final = 1.0  # a number has to stand for several at once
ROUNDED: Final = 1.5  # that a given number was rounded as well
SUBTREE: Final = 1.5  # one number for a whole formula


def substitution_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of wrong numbers, or of a formula with wrong numbers in it."""
    form, alignment, tried = scene.judged.form, scene.judged.alignment, scene.search.tried
    assert form is not None
    bad = wrong_pairs(scene)
    hits: list[Hit] = []
    box = _box(scene, form)
    if box is None:
        return several(scene, bad)  # what divides by 0 may come to anything
    if alignment is not None and alignment.is_same_shape() and len(bad) == 1:
        accident = distinct(figure_of(bad[0]), []) + ONE_PLACE
        hits += worth_telling(number_hits(scene, bad[0]), tried, accident)
    hits += worth_telling(_structural(scene, form), tried, CLEAN)
    if hits:
        return ranked(hits, tried)
    accident = _narrowness(box)
    hits = [
        hit for found in (_turned(scene, form), _by_value(scene, box)) for hit in worth_telling(found, tried, accident)
    ]
    return (several(scene, bad) if accident < CLEAR else ()) or ranked(hits, tried) or several(scene, bad)


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


def _without_ones(scene: Scene, of: Form) -> Form:
    """The one factor of a product that is not 1, as w is of w*x0."""
    parts = [part for part in of.parts if scene.paper.exact(part.node) != point(1)]
    return parts[0] if of.kind == "product" and len(parts) == 1 and of.sign > 0 else of


def number_hits(scene: Scene, pair: Pair) -> Iterator[Hit]:
    """What a wrong number may be, put in for something else."""
    pair = replace(pair, of=_without_ones(scene, pair.of))
    figure, at = figure_of(pair), pair.of.node
    paper, tried = scene.paper, scene.search.tried
    label = paper.label_at(at)
    routes = paper.routes(label) if label is not None else [at]
    values = [*scene.values(at, routes if at.op is not CONST else []), *_as_printed(scene, at)]
    far = 0.0 if not at.args or label in paper.printed else UNSEEN
    far += 0.0 if pair.of.kind == "leaf" else SUBTREE
    for one in misprints(figure, values, lambda other: number_region(paper, other, at), shortest=1):
        tried[f"pen: {one.slip}"] = one.among
        rounded = ROUNDED if at.op is INPUT and paper.exact(at) != point(one.figure.value) else 0.0
        yield Hit(one.slip, f"in {figure.text} {one.text}", one.cost + far + rounded, f"pen: {one.slip}")
    yield from (replace(hit, cost=hit.cost + (far and SUBTREE)) for hit in _taken_for(scene, figure, pair))
    if not at.args:
        return
    due = number_region(paper, figure, at)
    for plan, tables in scene.plans([at.args[0] if at.op is NAME else at], label):
        for hit in scene.search.hits(plan, tables, lambda value: meets(due, value), figure.unit):
            yield replace(hit, cost=hit.cost + BEHIND + far)


def _as_printed(scene: Scene, at: Node) -> list[Interval]:
    label = scene.paper.label_at(at)
    return [] if label is None else [point(one.figure.value) for one in scene.paper.printed.get(label, ())]


def _taken_for(scene: Scene, figure: Figure, pair: Pair) -> Iterator[Hit]:
    """The quantity whose value the number is."""
    at, words, tried = pair.of.node, scene.search.tools.words, scene.search.tried
    formula = scene.judged.formula
    around = frozenset(leaf.node for leaf in leaves(formula)) if formula is not None else frozenset()
    swaps = [swap for swap in scene.kin.swaps(scene.paper, at, around) if swap.other is not scene.line.node]
    tried.update(f"number: {swap.slip}" for swap in swaps)
    found = [swap for swap in swaps if _is_value(scene, figure, swap.other)]
    if not found and at.op is not CONST:
        labels = [label for label in (*scene.paper.printed, *scene.kin.nodes) if label != scene.label]
        others = [other for label in labels if (other := scene.kin.node(label)) is not None and other is not at]
        found = [Swap(one, "other quantity put in", ANY) for one in others if _is_value(scene, figure, one)]
    for swap in found:
        text = f"{figure.text} was put in where {words.valued(at)} belongs: it is {words.of(swap.other)}"
        inexact = (
            0.0 if point(figure.value) in (scene.paper.exact(swap.other), *_as_printed(scene, swap.other)) else 0.5
        )
        cost = swap.cost + inexact + unprinted(scene.paper, swap.other)
        yield Hit(swap.slip, text, cost, f"number: {swap.slip}")


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


def _structural(scene: Scene, form: Form) -> Iterator[Hit]:
    """The slips in a formula that make the numbers right."""
    paper, line = scene.paper, scene.line
    judge = quick_judge(paper, line)
    editor = Editor(paper, scene.kin, scene.label)
    references = [*reversed(line.formulas), *(form_of_node(route) for route in paper.routes(scene.label))]
    box = _box(scene, form)
    tables = [Desk(paper, {}, "printed", of=scene.label, bad=True, before=scene.before), Desk(paper, {}, "exact")]
    opened = dict.fromkeys(one for reference in references for one in _opened(reference))
    laid = 0
    for reference, far in ((one, OPENED if one in opened else 0.0) for one in dict.fromkeys([*references, *opened])):
        edits = editor.edits(reference)
        group = "opened" if far else "laid"
        scene.search.tried.update(f"{group}: {edit.group}" for edit in edits)
        for edit in edits:
            if line.node in edit.said or not any(overlap(box, desk.value(edit.form.node)) for desk in tables):
                continue
            laid += 1
            if laid > MOST_FORMS:
                return
            laid_on = align(form, edit.form, judge)
            if verdict_of(paper, line, laid_on) != "wrong":
                text = scene.search.tools.words.fill(edit.text, edit.said)
                together = TOGETHER if any(pair.of.kind in ("sum", "product") for pair in laid_on.pairs) else 0.0
                yield Hit(edit.slip, text, edit.cost + far + together, f"{group}: {edit.group}", edit.form)


def _turned(scene: Scene, form: Form) -> Iterator[Hit]:
    """Something that stands among the numbers and is not to, or with the other sign."""
    values = scene.values(scene.line.node, scene.paper.routes(scene.label))
    for edit in Editor(scene.paper, scene.kin, scene.label).edits(form):
        if edit.slip not in TOO_MANY:
            continue
        slip, text = TOO_MANY[edit.slip]
        scene.search.tried[f"turned: {slip}"] += 1
        if any(overlap(_box(scene, form, edit.form), value) for value in values):
            said = edit.said[::-1] if slip == "subtraction reversed" else edit.said
            yield Hit(slip, scene.words.fill(text or edit.text, said), edit.cost + 0.5, f"turned: {slip}")


def _by_value(scene: Scene, box: Interval | None) -> Iterator[Hit]:
    """The slips that give what the numbers come to, in whatever form."""
    if box is None:
        return

    def fits(value: Interval) -> bool:
        return overlap(box, value)

    routes = scene.paper.routes(scene.label)
    yield from conventions(scene, scene.values(scene.line.node, routes), fits)
    for plan, tables in scene.plans(routes, scene.label):
        for hit in scene.search.hits(plan, tables, fits, None):
            yield replace(hit, cost=hit.cost + 0.7)


def _narrowness(box: Interval | None) -> float:
    """How unlikely it is that a value falls into a box by accident."""
    low, high = box.bounds if box is not None else (None, None)
    if low is None or high is None or low == high:
        return CLEAN
    times = max(abs(low), abs(high)) / (high - low)
    return CLEAN if times > exp(CLEAN) else log(times + 1)


def _box(scene: Scene, form: Form, other: Form | None = None) -> Interval | None:
    """All that a link of numbers may come to, or another form of them, each being any value that rounds to it."""
    numbers = {leaf.node: region(leaf.figure) for leaf in leaves(form) if leaf.figure is not None}
    boxes = {at: interval(due.low, due.high) for at, due in numbers.items()}
    value = Desk(scene.paper, boxes, "exact").value((other or form).node)
    return value if isinstance(value, Interval) and value.is_finite() else None


def _opened(form: Form) -> Iterator[Form]:
    """The formula with one of its quantities replaced by the formula of that."""
    if form.kind == "leaf" and form.node.op is NAME:
        yield form_of_node(form.node.args[0])
    for i, part in enumerate(form.parts):
        at = part.node
        if at.op is NAME and part.kind == "leaf" and at.args[0].op is not CONST:
            whole = with_part(form, i, form_of_node(at.args[0]))
            if whole is not None:
                yield whole
