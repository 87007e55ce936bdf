"""The slip behind a wrong figure: of the pen, of the eye that took another line, or of the formula behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from chainrule.checking.diagnosis.edits import Editor
from chainrule.checking.diagnosis.misprints import distinct, misprints
from chainrule.checking.diagnosis.ranking import ranked
from chainrule.checking.diagnosis.scene import Scene
from chainrule.checking.diagnosis.search import Hit, desks
from chainrule.checking.figures import Figure, Region, region
from chainrule.checking.forms import Form, form_of_node, leaves
from chainrule.checking.paper import meets
from chainrule.checking.report import Cause
from chainrule.dataclasses import replace
from chainrule.node import INPUT, NAME, Node, is_quantity
from chainrule.numbers.interval import Interval, absolute, mul, point
from chainrule.quantity import Derivative, Quantity

PUT_IN: Final = 4.0  # what a slip in the formula costs more where the right numbers stand before the figure
WORKED_OUT: Final = 1.5  # and what one costs in working out those numbers
FACTOR: Final = 1.5  # that a factor's own figure was copied: rather another factor was forgotten
MOST_ARITHMETIC: Final = 7.0


def figure_causes(scene: Scene) -> tuple[Cause, ...]:
    """The causes of a wrong figure."""
    figure = scene.judged.figure
    assert figure is not None
    link = scene.judged.link
    due = region(figure, exact=link.exact)
    routes = scene.paper.routes(scene.label)
    values = [*scene.values(scene.line.node, routes), *_before(scene)]
    accident = distinct(figure, values)
    numbers = [form for form in scene.line.formulas if is_of_numbers(form)]
    copied = dict(_copied(scene, figure, due))
    hits = [*_of_the_pen(scene, figure, values), *copied.values()]
    hits += conventions(scene, values, lambda value: meets(due, value))
    names = {node for node in copied if node is not None}
    in_formulas = [hit for hit in _in_formulas(scene, due, figure) if not _is_named(hit, names)]
    hits += [replace(hit, cost=hit.cost + (PUT_IN if numbers else 0.0)) for hit in in_formulas]
    for form in numbers:
        hits += _in_numbers(scene, form, due)
    if numbers:
        text = f"the numbers before it are right, but do not come to {figure.text}"
        hits.append(Hit("arithmetic", text, min(accident, MOST_ARITHMETIC), "arithmetic"))
    return ranked(hits, scene.search.tried, accident)


def _is_named(hit: Hit, names: set[Node]) -> bool:
    """Whether other quantities were put in so that the formula is another quantity's: its figure was copied."""
    return hit.slip == "other quantity put in" and hit.form is not None and hit.form.node in names


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


def is_of_numbers(form: Form) -> bool:
    """Whether numbers were put in for all quantities of a formula."""
    parts = leaves(form)
    return any(part.figure is not None for part in parts) and not any(is_quantity(part.node) for part in parts)


def _copied(scene: Scene, figure: Figure, due: Region) -> Iterator[tuple[Node | None, Hit]]:
    """The figure is one that belongs to another line; with the formula of what stands there."""
    paper, words = scene.paper, scene.words
    near = dict(scene.kin.near(scene.label))
    factors, own = factors_of(scene), _size(scene, scene.line.node)
    for label in dict.fromkeys([*paper.printed, *near]):
        node = scene.kin.node(label)
        if label == scene.label or node is None or node.op is INPUT or _size(scene, node) == own:
            continue
        figures = paper.printed.get(label, ())
        distance = near.get(label, 2)
        scene.search.tried["copied"] += bool(figures) or distance < 2
        far = FACTOR if node in factors else 0.0
        formula = node.args[0] if node.op is NAME else None
        if any(abs(one.figure.value) == abs(figure.value) for one in figures if figure.value):
            text = f"{figure.text} is the figure of {words.spelling(label)}"
            yield formula, Hit("copied from another line", text, 0.3 * distance + far, "copied")
        elif not figures and (value := paper.exact(node)) is not None and meets(due, value):
            text = f"{figure.text} is {words.of(node)}"
            yield formula, Hit("copied from another line", text, 1.2 + 0.5 * distance + far, "copied")


def _size(scene: Scene, at: Node) -> Interval | None:
    """The value of a node apart from its sign: a delta is the derivative, or minus it."""
    value = scene.paper.exact(at)
    return None if value is None else absolute(value)


def factors_of(scene: Scene) -> frozenset[Node]:
    """What the quantity is worked out from: where such a figure stands, something was left out on the way from it."""
    routes = scene.paper.routes(scene.label)
    return frozenset(leaf.node for route in routes for leaf in leaves(form_of_node(route)))


def conventions(scene: Scene, values: Sequence[Interval], fits: Callable[[Interval], bool]) -> Iterator[Hit]:
    """What was written is right for another factor of the loss: one convention, or one factor forgotten."""
    error = scene.paper.quantities.problem.minimise
    if error is None or not speaks_of_loss(scene, scene.label):
        return
    good = [label for label, figures in scene.paper.printed.items() if label != scene.label and figures[-1].good]
    slopes = [label for label in good if isinstance(label, Derivative) and label.of == error]
    if any(scene.kin.node(label) in factors_of(scene) for label in slopes):
        return  # the factor of the loss came in before
    name = scene.words.spelling(error)
    for factor, text in ((2, "twice what it should be"), (Fraction(1, 2), "half of what it should be")):
        scene.search.tried["convention"] += 1
        if not any(fits(scaled(value, Fraction(factor))) for value in values):
            continue
        # what is missing was forgotten, the 1/2 of an error or the 2 of its slope; what is too much is another error
        is_missing = (factor == 2) != isinstance(scene.label, Derivative)
        said = f"this is {text}: the 1/2 of the error, or the 2 of the square, is forgotten"
        yield Hit("square or half forgotten", said, 0.0 if is_missing else 1.5, "convention")
        if not slopes:  # a convention would have shown in them
            said = f"this is {text}: {name} is taken with another factor, 1/2 or none"
            yield Hit("other convention", said, 1.0 if is_missing else 0.0, "convention")


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

    for number, (plan, tables) in enumerate(scene.plans(scene.paper.routes(scene.label), scene.label)):
        for hit in scene.search.hits(plan, tables, fits, figure.unit):
            yield replace(hit, cost=hit.cost + 0.3 * number)


def _in_numbers(scene: Scene, form: Form, due: Region) -> Iterator[Hit]:
    """A slip in working out the numbers that stand before the figure."""
    plan = scene.paper.plan(form.node, of=scene.label, bad=False, before=scene.before, local=scene.line.numbers)
    edits = Editor(scene.paper, scene.kin, scene.label).edits(form)
    tables = desks(plan, of=scene.label, bad=False, before=scene.before)[:1]
    for hit in scene.search.matched(plan.nodes, None, edits, tables, lambda value: meets(due, value)):
        yield replace(hit, cost=hit.cost + WORKED_OUT)
