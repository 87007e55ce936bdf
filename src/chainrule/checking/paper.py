"""The sheet of paper: which figures have been printed so far, and what follows from them.

A person who works out a line puts in figures as they were printed, or as they still stand in the calculator. Every
such mixture is a value the line may have; `follows` goes through them, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import prod
from random import Random
from typing import Any, Final, TypeAlias

from chainrule.checking.enclosure import enclosure
from chainrule.checking.figures import Figure, Region, minus, region
from chainrule.checking.quantities import Quantities
from chainrule.checking.routes import routes_of
from chainrule.dataclasses import dataclass, field
from chainrule.evaluate import apply
from chainrule.node import CONST, INPUT, NAME, Node, input_node, is_quantity, label_of, order
from chainrule.numbers.interval import EVERYTHING, Interval, hull, interval, interval_numbers, point
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Quantity, Updated, spell

PRECISIONS: Final = (200, 1000, 4000)  # bits; what these do not settle goes in the person's favour
MOST_MIXED: Final = 8  # antecedents whose mixtures are tried one by one
MOST_MIXTURES: Final = 700
MOST_SINGLE: Final = 100  # quantities not printed of which each is rounded alone, the last ones on the way
FEW: Final = 4  # mixtures that are tried without a look whether one of them can be near
NO_VALUE: Final = object()  # of what depends on a symbol
Change: TypeAlias = Callable[[Fraction, Fraction], Interval]  # of the ends of an interval


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure on the paper: what it is worth, whether it was right or rounded, and how many stood there before."""

    figure: Figure
    good: bool
    order: int
    behind: tuple[Interval, ...] = ()  # what the numbers on its line come to, before they were rounded to it


