"""Tests whether two formulas are identical: both are enclosed at random points, and balls that do not meet settle it.

A mismatch `differs`: names may mean more than the page says. Only a stated derivative of a stated function is `wrong`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from random import Random
from typing import Final

from chainrule.checking.notes.document import Chain, Side
from chainrule.checking.notes.judging import Finding, Verdict
from chainrule.checking.notes.meaning import Meaning, NoMeaningError
from chainrule.dataclasses import dataclass, field
from chainrule.evaluate import evaluate
from chainrule.formula.syntax import Binary, Call, DerivativeRef, FunctionPrime, Number, Ref, Span, Tree, ungroup, walk
from chainrule.node import Node
from chainrule.numbers.interval import Interval, interval_numbers

POINTS: Final = 3
MOST_TESTS: Final = 4_000  # on one page: each takes a millisecond or more


@dataclass(slots=True)
class Identities:
    """Goes through the chains of a page in order, and keeps the definitions that formulas have given so far."""

    meaning: Meaning = field(default_factory=Meaning)
    tests: int = 0
    settled: dict[tuple[Tree, Tree], bool] = field(default_factory=dict)

    def chain(self, chain: Chain) -> Iterator[Finding]:
        """The findings on the formulas of one chain."""
        if not chain.conditional and not chain.struck:
            yield from self.compared(chain)
        self.meaning.learn(chain)

    def compared(self, chain: Chain) -> Iterator[Finding]:
        good: list[tuple[Side, Tree]] = []
        bad: list[Tree] = []
        for side in chain.sides:
            tree = side.tree
            if tree is None:
                continue
            is_value = isinstance(ungroup(tree), Ref) or side.reading.closed
            if is_value and not any(_states_derivative(one) for _, one in good):
                continue
            if looks_misprinted(tree):
                continue
            if not good:
                good.append((side, tree))
                continue
            verdict = self.verdict(tree, good, bad)
            if verdict == "differs" and _is_definition(good[0][1]):
                verdict = None  # σ is another function here
            if verdict is None or verdict == "right":
                good.append((side, tree))
            else:
                bad.append(tree)
            if verdict is not None:
                before, earlier = good[-2] if verdict == "right" else good[-1]
                yield Finding(
                    chain=chain,
                    side=side,
                    tree=tree,
                    verdict=verdict,
                    kind="formula",
                    where=Span(side.start, side.end),
                    before=earlier,
                    before_side=before,
                )

    def verdict(self, tree: Tree, good: Sequence[tuple[Side, Tree]], bad: Sequence[Tree]) -> Verdict | None:
        """What is to be said of a formula after these; None if nothing can be."""
        answers = [self.identical(one, tree) for _, one in reversed([*good[:1], *good[1:][-3:]])]
        if True in answers:
            return "right"
        if False not in answers:
            return None
        if not any(self.meaning.names(one) == self.meaning.names(tree) for _, one in good):
            return None
        stated = any(_states_derivative(one) for _, one in good)
        if any(self.identical(one, tree) for one in bad):
            return "carried" if stated else "differs"
        return "wrong" if stated else "differs"

    def identical(self, one: Tree, other: Tree) -> bool | None:
        """Whether two formulas are identical; None if that cannot be told."""
        trees = (one, other)
        settled = self.settled.get(trees)
        if settled is not None:
            return settled
        if self.tests >= MOST_TESTS:
            return None
        self.tests += 1
        try:
            nodes = [self.meaning.node(one), self.meaning.node(other)]
        except NoMeaningError:
            return None
        names = self.meaning.closure(trees)
        found = self.agree(nodes, names, expanded=False)
        if found is True and not any(isinstance(node, DerivativeRef) for tree in trees for node in walk(tree)):
            self.settled[trees] = True  # whatever the names are defined as
        if found is False and any(name in self.meaning.definitions for name in names):
            return self.agree(nodes, names, expanded=True)
        return found

    def agree(self, nodes: Sequence[Node], names: Collection[str], *, expanded: bool) -> bool | None:
        random, met = Random(1), 0
        numbers = interval_numbers()
        for _ in range(POINTS + 2):
            values = self.meaning.values(names, random, expanded=expanded)
            one, other = evaluate(nodes, values, numbers=numbers)
            if not isinstance(one, Interval) or not isinstance(other, Interval):
                return None
            low, high = one.bounds
            least, most = other.bounds
            if low is None or high is None or least is None or most is None:
                continue
            if high < least or most < low:
                return False
            met += 1
            if met == POINTS:
                return True
        return True if met else None


def looks_misprinted(tree: Tree) -> bool:
    """Whether a fraction begins with the same 2 above and below: ∂ as it comes out of text recognition.

    >>> from chainrule.formula import parse_expression
    >>> looks_misprinted(parse_expression("(2*E)/(2*w)").tree), looks_misprinted(parse_expression("2*E/w").tree)
    (True, False)
    """
    return any(
        isinstance(one, Binary) and one.op == "/" and _begins_with_two(one.right) and _has_names(one.right)
        for one in walk(tree)
    )


def _is_definition(head: Tree) -> bool:
    """Whether a chain begins with a function of names, as its definition does: σ(x)."""
    head = ungroup(head)
    return isinstance(head, Call) and all(isinstance(ungroup(one), Ref) for one in head.args)


def _begins_with_two(tree: Tree) -> bool:
    tree = ungroup(tree)
    while isinstance(tree, Binary) and tree.op == "*":
        tree = ungroup(tree.left)
    return isinstance(tree, Number) and tree.text == "2"


def _has_names(tree: Tree) -> bool:
    return any(isinstance(one, Ref) for one in walk(tree))


def _states_derivative(tree: Tree) -> bool:
    """Whether a side is the derivative of a formula that stands there, or f'(x)."""
    tree = ungroup(tree)
    if isinstance(tree, DerivativeRef):
        return not isinstance(ungroup(tree.of), Ref)
    return isinstance(tree, FunctionPrime)
