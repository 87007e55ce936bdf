"""The slip behind a wrong formula: the change that makes it right, or the one that turns the right one into it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from chainrule.checking.diagnosis.edits import PUT_IN, TOO_MANY, Editor
from chainrule.checking.diagnosis.figures import FACTOR, conventions, factors_of, scaled
from chainrule.checking.diagnosis.ranking import ranked
from chainrule.checking.diagnosis.scene import Scene, quantities_in
from chainrule.checking.diagnosis.search import Desk, Hit
from chainrule.checking.diagnosis.shapes import differences, replaced
from chainrule.checking.diagnosis.substitutions import several, substitution_causes, wrong_pairs
from chainrule.checking.forms import Form
from chainrule.checking.paper import Plan
from chainrule.checking.report import Cause
from chainrule.dataclasses import replace
from chainrule.errors import ChainruleError
from chainrule.explanation.spelling import negative_deltas
from chainrule.node import INPUT, Node, is_quantity, label_of, order
from chainrule.numbers.interval import Interval, div, point
from chainrule.quantity import Derivative, spell

EXACTLY: Final = 40.0  # nothing fits a formula by accident
MOST_CANDIDATES: Final = 150
LITERALLY: Final = 1.5  # what a reversed difference gains that stands there in so many words
FIRST: Final = 4  # candidates that the formula itself speaks of


def formula_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of a wrong formula."""
    form = scene.judged.form
    assert form is not None
    desk = _desk(scene, form)
    written, due = desk.value(form.node), desk.value(scene.line.node)
    if not isinstance(written, Interval) or not isinstance(due, Interval):
        return ()
    hits = [*_repairs(scene, desk, form, due), *_surplus(scene, desk, form, due)]
    if not same(written, point(0)):  # many a slip makes a formula vanish, and says nothing
        hits += [*_edits(scene, desk, form, written), *_conventions(scene, written, due)]
        hits += [*_of_another(scene, desk, written)]
        hits += [] if hits else [*_gap(scene, desk, form, written, due)]
    causes = ranked(hits, scene.search.tried, EXACTLY)
    if causes or scene.judged.alignment is None:
        return causes
    return substitution_causes(scene) or _parts(scene)


def _desk(scene: Scene, form: Form) -> Desk:
    """A place beside the problem; givens that the formula does not name stay as they are, as x0 = 1 does."""
    given, named = set(scene.paper.quantities.problem.given), set(quantities_in(form))
    inputs = [n for n in order([scene.line.node]) if n.op is INPUT and label_of(n) in given and n not in named]
    values = {n: scene.paper.exact(n) for n in inputs}
    return Desk(scene.paper, {n: value for n, value in values.items() if value is not None}, "anywhere")


def same(one: Any, other: Any) -> bool:
    """Whether two enclosures, each of one number, may be of the same."""
    if not isinstance(one, Interval) or not isinstance(other, Interval) or None in (one.lo, one.hi, other.lo, other.hi):
        return False
    return bool(one.lo <= other.hi and other.lo <= one.hi)


# What would make it right -----------------------------------------------------------------------------------------


def _repairs(scene: Scene, desk: Desk, form: Form, due: Interval) -> Iterator[Hit]:
    """A quantity of the formula that is to be another."""
    candidates = _candidates(scene, form)
    for at in quantities_in(form):
        near = {swap.other: swap for swap in scene.kin.swaps(scene.paper, at, frozenset())}
        for other in dict.fromkeys([*near, *candidates]):
            is_other = other is not at and other is not scene.line.node
            right = replaced(form, {at: other}) if is_other else None
            if right is not None and same(desk.value(right.node), due):
                slip, cost = _slip(scene, other, at)
                text = f"{scene.words.of(at)} was put in where {scene.words.of(other)} belongs"
                scene.search.tried[f"name: {slip}"] += 1
                yield Hit(slip, text, cost + (0.0 if other in candidates[:FIRST] else 0.4), f"name: {slip}")


def _slip(scene: Scene, right: Node, put_in: Node) -> tuple[str, float]:
    """What it is called that one quantity is put in for another."""
    for swap in scene.kin.swaps(scene.paper, right, frozenset()):
        if swap.other is put_in:
            return swap.slip, swap.cost
    return "other quantity put in", 1.5