@dataclass(slots=True, eq=False)
class Paper:
    """What has been printed so far."""

    quantities: Quantities
    printed: dict[Quantity, list[Printed]] = field(default_factory=dict)
    formulas: dict[Quantity, list[Node]] = field(default_factory=dict)  # right formulas of it that a line states
    count: int = 0
    _bad: bool = False
    _bodies: dict[Node, Quantity] = field(default_factory=dict)
    _exact: dict[int, dict[Node, Any]] = field(default_factory=dict)
    _sizes: dict[Node, float | None] = field(default_factory=dict)
    _inputs: dict[int, dict[Quantity, Any]] = field(default_factory=dict)
    _unrounded: dict[tuple[Quantity, bool, int], tuple[Interval, ...]] = field(default_factory=dict)

    def put(self, label: Quantity, figure: Figure, *, good: bool, behind: tuple[Interval, ...] = ()) -> None:
        """Print a figure."""
        self.count += 1
        self._bad = self._bad or not good
        self.printed.setdefault(label, []).append(Printed(figure, good, self.count, behind))
        node = self.quantities.node(label)
        body = node.args[0] if node.op is NAME else node
        if body.op is NEG and is_quantity(body.args[0]):  # a delta that is minus a derivative
            self.printed.setdefault(label_of(body.args[0]), []).append(Printed(minus(figure), good, self.count))
        if body.args and not is_quantity(body) and label not in self.quantities.uses:
            self._bodies.setdefault(body, label)

    def has_bad(self) -> bool:
        """Whether some figure on the paper is wrong or carried."""
        return self._bad

    def exact(self, node: Node, bits: int = PRECISIONS[0]) -> Interval | None:
        """An enclosure of the exact value of a node, from the exact givens; None where it depends on a symbol."""
        found = self.value_at(node, bits)
        return found if isinstance(found, Interval) else None

    def value_at(self, node: Node, bits: int) -> Any:
        """The value of any node, a comparison too; NO_VALUE where it depends on a symbol."""
        done = self._exact.setdefault(bits, {})
        if node in done:
            return done[node]
        numbers = interval_numbers(bits)
        with numbers.s.context():
            for current in order([node], cut=done.__contains__):
                if current in done:
                    continue
                values = [done[a] for a in current.args]
                if current.op is INPUT:
                    done[current] = self._input(label_of(current), bits)
                elif any(value is NO_VALUE for value in values):
                    done[current] = NO_VALUE
                else:
                    done[current] = apply(current, values, numbers)
        return done[node]

    def size(self, node: Node) -> float | None:
        """The rough value of a node; None where it has none."""
        if node not in self._sizes:
            value = self.exact(node)
            low, high = value.bounds if value is not None else (None, None)
            near = low is not None and high is not None and max(abs(low), abs(high)) < 10**300
            self._sizes[node] = float(low) if low is not None and near else None
        return self._sizes[node]

    def given(self, label: Quantity) -> Fraction:
        """A number for an input: its value, for a symbol some other number, and the middle where it is not exact."""
        value = self.exact(input_node(label))
        middle = value.middle if value is not None else None
        return Fraction(Random(spell(label)).randrange(500, 2000), 1009) if middle is None else middle

    def _input(self, label: Quantity, bits: int) -> Any:
        if bits not in self._inputs:
            self._inputs[bits] = self.quantities.inputs(interval_numbers(bits))
        if label in self._inputs[bits]:
            return self._inputs[bits][label]
        if not isinstance(label, Updated):
            return NO_VALUE
        return self.quantities.value(label, bits)

    def routes(self, label: Quantity) -> list[Node]:
        """The formulas a quantity may be worked out by: its definition, those of the chain rule, those stated."""
        routes = routes_of(self.quantities, label, self.printed)
        return list(dict.fromkeys([*routes, *self.formulas.get(label, ())]))

    def label_at(self, node: Node) -> Quantity | None:
        """The quantity that a node is, or whose formula it is."""
        return label_of(node) if is_quantity(node) else self._bodies.get(node)

    def follows(
        self,
        route: Node,
        *,
        of: Quantity | None,
        bad: bool,
        before: int | None = None,
        local: Mapping[Node, Sequence[Interval]] | None = None,
    ) -> Iterator[Interval]:
        """The values a formula may have, its antecedents printed or unrounded.

        `bad` also puts in figures that are wrong or carried; `before` looks at the paper as it was when so many
        figures stood there; `local` holds numbers that stand on the line itself.
        """
        yield from self.plan(route, of=of, bad=bad, before=before, local=local or {}).mixtures()

    def reaches(
        self, due: Region, route: Node, *, of: Quantity | None, bad: bool, local: Mapping[Node, Sequence[Interval]]
    ) -> bool:
        """Whether what `follows` has a value that a figure stands for."""
        plan = self.plan(route, of=of, bad=bad, local=local)
        if prod(map(len, plan.choices.values())) > FEW and is_far(due, plan.around()):
            return False
        return any(meets(due, value) for value in plan.mixtures())

    def as_printed(
        self, route: Node, *, of: Quantity | None, bad: bool, local: Mapping[Node, Sequence[Interval]]
    ) -> Interval:
        """What a formula comes to with the latest figures as printed, with `bad` also wrong ones."""
        plan = self.plan(route, of=of, bad=bad, local=local, unrounded=False)
        return plan.value({n: values[0] for n, values in plan.choices.items()})

    def plan(
        self,
        route: Node,
        *,
        of: Quantity | None,
        bad: bool,
        before: int | None = None,
        local: Mapping[Node, Sequence[Interval]],
        unrounded: bool = True,
    ) -> Plan:
        """The nearest printed ancestors on every path, their possible values, and how the route uses them."""
        choices: dict[Node, list[Interval]] = {}
        wrong: set[Node] = set()

        def is_cut(node: Node) -> bool:
            if node in choices:
                return True
            if node.op is CONST:
                return False
            label = self.label_at(node)
            figures = [] if label is None or label == of else self._figures(label, bad=bad, before=before)
            values = [*local.get(node, ()), *[point(one.figure.value) for one in figures]]
            values += [value for one in figures for value in one.behind]
            if not values:
                return False
            rest: tuple[Interval, ...] = ()
            if not unrounded:
                pass
            elif label is None:
                rest = () if (exact := self.exact(node)) is None else (exact,)
            else:
                last = figures[0].order if figures else self.count + 1
                rest = self.unrounded(label, bad=bool(figures) and not any(one.good for one in figures), before=last)
            choices[node] = list(dict.fromkeys([*values, *rest]))
            if figures and not figures[0].good:
                wrong.add(node)
            return True

        nodes = order([route], cut=is_cut)
        live: set[Node] = set(choices)
        for node in nodes:
            if any(a in live for a in node.args):
                live.add(node)
        return Plan(self, route, nodes, choices, live, wrong)

    def _figures(self, label: Quantity, *, bad: bool, before: int | None) -> list[Printed]:
        found = self.printed.get(label, [])
        return [one for one in reversed(found) if (bad or one.good) and (before is None or one.order < before)]

    def unrounded(self, label: Quantity, *, bad: bool, before: int) -> tuple[Interval, ...]:
        """What may stand in the calculator for a quantity: the hull of all that follows from its own antecedents.

        With `bad` that of what follows from wrong ones, and is what the wrong figure that was printed is rounded from.
        """
        key = (label, bad, before)
        if key not in self._unrounded:
            self._unrounded[key] = ()  # a route in a circle, as stated formulas may be, adds nothing
            exact = self.exact(self.quantities.node(label))
            found = [] if exact is None or bad else [exact]
            for route in self.routes(label):
                found += filter(Interval.is_finite, self.follows(route, of=label, bad=bad, before=before))
            if bad:
                behind = [region(one.figure, exact=False) for one in self._figures(label, bad=True, before=before + 1)]
                found = [value for value in found if any(meets(due, value) for due in behind)]
            self._unrounded[key] = (hull(*found),) if found else ()
        return self._unrounded[key]


def meets(region: Region, value: Interval) -> bool:
    """Whether a bounded interval holds a value that the region of a figure does."""
    low, high = value.bounds
    return low is not None and high is not None and region.meets(low, high)


def is_far(region: Region, value: Interval) -> bool:
    """Whether an enclosure shows that a figure stands for none of the values in it."""
    return value.is_finite() and not meets(region, value)


def _half_away(x: Fraction) -> int:
    return int(abs(x) + Fraction(1, 2)) * (1 if x >= 0 else -1)


