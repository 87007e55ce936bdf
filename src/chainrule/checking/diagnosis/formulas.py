"""The slip behind a wrong formula: the change that makes it right, or the one that turns the right one into it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from chainrule.checking.diagnosis.edits import replaced
from chainrule.checking.diagnosis.figures import scaled, speaks_of_loss
from chainrule.checking.diagnosis.ranking import ranked
from chainrule.checking.diagnosis.scene import Scene, quantities_in
from chainrule.checking.diagnosis.search import Desk, Hit
from chainrule.checking.diagnosis.substitutions import several, substitution_causes, wrong_pairs
from chainrule.checking.forms import Form
from chainrule.checking.identity import identical
from chainrule.checking.paper import Plan
from chainrule.checking.report import Cause
from chainrule.errors import ChainruleError
from chainrule.node import INPUT, Node, is_quantity, label_of, order
from chainrule.numbers.interval import Interval
from chainrule.quantity import Derivative

EXACTLY: Final = 40.0  # nothing fits a formula by accident
MOST_CANDIDATES: Final = 150
MOST_CONFIRMED: Final = 12  # explanations that are tested at more than one point


def formula_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of a wrong formula."""
    form = scene.judged.form
    assert form is not None
    desk = Desk(scene.paper, {}, "anywhere")
    written, due = desk.value(form.node), desk.value(scene.line.node)
    if not isinstance(written, Interval) or not isinstance(due, Interval):
        return ()
    hits = [*_repairs(scene, desk, form, due), *_edits(scene, desk, form, written), *_conventions(scene, written, due)]
    hits += _of_another(scene, desk, written)
    causes = ranked(hits, scene.search.tried, EXACTLY)
    if causes or scene.judged.alignment is None:
        return causes or _parts(scene)
    return substitution_causes(scene) if wrong_pairs(scene) else _parts(scene)


def same(one: Any, other: Any) -> bool:
    """Whether two enclosures, each of one number, may be of the same."""
    if not isinstance(one, Interval) or not isinstance(other, Interval) or None in (one.lo, one.hi, other.lo, other.hi):
        return False
    return bool(one.lo <= other.hi and other.lo <= one.hi)


def _repairs(scene: Scene, desk: Desk, form: Form, due: Interval) -> Iterator[Hit]:
    """A quantity of the formula that is to be another."""
    candidates = _candidates(scene, form)
    for at in quantities_in(form):
        near = {swap.other: swap for swap in scene.kin.swaps(scene.paper, at, frozenset())}
        for other in dict.fromkeys([*near, *candidates]):
            if other is at:
                continue
            right = replaced(form, {at: other})
            if (
                right is not None
                and same(desk.value(right.node), due)
                and identical(scene.paper, right.node, scene.line.node)
            ):
                slip, cost = _slip(scene, other, at)
                text = f"{scene.words.of(at)} was put in where {scene.words.of(other)} belongs"
                scene.search.tried[slip] += 1
                yield Hit(slip, text, cost, slip)


def _slip(scene: Scene, right: Node, put_in: Node) -> tuple[str, float]:
    """What it is called that one quantity is put in for another."""
    for swap in scene.kin.swaps(scene.paper, right, frozenset()):
        if swap.other is put_in:
            return swap.slip, swap.cost
    return "other quantity put in", 1.5


def _candidates(scene: Scene, form: Form) -> list[Node]:
    """Quantities that a formula like this may speak of: those of the right ones, and derivatives between neighbours."""
    found: dict[Node, None] = {}
    for plan in _plans(scene):
        found.update(dict.fromkeys(n for n in plan.nodes if is_quantity(n) and n is not plan.route))
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


def _plans(scene: Scene) -> Iterator[Plan]:
    """The formulas of the quantity with all that they are made of."""
    for route in scene.paper.routes(scene.label):
        yield Plan(scene.paper, route, order([route]), {}, frozenset())


def _edits(scene: Scene, desk: Desk, form: Form, written: Interval) -> Iterator[Hit]:
    """The slips in the right formulas that turn them into what is written."""
    confirmed = 0
    for plan in _plans(scene):
        for hit in scene.search.hits(plan, [desk], lambda value: same(value, written), None):
            confirmed += 1
            if confirmed > MOST_CONFIRMED:
                return
            yield hit


def _conventions(scene: Scene, written: Interval, due: Interval) -> Iterator[Hit]:
    """The formula belongs to another loss, or is that of minus the quantity."""
    name = scene.words.spelling(scene.label)
    if same(scaled(written, Fraction(-1)), due):
        yield Hit("sign", f"this is minus {name}", 0.6, "whole sign")
    for factor, text in ((2, "half of"), (Fraction(1, 2), "twice")):
        if speaks_of_loss(scene, scene.label) and same(scaled(written, Fraction(factor)), due):
            yield Hit("other convention", f"this is {text} {name}: a loss with another factor", -0.6, "convention")


def _of_another(scene: Scene, desk: Desk, written: Interval) -> Iterator[Hit]:
    """The formula is that of another quantity."""
    outputs = scene.paper.quantities.passes(1).backward.outputs
    for label, distance in scene.kin.near(scene.label):
        node = scene.kin.nodes.get(label) or outputs.get(label)
        if node is None or node.op is INPUT:
            continue
        scene.search.tried["copied"] += 1
        if same(desk.value(node), written):
            text = f"this is the formula of {scene.words.spelling(label)}"
            yield Hit("copied from another line", text, 0.5 + 0.4 * distance, "copied")


def _parts(scene: Scene) -> tuple[Cause, ...]:
    """What stands in the place of something else, where no single slip explains all of it."""
    alignment = scene.judged.alignment
    if alignment is None:
        return ()
    swapped = [
        Cause(
            _slip(scene, due.node, put.node)[0],
            f"{scene.words.of(put.node)} was put in where {scene.words.of(due.node)} belongs",
        )
        for put, due in alignment.others
        if is_quantity(put.node) and is_quantity(due.node)
    ]
    return (*several(scene, wrong_pairs(scene)), *swapped)
