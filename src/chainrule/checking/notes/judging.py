"""Judges every equality between numbers: each figure against the sides before it, exactly or as far as print tells.

A figure is right if the exact value of an earlier side rounds or is cut to it, rounded if it follows from what the
printed numbers may stand for. Which numbers may stand for more than themselves is settled by `Memory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

from chainrule.checking.claims import Kind
from chainrule.checking.figures import Figure, Region, read_figure
from chainrule.checking.notes.document import Chain, Side
from chainrule.checking.notes.memory import Memory, Printed, printed
from chainrule.checking.notes.terms import Pair, mismatched
from chainrule.checking.notes.values import squeezed, value_of
from chainrule.dataclasses import dataclass, field
from chainrule.formula.syntax import Binary, ListExpr, Number, Ref, Span, Tree, Unary, ungroup, walk
from chainrule.numbers.interval import Interval, hull, point

Verdict = Literal["right", "rounded", "carried", "wrong", "differs"]
MOST_EARLIER: Final = 12  # sides of a chain that a later one is compared with
_UNDECIDED: Final = point(Fraction(1, 10**30)).lo


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One number of a side, the same wherever the side is printed: its own tree if it has one, and its value."""

    tree: Tree | None
    exact: Interval
    figure: Printed | None = None
    numbers: tuple[Number, ...] = ()  # in its tree, those that may stand for more than themselves


@dataclass(slots=True, eq=False)
class Element:
    """A number of a side as it stands in a chain, with what may be behind it there."""

    part: Part
    wide: Interval
    verdict: Verdict = "right"

    @property
    def is_good(self) -> bool:
        return self.verdict in ("right", "rounded")