def _candidates(scene: Scene, form: Form) -> list[Node]:
    """Quantities that a formula like this may speak of: those of the right ones, and derivatives between neighbours."""
    found: dict[Node, None] = {}
    for plan in _plans(scene, form):
        found.update(dict.fromkeys(n for n in reversed(plan.nodes) if is_quantity(n) and n is not plan.route))
    quantities = scene.paper.quantities
    spoken = {label_of(n) for n in quantities_in(form)}
    spoken |= {part for one in spoken if isinstance(one, Derivative) for part in (one.of, one.by)}
    for of, args in quantities.uses.items():
        for by in args:
            if len(found) < MOST_CANDIDATES and (of in spoken or by in spoken):
                try:
                    found[quantities.node(Derivative(of, by))] = None
                except ChainruleError:
                    continue
    return list(found)[:MOST_CANDIDATES]


def _surplus(scene: Scene, desk: Desk, form: Form, due: Interval) -> Iterator[Hit]:
    """Something that stands in the formula and is not to."""
    for edit in Editor(scene.paper, scene.kin, scene.label).edits(form):
        if edit.slip in TOO_MANY and same(desk.value(edit.form.node), due):
            slip, text = TOO_MANY[edit.slip]
            said = edit.said[::-1] if edit.slip == "subtraction reversed" else edit.said
            scene.search.tried[f"surplus: {slip}"] += 1
            cost = edit.cost + (0.3 if text or slip == "sign" else 0.0)
            yield Hit(slip, scene.words.fill(text or edit.text, said), cost, f"surplus: {slip}")


def _gap(scene: Scene, desk: Desk, form: Form, written: Interval, due: Interval) -> Iterator[Hit]:
    """A factor that the formula lacks."""
    lacking = div(due, written)
    deltas = negative_deltas(scene.paper.quantities.problem)
    for at in _candidates(scene, form):
        value = desk.value(at)
        if same(value, lacking):
            yield Hit("factor missing", f"the factor {scene.words.of(at)} is missing", 0.0, "gap")
        elif isinstance(value, Interval) and same(scaled(value, Fraction(-1)), lacking):
            label = label_of(at)
            delta = deltas.get(label.by) if isinstance(label, Derivative) else None
            said = f"-{scene.words.of(at)}" if delta is None else spell(delta[1])
            yield Hit("factor missing", f"the factor {said} is missing", 0.0, "gap")


# What would make the right one wrong in this way ------------------------------------------------------------------


def _plans(scene: Scene, form: Form) -> Iterator[Plan]:
    """The formulas of the quantity with what they are made of, as far as what the line names."""
    named = frozenset(quantities_in(form))
    for route in scene.paper.routes(scene.label):
        yield Plan(scene.paper, route, order([route], cut=named.__contains__), {}, frozenset())


def _edits(scene: Scene, desk: Desk, form: Form, written: Interval) -> Iterator[Hit]:
    """The slips in the right formulas that turn them into what is written."""
    stands = differences(form)
    for plan in _plans(scene, form):
        for hit in scene.search.hits(plan, [desk], lambda value: same(value, written), None):
            turned = hit.said[0] if hit.slip == "subtraction reversed" else None
            is_there = isinstance(turned, Form) and not differences(turned).isdisjoint(stands)
            yield replace(hit, cost=hit.cost - LITERALLY) if is_there else hit


def _conventions(scene: Scene, written: Interval, due: Interval) -> Iterator[Hit]:
    """The formula belongs to another loss, or is that of minus the quantity."""
    if same(scaled(written, Fraction(-1)), due):
        yield Hit("sign", f"this is minus {scene.words.spelling(scene.label)}", 0.6, "whole sign")
    for hit in conventions(scene, [due], lambda value: same(value, written)):
        yield replace(hit, group="convention of a formula")


def _of_another(scene: Scene, desk: Desk, written: Interval) -> Iterator[Hit]:
    """The formula is that of another quantity."""
    factors = factors_of(scene)
    for label, distance in scene.kin.near(scene.label):
        node = scene.kin.node(label)
        if node is None or node.op is INPUT:
            continue
        scene.search.tried["copied"] += 1
        if same(desk.value(node), written):
            text = f"this is the formula of {scene.words.spelling(label)}"
            far = FACTOR if node in factors else 0.0
            yield Hit("copied from another line", text, 0.5 + 0.4 * distance + far, "copied")


# More than one slip -------------------------------------------------------------------------------------------------


def _parts(scene: Scene) -> tuple[Cause, ...]:
    """What stands in the place of something else, where no single slip explains all of it."""
    alignment = scene.judged.alignment
    if alignment is None:
        return ()
    swapped = [
        Cause(
            _slip(scene, due.node, put.node)[0],
            scene.words.fill(PUT_IN, (put, due)),
        )
        for put, due in alignment.others
        if is_quantity(put.node) and is_quantity(due.node)
    ]
    return (*several(scene, wrong_pairs(scene)), *swapped)
