"""Which slip gives what was written? Every edit of every formula on the way is worked out, figures as printed or not.

Nodes are interned and each desk keeps what it has worked out, so an edit costs no more than the few nodes above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any, Final, Literal

from chainrule.checking.diagnosis.edits import Edit, Editor
from chainrule.checking.diagnosis.kin import Kin, kin_of
from chainrule.checking.diagnosis.misprints import figure_at, slips_of_the_pen
from chainrule.checking.diagnosis.wording import Said, Words, decimal
from chainrule.checking.forms import Form, form_of_node
from chainrule.checking.paper import NO_VALUE, PRECISIONS, WAYS, Paper, Plan
from chainrule.dataclasses import dataclass, field
from chainrule.evaluate import apply
from chainrule.explanation.spelling import spelling_of
from chainrule.node import CONST, INPUT, NAME, Node, is_quantity, label_of, order
from chainrule.numbers.interval import EVERYTHING, Interval, interval, interval_numbers, point
from chainrule.quantity import Quantity

MOST_MIXED: Final = 8  # antecedents that are exchanged one by one
MOST_INNER: Final = 24  # quantities on the way that may hold the slip
NOWHERE: Final = 0.8  # what it costs that a quantity was put in whose figure stands nowhere
FEWER_DIGITS: Final = 7
MOST_WORK: Final = 60_000  # operations of one search


@dataclass(slots=True, eq=False)
class Desk:
    """One way to have the antecedents: as printed, unrounded, or mixed; `cost` is how unusual that is."""

    paper: Paper
    known: Mapping[Node, Interval]
    brought: Literal["printed", "exact", "anywhere"]  # how a quantity is taken that an edit brings in
    bad: bool = False  # also figures that are wrong
    cost: float = 0.0
    of: Quantity | None = None
    before: int | None = None  # only what was printed then
    done: dict[Node, Any] = field(default_factory=dict)
    work: int = 0

    def __post_init__(self) -> None:
        self.done.update(self.known)

    def value(self, root: Node) -> Any:
        """The value of a node; NO_VALUE where it has none."""
        if root in self.done:
            return self.done[root]
        numbers = interval_numbers(PRECISIONS[0])
        with numbers.s.context():
            for current in order([root], cut=self._is_known):
                if current not in self.done:
                    self.done[current] = self.applied(current, [self.done[a] for a in current.args])
        return self.done[root]

    def applied(self, current: Node, args: Sequence[Any]) -> Any:
        """The value of a node from those of its arguments."""
        self.work += 1
        if not current.args:
            return self.paper.value_at(current, PRECISIONS[0])
        return NO_VALUE if any(a is NO_VALUE for a in args) else apply(current, args, interval_numbers(PRECISIONS[0]))

    def _is_known(self, at: Node) -> bool:
        if at not in self.done and is_quantity(at):
            label = label_of(at)
            if self.brought == "anywhere":
                if at.op is INPUT:
                    self.done[at] = _beside(self.paper.exact(at), label)
            elif self.brought == "exact":
                self.done[at] = self.paper.value_at(at, PRECISIONS[0])
            elif label != self.of:
                found = self.paper.printed.get(label, ())
                figures = [one for one in found if one.good or self.bad]
                figures = [one for one in figures if self.before is None or one.order < self.before]
                if figures:
                    self.done[at] = point(figures[-1].figure.value)
        return at in self.done


def _beside(value: Interval | None, label: Quantity) -> Interval:
    """A number near the value of an input, always the same one: formulas that agree there agree by no accident."""
    exact = (value.bounds[0] if value is not None else None) or Fraction(0)
    step = Fraction(Random(repr(label)).randrange(500, 1000), 64_019)
    return point(exact + step * max(abs(exact), Fraction(1, 4)))


def desks(plan: Plan, *, of: Quantity | None, bad: bool, before: int | None = None) -> list[Desk]:
    """The ways to have the antecedents of a plan, the usual ones first."""
    first = {n: values[0] for n, values in plan.choices.items()}
    last = {n: values[-1] for n, values in plan.choices.items()}
    extra = 1.0 if bad else 0.0
    found = [Desk(plan.paper, first, "printed", bad, extra, of, before)]
    if plan.choices and not bad:
        found.append(Desk(plan.paper, last, "exact", bad, 0.2, of, before))
    if 1 < len(plan.choices) <= MOST_MIXED:
        found += [
            Desk(plan.paper, {**first, n: last[n]}, "printed", bad, extra + 0.7, of, before) for n in plan.choices
        ]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Toolbox:
    """What all diagnoses of one working share: who is kin, how it is said, and the edits made so far."""

    paper: Paper
    kin: Kin
    words: Words
    anywhere: Desk  # all inputs beside their values, for what must be the same everywhere
    _edits: dict[tuple[Quantity | None, Node, bool], list[Edit]] = field(default_factory=dict)

    def edits(self, label: Quantity | None, root: Node) -> list[Edit]:
        """The single slips in a formula of a quantity."""
        key = label, root, self.kin.has_updates(self.paper)
        if key not in self._edits:
            self._edits[key] = Editor(self.paper, self.kin, label).edits(form_of_node(root))
        return self._edits[key]


def toolbox(paper: Paper) -> Toolbox:
    """The tools for a working."""
    words = Words(paper, spelling_of(paper.quantities.problem))
    return Toolbox(paper, kin_of(paper.quantities), words, Desk(paper, {}, "anywhere"))


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """An edit that gives what was written, and how usual the way there is."""

    slip: str
    text: str
    cost: float
    group: str
    form: Form | None = None  # the formula with the slip in it
    said: tuple[Said, ...] = ()  # the parts that the text speaks of


@dataclass(slots=True, eq=False)
class Search:
    """A search among the formulas of one quantity; `tried` counts the edits of each group."""

    paper: Paper
    label: Quantity | None
    tools: Toolbox
    words: Words
    own: Node | None = None  # the node of the quantity
    tried: Counter[str] = field(default_factory=Counter)

    def hits(
        self, plan: Plan, tables: Sequence[Desk], fits: Callable[[Interval], bool], unit: Fraction | None
    ) -> Iterator[Hit]:
        """The edits of a route, and of what is worked out on the way to it, that give a value that fits."""
        own = self.tools.edits(self.label, plan.route)
        yield from self.matched(plan.nodes, None, own, tables, fits)
        inner = [n for n in reversed(plan.nodes) if n.op is NAME and n not in plan.choices]
        for far, current in enumerate([n for n in inner if n.args[0].op is not CONST][:MOST_INNER]):
            edits = self.tools.edits(label_of(current), current.args[0])
            yield from self.matched(plan.nodes, current, edits, tables[:2], fits, extra=min(0.4 + 0.1 * far, 1.5))
        if unit is not None:
            yield from self._rounded(plan, tables, fits, unit)
            yield from self._miscopied(plan, tables[:2], fits)

    def matched(
        self,
        nodes: Sequence[Node],
        inner: Node | None,
        edits: Sequence[Edit],
        tables: Sequence[Desk],
        fits: Callable[[Interval], bool],
        *,
        extra: float = 0.0,
    ) -> Iterator[Hit]:
        """The edits that give a value that fits, made in the formula of the line or of `inner` on the way."""
        where = "" if inner is None else "on the way: "  # a slip in the formula of the line itself is the likelier
        self.tried.update(where + edit.group for edit in edits)
        above = [] if inner is None else users_of(nodes, inner)
        for edit in edits:
            if sum(desk.work for desk in tables) > MOST_WORK:
                return
            if self.own is not None and self.own in edit.said:
                continue  # the quantity itself cannot be put in before it is known
            for desk in tables:
                value = desk.value(edit.form.node)
                if inner is not None:
                    value = propagated(desk, above, inner, value)
                if isinstance(value, Interval) and fits(value):
                    text = self.words.fill(edit.text, edit.said)
                    brought = edit.said[0] if edit.said and self.words.values else None
                    far = unprinted(self.paper, brought) if isinstance(brought, Node) else 0.0
                    yield Hit(
                        edit.slip, text, edit.cost + desk.cost + extra + far, where + edit.group, edit.form, edit.said
                    )
                    break

    def _miscopied(self, plan: Plan, tables: Sequence[Desk], fits: Callable[[Interval], bool]) -> Iterator[Hit]:
        """A number that was put in with a slip of the pen."""
        for n in [n for n in plan.nodes if n in plan.choices or n.op is INPUT][:MOST_INNER]:
            figure = figure_at(self.paper, n)
            above = users_of(plan.nodes, n)
            for slip, meant in slips_of_the_pen(figure) if figure is not None else ():
                self.tried[f"put in: {slip}"] += 1
                value = propagated(tables[0], above, n, point(meant))
                if isinstance(value, Interval) and fits(value):
                    text = f"{decimal(meant)} was put in where {self.words.valued(n)} belongs"
                    yield Hit(slip, text, 1.0, f"put in: {slip}")

    def _rounded(
        self, plan: Plan, tables: Sequence[Desk], fits: Callable[[Interval], bool], unit: Fraction
    ) -> Iterator[Hit]:
        """What was put in, or stood on the way, rounded to fewer digits than it was printed with."""
        places = [n for n in plan.nodes if n in plan.choices or (is_quantity(n) and n is not plan.route)]
        places = [n for n in places if n.op is not CONST][:MOST_INNER]
        choices = [frozenset([n]) for n in places] + ([frozenset(places)] if len(places) > 1 else [])
        for desk, power, chosen in product(tables[:2], range(1, FEWER_DIGITS + 1), choices):
            if unit * 10**power >= 10:
                continue
            self.tried["rounding"] += 1
            for way in WAYS[::2]:
                if fits(rerun(desk, plan, chosen, unit * 10**power, way)):
                    what = self.words.of(next(iter(chosen))) if len(chosen) == 1 else "what is put in"
                    text = f"{what} was rounded to {decimals(unit * 10**power)} on the way"
                    yield Hit("rounded too early", text, 0.3 + desk.cost, "rounding")
                    break


def unprinted(paper: Paper, at: Node) -> float:
    """The cost of putting in a quantity, if its figure stands nowhere on the paper."""
    return NOWHERE if at.args and is_quantity(at) and label_of(at) not in paper.printed else 0.0


def users_of(nodes: Sequence[Node], inner: Node) -> list[Node]:
    """The nodes that depend on one of them, arguments before users."""
    touched, found = {inner}, []
    for n in nodes:
        if any(a in touched for a in n.args):
            touched.add(n)
            found.append(n)
    return found


def propagated(desk: Desk, above: Iterable[Node], inner: Node, value: Any) -> Any:
    """The value of the last node of `above` if a node on the way had another value."""
    scratch = {inner: value}
    last = value
    numbers = interval_numbers(PRECISIONS[0])
    with numbers.s.context():
        for n in above:
            last = scratch[n] = desk.applied(n, [scratch[a] if a in scratch else desk.value(a) for a in n.args])
    return last


def rerun(desk: Desk, plan: Plan, chosen: frozenset[Node], unit: Fraction, way: Callable[[Fraction], int]) -> Interval:
    """The value of a route if some nodes on the way were rounded to a unit."""
    done: dict[Node, Any] = {}
    numbers = interval_numbers(PRECISIONS[0])
    with numbers.s.context():
        for n in plan.nodes:
            is_end = n in plan.choices or not n.args
            done[n] = desk.value(n) if is_end else desk.applied(n, [done[a] for a in n.args])
            if n in chosen:
                done[n] = rounded(done[n], unit, way)
    found = done[plan.route]
    return found if isinstance(found, Interval) else EVERYTHING


def rounded(value: Any, unit: Fraction, way: Callable[[Fraction], int]) -> Any:
    """An interval with its ends rounded to a unit; anything else as it is."""
    low, high = value.bounds if isinstance(value, Interval) else (None, None)
    return value if low is None or high is None else interval(way(low / unit) * unit, way(high / unit) * unit)


def decimals(unit: Fraction) -> str:
    """How many decimals a unit leaves, in words."""
    places = len(str(unit.denominator)) - 1
    return "a whole number" if not places else f"{places} decimal{'s' if places > 1 else ''}"
