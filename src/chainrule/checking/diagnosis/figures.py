"""The slip behind a wrong figure: of the pen, of the eye that took another line, or of the formula behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from chainrule.checking.diagnosis.edits import Editor
from chainrule.checking.diagnosis.misprints import distinct, misprints
from chainrule.checking.diagnosis.ranking import ranked
from chainrule.checking.diagnosis.scene import Scene
from chainrule.checking.diagnosis.search import Hit, desks
from chainrule.checking.figures import Figure, Region, region
from chainrule.checking.forms import Form, leaves
from chainrule.checking.paper import meets
from chainrule.checking.report import Cause
from chainrule.node import INPUT, NAME
from chainrule.numbers.interval import Interval, mul, point
from chainrule.quantity import Derivative, Quantity

PUT_IN: Final = 4.0  # what a slip in the formula costs more where the right numbers stand before the figure
WORKED_OUT: Final = 1.5  # and what one costs in working out those numbers
MOST_ARITHMETIC: Final = 6.0


def figure_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of a wrong figure."""
    figure = scene.judged.figure
    assert figure is not None
    link = scene.judged.link
    due = region(figure, exact=link.exact)
    routes = scene.paper.routes(scene.label)
    values = [*scene.values(scene.line.node, routes), *_before(scene)]
    accident = distinct(figure, values)
    numbers = [form for form in scene.line.formulas if any(leaf.figure is not None for leaf in leaves(form))]
    hits = [*_of_the_pen(scene, figure, values), *_copied(scene, figure, due), *_conventions(scene, values, due)]
    hits += [replace(hit, cost=hit.cost + (PUT_IN if numbers else 0.0)) for hit in _in_formulas(scene, due, figure)]
    for form in numbers:
        hits += _in_numbers(scene, form, due)
    if numbers:
        text = f"the numbers before it are right, but do not come to {figure.text}"
        hits.append(Hit("arithmetic", text, min(0.75 * accident, MOST_ARITHMETIC), "arithmetic"))
    return ranked(hits, scene.search.tried, accident)


def _before(scene: Scene) -> Iterator[Interval]:
    """What the links before the figure come to."""
    yield from (value for value, good in scene.line.values if good)
    for form in scene.line.bad:
        value = scene.paper.exact(form.node)
        if value is not None:
            yield value


def _of_the_pen(scene: Scene, figure: Figure, values: list[Interval]) -> Iterator[Hit]:
    for one in misprints(figure, values):
        scene.search.tried[f"pen: {one.slip}"] = one.among
        yield Hit(one.slip, one.text, one.cost, f"pen: {one.slip}")


def _copied(scene: Scene, figure: Figure, due: Region) -> Iterator[Hit]:
    """The figure is one that belongs to another line."""
    paper, words = scene.paper, scene.words
    near = dict(scene.kin.near(scene.label))
    for label, figures in paper.printed.items():
        if label == scene.label:
            continue
        scene.search.tried["copied"] += label not in near or near[label] < 2
        if any(abs(one.figure.value) == abs(figure.value) for one in figures if figure.value):
            text = f"{figure.text} is the figure of {words.spelling(label)}"
            yield Hit("copied from another line", text, 0.3 * near.get(label, 2), "copied")
    for label, distance in near.items():
        node = scene.kin.node(label)
        if node is None or label in paper.printed:
            continue
        scene.search.tried["copied"] += distance < 2
        value = paper.exact(node)
        if value is not None and meets(due, value) and node.op is not INPUT:
            text = f"{figure.text} is {words.of(node)}"
            yield Hit("copied from another line", text, 0.4 + 0.5 * distance, "copied")


def _conventions(scene: Scene, values: list[Interval], due: Region) -> Iterator[Hit]:
    """The figure is right for another factor of the loss."""
    error = scene.paper.quantities.problem.minimise
    if error is None or not speaks_of_loss(scene, scene.label):
        return
    for factor, text in ((2, "twice what it should be"), (Fraction(1, 2), "half of what it should be")):
        scene.search.tried["convention"] += 1
        if any(meets(due, scaled(value, Fraction(factor))) for value in values):
            name = scene.words.spelling(error)
            said = f"this is {text}: {name} is taken with another factor, 1/2 or none"
            yield Hit("other convention", said, 0.0 if isinstance(scene.label, Derivative) else 0.7, "convention")


def speaks_of_loss(scene: Scene, label: Quantity) -> bool:
    """Whether a quantity scales with the loss: it is one, or a derivative of one."""
    top = label.of if isinstance(label, Derivative) else label
    uses = scene.paper.quantities.uses
    return any(scene.kin.is_target(one) for one in uses.get(top, ())) or top == scene.paper.quantities.problem.minimise


def scaled(value: Interval, factor: Fraction) -> Interval:
    """An interval times a number."""
    return mul(value, point(factor))


def _in_formulas(scene: Scene, due: Region, figure: Figure) -> Iterator[Hit]:
    """A slip in a formula of the quantity, or of something on the way to it."""

    def fits(value: Interval) -> bool:
        return meets(due, value)

    others = {one.args[0] for one in scene.kin.nodes.values() if one.op is NAME}
    for number, (plan, tables) in enumerate(scene.plans(scene.paper.routes(scene.label), scene.label)):
        for hit in scene.search.hits(plan, tables, fits, figure.unit):
            if hit.form is not None and hit.form.node in others:
                continue  # the formula of another quantity: its figure was copied
            yield replace(hit, cost=hit.cost + 0.3 * number)


def _in_numbers(scene: Scene, form: Form, due: Region) -> Iterator[Hit]:
    """A slip in working out the numbers that stand before the figure."""
    plan = scene.paper.plan(form.node, of=scene.label, bad=False, before=None, local=scene.line.numbers)
    edits = Editor(scene.paper, scene.kin, scene.label).edits(form)
    for hit in scene.search.matched(plan.nodes, None, edits, desks(plan, of=scene.label, bad=False)[:1],
                                    lambda value: meets(due, value)):  # fmt: skip
        yield replace(hit, cost=hit.cost + WORKED_OUT)