WAYS: Final[tuple[Callable[[Fraction], int], ...]] = (_half_away, round, int)  # Python rounds half to even


def _rounding(unit: Fraction, way: Callable[[Fraction], int]) -> Change:
    return lambda low, high: interval(way(low / unit) * unit, way(high / unit) * unit)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One route with its antecedents: what it comes to, once each has a value."""

    paper: Paper
    route: Node
    nodes: Sequence[Node]  # arguments before users, down to the antecedents
    choices: Mapping[Node, Sequence[Interval]]
    live: Collection[Node]  # what depends on an antecedent
    wrong: Collection[Node] = ()  # antecedents whose last figure is wrong or carried

    def value(self, known: Mapping[Node, Interval]) -> Interval:
        """The value of the route."""
        found = self._values(known)[self.route]
        return found if isinstance(found, Interval) else EVERYTHING

    def _values(self, known: Mapping[Node, Interval]) -> dict[Node, Any]:
        numbers = interval_numbers(PRECISIONS[0])
        done: dict[Node, Any] = dict(known)
        with numbers.s.context():
            for current in self.nodes:
                if current in done:
                    continue
                if current not in self.live:
                    done[current] = self.paper.value_at(current, PRECISIONS[0])
                    continue
                values = [done[a] for a in current.args]
                is_open = any(value is NO_VALUE for value in values)
                done[current] = NO_VALUE if is_open else apply(current, values, numbers)
        return done

    def _changed(self, known: Mapping[Node, Any], chosen: Collection[Node], change: Change) -> Interval | None:
        """The value of the route after a change of some quantities on the way; None if nothing comes of it."""
        numbers = interval_numbers(PRECISIONS[0])
        done: dict[Node, Any] = {}
        with numbers.s.context():
            for current in self.nodes:
                if current in self.choices:
                    continue
                new = known[current]
                if any(a in done for a in current.args):
                    values = [done.get(a, known[a]) for a in current.args]
                    is_open = any(value is NO_VALUE for value in values)
                    new = NO_VALUE if is_open else apply(current, values, numbers)
                if current in chosen and isinstance(new, Interval) and new.is_finite():
                    low, high = new.bounds
                    assert low is not None
                    assert high is not None
                    new = change(low, high)
                if new != known[current]:
                    done[current] = new
        found = done.get(self.route)
        return EVERYTHING if found is not None and not isinstance(found, Interval) else found

    def mixtures(self) -> Iterator[Interval]:
        """The values of the route, each antecedent printed or unrounded; of very many one enclosure."""
        if not self.choices:
            return
        if len(self.choices) > MOST_MIXED:
            yield self.value({n: values[0] for n, values in self.choices.items()})
            yield self.of_all_mixtures()
            return
        for number, values in enumerate(product(*self.choices.values())):
            if number == MOST_MIXTURES:
                yield self.of_all_mixtures()
                return
            yield self.value(dict(zip(self.choices, values, strict=True)))

    def of_all_mixtures(self) -> Interval:
        """An enclosure of all values of the route; an antecedent that was printed wrong stays as it was printed."""
        box = {n: values[0] if n in self.wrong else hull(*values) for n, values in self.choices.items()}
        known = {n: self.paper.value_at(n, PRECISIONS[0]) for n in self.nodes if n not in self.live}
        if any(value is NO_VALUE for value in known.values()):
            return EVERYTHING
        return enclosure(self.route, self.nodes, box, known)

    def rounded_on_the_way(self, unit: Fraction, due: Region) -> Iterator[Interval]:
        """The values of the route if some quantities that were not printed were rounded to a unit nevertheless.

        There are none if all are far from `due`. The antecedents are all as printed, or all unrounded; ways to round
        are half away from zero, half even and cutting off.
        """
        inner = self._worked_out()
        if not inner or is_far(due, self.around(inner, unit)):
            return
        ends = [{n: values[0] for n, values in self.choices.items()}, {n: v[-1] for n, v in self.choices.items()}]
        few = len(inner) <= MOST_MIXED - 2
        subsets = [set(one) for size in range(len(inner), 0, -1) for one in combinations(inner, size)] if few else []
        for known in map(self._values, ends[: 2 if self.choices else 1]):
            for chosen in subsets or [set(inner), *({one} for one in inner[-MOST_SINGLE:])]:
                found = [self._changed(known, chosen, _rounding(unit, way)) for way in WAYS]
                yield from [value for value in found if value is not None]

    def _worked_out(self) -> list[Node]:
        """The quantities on the way that were not printed."""
        names = [n for n in self.nodes if n.op is NAME and n is not self.route and n not in self.choices]
        return [n for n in names if n.args[0].op not in (CONST, INPUT)]

    def around(self, inner: Collection[Node] = (), unit: Fraction = Fraction(0)) -> Interval:
        """A cheap enclosure of all mixtures, also if some of `inner` are rounded: each changes by less than `unit`."""
        box = {n: hull(*values) for n, values in self.choices.items()}
        found = None
        if inner:
            found = self._changed(self._values(box), set(inner), lambda low, high: interval(low - unit, high + unit))
        return self.value(box) if found is None else found
