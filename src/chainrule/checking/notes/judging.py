"""Judges every equality between numbers: each figure against the sides before it, exactly or as far as print tells.

A figure is right if the exact value of an earlier side rounds or is cut to it, rounded if it follows from what the
printed numbers may stand for. Which numbers may stand for more than themselves is settled by `Memory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal

from chainrule.checking.claims import Kind
from chainrule.checking.figures import Figure, Region, read_figure, region
from chainrule.checking.notes.document import Chain, Side
from chainrule.checking.notes.memory import Memory
from chainrule.checking.notes.terms import Pair, mismatched
from chainrule.checking.notes.values import squeezed, value_of
from chainrule.formula.syntax import Binary, ListExpr, Number, Ref, Span, Tree, Unary, ungroup, walk
from chainrule.numbers.interval import Interval, hull, interval, point

Verdict = Literal["right", "rounded", "carried", "wrong", "differs"]
MOST_EARLIER: Final = 12  # sides of a chain that a later one is compared with
_UNDECIDED: Final = point(Fraction(1, 10**30)).lo


@dataclass(slots=True, eq=False)
class Element:
    """One number of a side: its own tree if it has one, its value as printed, and what may be behind it."""

    tree: Tree | None
    exact: Interval
    wide: Interval
    verdict: Verdict = "right"
    figure: Figure | None = None

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
    figure: Figure | None = None
    before: Tree | None = None
    before_side: Side | None = None
    note: str = ""


@dataclass(slots=True)
class Judge:
    """Goes through the chains of a page in order, and remembers what was printed."""

    memory: Memory = field(default_factory=Memory)

    def chain(self, chain: Chain, bound: dict[Side, Any] | None = None) -> Iterator[Finding]:
        """The findings of one chain; `bound` holds the values of sides that a problem gives."""
        before: list[Closed] = []
        from_formula = False
        for side in chain.sides:
            tree = side.tree
            if tree is None:
                continue
            if bound and side in bound:
                before.append(Closed(side, (), [Element(None, bound[side], bound[side])]))
                continue
            if not side.reading.closed:
                from_formula = from_formula or not isinstance(ungroup(tree), Ref)
                continue
            now = self.closed(side, tree, before)
            if now is None:
                continue
            if before and not chain.struck:
                yield from self.compared(chain, now, before)
            self.remember(now, before, from_formula, alone=len(chain.sides) <= 2)
            before.append(now)
            del before[2:-MOST_EARLIER]  # the head of the chain stays, and what stands close

    def closed(self, side: Side, tree: Tree, before: Sequence[Closed]) -> Closed | None:
        exact = value_of(tree, lambda number: point(number.value))
        if exact is None:
            return None
        shape, values = squeezed(exact)
        wide_values: list[Interval] | None = None
        trees = _elements(tree, len(values))
        elements = []
        for at, value in enumerate(values):
            own = trees[at] if trees is not None else None
            figure = figure_of(own) if own is not None else None
            if figure is not None:
                wide = self.memory.behind(figure)
            elif own is not None:
                wide = self.wide(own, value)
            else:
                if wide_values is None:
                    found = value_of(tree, self.memory.behind_number)
                    wide_values = squeezed(found)[1] if found is not None else values
                wide = wide_values[at]
            elements.append(Element(own, value, wide, figure=figure))
        return Closed(side, shape, elements)

    def wide(self, tree: Tree, exact: Interval) -> Interval:
        if all(self.memory.behind_number(number).is_point() for number in _numbers(tree)):
            return exact
        found = value_of(tree, self.memory.behind_number)
        return found if isinstance(found, Interval) else exact

    def compared(self, chain: Chain, now: Closed, before: Sequence[Closed]) -> Iterator[Finding]:
        sides = [one for one in before if one.shape == now.shape and len(one.elements) == len(now.elements)]
        if not sides:
            return
        now.judged = True
        about = now.side.relation == "~"
        for at, element in enumerate(now.elements):
            earlier = [(one.side, one.elements[at]) for one in sides]
            if not (_is_bounded(element.exact) and _is_bounded(earlier[0][1].exact)):
                continue  # not read, infinite, or too large to be written down
            yield self.element(chain, now.side, element, earlier, about)

    def element(
        self, chain: Chain, side: Side, element: Element, earlier: Sequence[tuple[Side, Element]], about: bool
    ) -> Finding:
        tree = element.tree or side.tree
        assert tree is not None
        part: Pair | None = None
        if element.figure is not None:
            element.verdict = _figure_verdict(element.figure, [one for _, one in earlier], about)
        else:
            element.verdict, part = self.expression_verdict(element, [one for _, one in earlier])
        good = [(where, one) for where, one in earlier if one.is_good] or list(earlier)
        from_side, source = good[-1]
        meant, printed = part or (source.tree, tree)
        value = source.exact
        if part is not None and meant is not None:
            found = value_of(meant, lambda number: point(number.value))
            value = found if isinstance(found, Interval) else value
        return Finding(
            chain=chain,
            side=side,
            tree=tree,
            verdict=element.verdict,
            kind="figure" if element.figure is not None else "substitution",
            where=side.on_page(printed.span),
            exact=_middle(value),
            figure=read_figure(printed),
            before=meant,
            before_side=from_side,
        )

    def expression_verdict(self, element: Element, earlier: Sequence[Element]) -> tuple[Verdict, Pair | None]:
        for one in reversed(earlier):
            if one.is_good and _meet(one.exact, element.exact):
                return "right", None
        if any(not one.is_good and _meet(one.exact, element.exact) for one in earlier):
            return "carried", None
        if element.tree is None:
            met = any(one.is_good and _meet(one.wide, element.wide) for one in earlier)
            return ("rounded" if met else "wrong"), None
        part: Pair | None = None
        for one in reversed(earlier):
            if one.tree is None or not one.is_good:
                continue
            found = mismatched(one.tree, element.tree, self.memory)
            if found is not None and not found:
                return "right", None
            if found and part is None:
                part = found[0]
        if part is not None:
            return "wrong", part
        known = {number.value for one in earlier if one.tree is not None for number in _numbers(one.tree)}

        def leaf(number: Number) -> Interval:
            if number.value in known:
                return self.memory.behind_number(number)
            figure = read_figure(number)
            return hull(self.memory.behind_number(number), _closure(region(figure))) if figure else point(number.value)

        wide = value_of(element.tree, leaf)
        if isinstance(wide, Interval):
            if any(one.is_good and _meet(one.wide, wide) for one in earlier):
                return "rounded", None
            if any(not one.is_good and _meet(one.wide, wide) for one in earlier):
                return "carried", None
        return "wrong", None

    def remember(self, now: Closed, before: Sequence[Closed], from_formula: bool, *, alone: bool) -> None:
        for at, element in enumerate(now.elements):
            if element.figure is None or element.figure.whole:
                continue
            if not element.is_good:
                continue
            unrounded = [
                value
                for one in before
                if now.judged and len(one.elements) == len(now.elements) and one.elements[at].is_good
                for value in (one.elements[at].exact, one.elements[at].wide)
            ]
            allowed = _closure(region(element.figure))
            if unrounded:
                self.memory.computed(element.figure, [_within(value, allowed) for value in unrounded])
            elif from_formula:
                self.memory.computed(element.figure, [allowed])
            elif alone:
                self.memory.given(element.figure)


def _is_bounded(value: Interval) -> bool:
    return value.lo is not None and value.hi is not None


def _figure_verdict(figure: Figure, earlier: Sequence[Element], about: bool) -> Verdict:
    stands_for = _in_rationals(region(figure, exact=not about))
    if any(one.is_good and _holds(stands_for, one.exact) for one in earlier):
        verdicts = {one.verdict for one in earlier if one.is_good and _holds(stands_for, one.exact)}
        return "right" if "right" in verdicts else "rounded"
    if any(one.is_good and _meets(stands_for, one.wide) for one in earlier):
        return "rounded"
    if any(not one.is_good and _meets(stands_for, one.wide) for one in earlier):
        return "carried"
    return "wrong"


def _in_rationals(stands_for: Region) -> Region:
    """The same region, with ends of the kind that intervals have: a long chain compares them very often."""
    ends = _closure(stands_for)
    return Region(ends.lo, ends.hi, stands_for.with_low, stands_for.with_high)


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
    return interval(stands_for.low, stands_for.high)


def _middle(value: Interval) -> Fraction | None:
    low, high = value.bounds
    return None if low is None or high is None else low if low == high else (low + high) / 2


def _elements(tree: Tree, count: int) -> list[Tree] | None:
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