@dataclass(slots=True, eq=False)
class Closed:
    """A side of numbers only, element by element."""

    side: Side
    shape: tuple[int, ...]
    elements: list[Element]
    judged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one element of a side; `where` is the span to point at, `before` what it was compared with."""

    chain: Chain
    side: Side
    tree: Tree
    verdict: Verdict
    kind: Kind
    where: Span
    exact: Fraction | None = None
    figure: Figure | None = None  # where it is wrong
    before: Tree | None = None
    before_side: Side | None = None


@dataclass(slots=True)
class Judge:
    """Goes through the chains of a page in order, and remembers what was printed."""

    memory: Memory = field(default_factory=Memory)
    parts: dict[Tree, tuple[tuple[int, ...], list[Part]]] = field(default_factory=dict)  # of what is printed again

    def chain(self, chain: Chain) -> Iterator[Finding]:
        """The findings of one chain."""
        before: list[Closed] = []
        from_formula = False
        for side in chain.sides:
            tree = side.tree
            if tree is None:
                continue
            if not side.reading.closed:
                from_formula = from_formula or not isinstance(ungroup(tree), Ref)
                continue
            now = self.closed(side, tree)
            if now is None:
                continue
            if before and not chain.struck:
                yield from self.compared(chain, now, before)
            self.remember(now, before, from_formula, alone=len(chain.sides) <= 2)
            before.append(now)
            del before[2:-MOST_EARLIER]  # the head of the chain stays, and what stands close

    def closed(self, side: Side, tree: Tree) -> Closed | None:
        if tree not in self.parts:
            exact = self.memory.exact(tree)
            shape, values = squeezed(exact) if exact is not None else ((), [])
            trees: Sequence[Tree | None] = _elements(tree, len(values)) or [None] * len(values)
            self.parts[tree] = shape, [self.part(own, value) for own, value in zip(trees, values, strict=True)]
        shape, parts = self.parts[tree]
        if not parts:
            return None
        if parts[0].tree is not None:
            wide = [self.wide(part) for part in parts]
        else:
            found = value_of(tree, self.memory.behind_number)
            wide = squeezed(found)[1] if found is not None else [part.exact for part in parts]
        return Closed(side, shape, [Element(part, at) for part, at in zip(parts, wide, strict=True)])

    def part(self, tree: Tree | None, exact: Interval) -> Part:
        if tree is None:
            return Part(None, exact)
        figure = figure_of(tree)
        if figure is None:
            numbers = [node for node in walk(tree) if isinstance(node, Number) and self.memory.figure(node) is not None]
            return Part(tree, exact, numbers=tuple(numbers))
        return Part(tree, exact, printed(figure))

    def wide(self, part: Part) -> Interval:
        if part.figure is not None:
            return self.memory.behind(part.figure)
        if part.tree is None or all(self.memory.behind_number(number).is_point() for number in part.numbers):
            return part.exact
        found = value_of(part.tree, self.memory.behind_number)
        return found if isinstance(found, Interval) else part.exact

    def compared(self, chain: Chain, now: Closed, before: Sequence[Closed]) -> Iterator[Finding]:
        sides = [one for one in before if one.shape == now.shape and len(one.elements) == len(now.elements)]
        if not sides:
            return
        now.judged = True
        about = now.side.relation == "~"
        for at, element in enumerate(now.elements):
            earlier = [(one.side, one.elements[at]) for one in sides]
            if not (element.part.exact.is_finite() and earlier[0][1].part.exact.is_finite()):
                continue  # not read, infinite, or too large to be written down
            yield self.element(chain, now.side, element, earlier, about)

    def element(
        self, chain: Chain, side: Side, element: Element, earlier: Sequence[tuple[Side, Element]], about: bool
    ) -> Finding:
        tree, figure = element.part.tree or side.tree, element.part.figure
        assert tree is not None
        slip: Pair | None = None
        if figure is not None:
            stands_for = figure.about if about else figure.region
            element.verdict = _figure_verdict(stands_for, [one for _, one in earlier])
        else:
            element.verdict, slip = self.expression_verdict(element, [one for _, one in earlier])
        from_side, source = next((one for one in reversed(earlier) if one[1].is_good), earlier[-1])
        meant, stands = slip or (source.part.tree, tree)
        value = source.part.exact
        if slip is not None and meant is not None:
            found = self.memory.exact(meant)
            value = found if isinstance(found, Interval) else value
        return Finding(
            chain=chain,
            side=side,
            tree=tree,
            verdict=element.verdict,
            kind="figure" if figure is not None else "substitution",
            where=side.on_page(stands.span),
            exact=value.middle,
            figure=read_figure(stands) if element.verdict == "wrong" else None,
            before=meant,
            before_side=from_side,
        )

    def expression_verdict(self, element: Element, earlier: Sequence[Element]) -> tuple[Verdict, Pair | None]:
        for one in reversed(earlier):
            if one.is_good and _meet(one.part.exact, element.part.exact):
                return "right", None
        if any(not one.is_good and _meet(one.part.exact, element.part.exact) for one in earlier):
            return "carried", None
        if element.part.tree is None:
            met = any(one.is_good and _meet(one.wide, element.wide) for one in earlier)
            return ("rounded" if met else "wrong"), None
        part: Pair | None = None
        for one in reversed(earlier):
            if one.part.tree is None or not one.is_good:
                continue
            found = mismatched(one.part.tree, element.part.tree, self.memory)
            if found is not None and not found:
                return "right", None
            if found and part is None:
                part = found[0]
        if part is not None:
            return "wrong", part
        known = {number.value for one in earlier if one.part.tree is not None for number in _numbers(one.part.tree)}

        def leaf(number: Number) -> Interval:
            behind, figure = self.memory.behind_number(number), self.memory.figure(number)
            return behind if figure is None or number.value in known else hull(behind, _closure(figure.region))

        wide = value_of(element.part.tree, leaf)
        if isinstance(wide, Interval):
            if any(one.is_good and _meet(one.wide, wide) for one in earlier):
                return "rounded", None
            if any(not one.is_good and _meet(one.wide, wide) for one in earlier):
                return "carried", None
        return "wrong", None

    def remember(self, now: Closed, before: Sequence[Closed], from_formula: bool, *, alone: bool) -> None:
        for at, element in enumerate(now.elements):
            figure = element.part.figure
            if figure is None or figure.figure.whole or not element.is_good:
                continue
            unrounded = [
                value
                for one in before
                if now.judged and len(one.elements) == len(now.elements) and one.elements[at].is_good
                for value in (one.elements[at].part.exact, one.elements[at].wide)
            ]
            allowed = _closure(figure.region)
            if unrounded:
                self.memory.computed(figure, [_within(value, allowed) for value in unrounded])
            elif from_formula:
                self.memory.computed(figure, [allowed])
            elif alone:
                self.memory.given(figure)


def _figure_verdict(stands_for: Region, earlier: Sequence[Element]) -> Verdict:
    verdicts = {one.verdict for one in earlier if one.is_good and _holds(stands_for, one.part.exact)}
    if verdicts:
        return "right" if "right" in verdicts else "rounded"
    if any(one.is_good and _meets(stands_for, one.wide) for one in earlier):
        return "rounded"
    if any(not one.is_good and _meets(stands_for, one.wide) for one in earlier):
        return "carried"
    return "wrong"


def _holds(stands_for: Region, value: Interval) -> bool:
    low, high = value.lo, value.hi
    if low is None or high is None:
        return False
    # What stays undecided at this precision goes in the writer's favour.
    return stands_for.holds(low, high) or (high - low < _UNDECIDED and stands_for.meets(low, high))


def _meets(stands_for: Region, value: Interval) -> bool:
    low, high = value.lo, value.hi
    return low is None or high is None or stands_for.meets(low, high)


def _meet(one: Interval, other: Interval) -> bool:
    below = one.hi is not None and other.lo is not None and one.hi < other.lo
    above = other.hi is not None and one.lo is not None and other.hi < one.lo
    return not below and not above


def _within(value: Interval, allowed: Interval) -> Interval:
    """The part of an enclosure that the figure can stand for."""
    if not _meet(value, allowed):
        return allowed
    lo = allowed.lo if value.lo is None else max(value.lo, allowed.lo)
    hi = allowed.hi if value.hi is None else min(value.hi, allowed.hi)
    return Interval(lo, hi)


def _closure(stands_for: Region) -> Interval:
    return Interval(stands_for.low, stands_for.high)


def _elements(tree: Tree, count: int) -> Sequence[Tree] | None:
    """The trees of the elements of a list of lists; the tree itself for a single number."""
    tree = ungroup(tree)
    if not isinstance(tree, ListExpr):
        return [tree] if count == 1 else None
    found: list[Tree] = []
    for item in tree.items:
        inner = ungroup(item)
        found.extend(inner.items if isinstance(inner, ListExpr) else [item])
    return found if len(found) == count and not any(isinstance(ungroup(one), ListExpr) for one in found) else None


def _numbers(tree: Tree) -> Iterator[Number]:
    return (node for node in walk(tree) if isinstance(node, Number))


def figure_of(tree: Tree) -> Figure | None:
    """The figure that a tree is; a large or small power of ten alone is one of a single digit."""
    found = read_figure(tree)
    if found is not None:
        return found
    power = ungroup(tree)
    if (
        isinstance(power, Binary)
        and power.op == "^"
        and isinstance(base := ungroup(power.left), Number)
        and base.value == 10
    ):
        exponent = ungroup(power.right)
        size = exponent.operand if isinstance(exponent, Unary) else exponent
        size = ungroup(size)
        if isinstance(size, Number) and 5 <= size.value <= 10_000 and size.value.denominator == 1:
            unit = Fraction(10) ** (-int(size.value) if isinstance(exponent, Unary) else int(size.value))
            return Figure("1", unit, unit)
    return None
