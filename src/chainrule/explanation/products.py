"""The chain rule as a person writes it: each derivative as a sum of products of local derivatives.

A single contribution is followed upwards, factor by factor, to the nearest fork - a quantity whose derivative is a sum
itself - so that people read `dE/dw1 = dE/dout_h1 * dout_h1/dh1 * dh1/dw1`, and not one factor a line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from chainrule.dataclasses import dataclass
from chainrule.graph import Contribution, Graph
from chainrule.node import NAME, Node, arguments_of, is_quantity, label_of, order
from chainrule.quantity import Derivative, Example, Quantity
from chainrule.transforms.reverse import ONE

LONGEST = 8  # factors in one product; a longer chain is cut at a derivative that has its own line


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One factor: a derivative's label and its expression; or, in brackets, the terms of one that has no line."""

    label: Quantity | None
    node: Node
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A product of factors, upstream first."""

    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChainRule:
    """How the derivatives of one quantity hang together: the ledger, indexed."""

    of: Quantity
    graph: Graph
    contributions: Mapping[Quantity, tuple[Contribution, ...]]
    hidden: Callable[[Quantity], bool]  # derivatives without a line of their own
    stops: Collection[Quantity]  # quantities whose derivative ends every chain (deltas)
    other_route: Callable[[Quantity, Quantity], bool]

    def terms(self, by: Quantity) -> tuple[Term, ...]:
        """The derivative by a quantity, as people write it."""
        own = self.contributions.get(by, ())
        if len(own) != 1:
            return tuple([Term(self._with_upstream(entry, by)) for entry in own])
        return (Term(tuple(self._followed(by))),)

    def _with_upstream(self, entry: Contribution, by: Quantity) -> tuple[Factor, ...]:
        factor = self._factor(entry, by)
        if entry.upstream is ONE:
            return (factor,)
        return (*self._head(entry.through, entry.upstream), factor)

    def _followed(self, by: Quantity) -> list[Factor]:
        factors: list[Factor] = []
        at = by
        while len(factors) < LONGEST or self.hidden(at):
            entries = self.contributions.get(at, ())
            if len(entries) != 1 or (at != by and (at.of if isinstance(at, Example) else at) in self.stops):
                break
            (entry,) = entries
            if is_one(entry.upstream):
                # dE/dE1 is 1, so what is left is the derivative of the error itself.
                local = entry.local if entry.local is not None else entry.value
                return [Factor(Derivative(self.of, at), local), *factors]
            factors.insert(0, self._factor(entry, at))
            at = entry.through
        derivative = self.graph.outputs[Derivative(self.of, at)]
        return [*self._head(at, derivative), *factors]

    def _head(self, at: Quantity, derivative: Node) -> tuple[Factor, ...]:
        if not self.hidden(at):
            return (Factor(Derivative(self.of, at), derivative),)
        terms = self.terms(at)
        return terms[0].factors if len(terms) == 1 else (Factor(None, derivative, terms),)

    def _factor(self, entry: Contribution, by: Quantity) -> Factor:
        direct = self.other_route(entry.through, by)
        local = entry.local if entry.local is not None else entry.value
        return Factor(Derivative(entry.through, by, direct), local)


def is_one(derivative: Node) -> bool:
    """Whether a derivative is the constant 1, such as dE/dE1."""
    return derivative is ONE or (derivative.op is NAME and derivative.args[0] is ONE)


def by_quantity(graph: Graph, of: Quantity) -> dict[Quantity, tuple[Contribution, ...]]:
    """The ledger's entries for the derivatives of `of`, by what they are a derivative by."""
    found: dict[Quantity, list[Contribution]] = {}
    for entry in graph.ledger:
        if isinstance(entry.of, Derivative) and entry.of.of == of:
            found.setdefault(entry.of.by, []).append(entry)
    return {by: tuple(entries) for by, entries in found.items()}


def other_routes(graph: Graph) -> Callable[[Quantity, Quantity], bool]:
    """A test whether B reaches A also through another of A's arguments, so that dA/dB is not the whole derivative.

    In v = x*u with u = x^2 the factor from v to x is u, while dv/dx is 3x^2.
    """
    quantities = graph.quantities()
    level: dict[Node, int] = {}
    users: dict[Node, list[Node]] = {}
    arguments: dict[Node, list[Node]] = {}
    for current in quantities.values():
        arguments[current] = arguments_of(current)
        level[current] = 1 + max((level[a] for a in arguments[current]), default=-1)
        for argument in arguments[current]:
            users.setdefault(argument, []).append(current)

    def reaches(of: Quantity, by: Quantity) -> bool:
        a, b = quantities[of], quantities[by]
        if all(level[user] >= level[a] for user in users.get(b, ())):
            return False  # a route begins at another user of B, and that lies below A
        seen: set[Node] = set()
        stack = [n for n in arguments[a] if n is not b and level[n] > level[b]]
        while stack:
            current = stack.pop()
            if current is b:
                return True
            for argument in arguments[current]:
                if argument not in seen and level[argument] >= level[b]:
                    seen.add(argument)
                    stack.append(argument)
        return False

    return reaches


def depending_on(graph: Graph, sources: Collection[Quantity]) -> set[Quantity]:
    """The quantities that depend on any of the sources, and the sources themselves."""
    found: set[Node] = set()
    for current in order(graph.outputs.values()):
        mine = is_quantity(current) and label_of(current) in sources
        if mine or any(a in found for a in current.args):
            found.add(current)
    return {label_of(n) for n in found if is_quantity(n)}
