"""Paths from the error to a quantity: how many there are, and which carry most of the derivative.

Neither is found by listing paths, of which a deep network has more than there are atoms: counts are added along the
backward pass, and the best paths to a quantity are merged from the best paths to the definitions that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from math import inf, isnan, log
from typing import TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.graph import Contribution, Graph
from chainrule.quantity import Derivative, Quantity

_PLACES = 9  # of the logarithm of a product: what is closer together counts as equal and stays in reading order

Weight: TypeAlias = Callable[[Contribution], float | None]  # the local derivative's value; None where it has none
_Ranked: TypeAlias = tuple[float, int, int]  # logarithm of |product|, which contribution, which path of its definition


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One path from the error down to a quantity: its contributions to the derivatives on the way, error first."""

    steps: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """The paths from one quantity to all that it depends on; build it with `routes`."""

    of: Quantity
    contributions: Mapping[Quantity, tuple[Contribution, ...]]
    counts: Mapping[Quantity, int]
    _best: Mapping[Quantity, list[_Ranked]]

    def count(self, by: Quantity) -> int:
        """How many paths lead from the error to a quantity, exactly."""
        return self.counts.get(by, 0)

    def best(self, by: Quantity, most: int) -> list[Route]:
        """The paths with the largest |product of local derivatives|, largest first; equal ones in reading order."""
        return [self._route(by, rank) for rank in range(min(most, len(self._best.get(by, ()))))]

    def _route(self, by: Quantity, rank: int) -> Route:
        steps: list[Contribution] = []
        while by != self.of:
            _, which, rank = self._best[by][rank]
            entry = self.contributions[by][which]
            steps.append(entry)
            by = entry.through
        return Route(tuple(reversed(steps)))


def routes(graph: Graph, of: Quantity, weight: Weight, *, most: int = 20) -> Routes:
    """The paths from `of` through the ledger of a reversed graph; `most` of them are kept for every quantity.

    Cost: linear in the number of contributions, and `most` steps of a heap for every quantity.
    """
    found: dict[Quantity, list[Contribution]] = {}
    for entry in graph.ledger:
        if isinstance(entry.of, Derivative) and entry.of.of == of:
            found.setdefault(entry.of.by, []).append(entry)
    contributions = {by: tuple(entries) for by, entries in found.items()}
    counts: dict[Quantity, int] = {of: 1}
    best: dict[Quantity, list[_Ranked]] = {of: [(0.0, 0, 0)]}
    for label in graph.outputs:  # derivatives stand in the order in which they were complete
        if isinstance(label, Derivative) and label.of == of and label.by in contributions and label.by not in counts:
            entries = contributions[label.by]
            counts[label.by] = sum(counts[entry.through] for entry in entries)
            sizes = [_size(weight(entry)) for entry in entries]
            best[label.by] = _merged([best[entry.through] for entry in entries], sizes, most)
    return Routes(of, contributions, counts, best)


def _merged(ranked: list[list[_Ranked]], sizes: list[float], most: int) -> list[_Ranked]:
    """The best of several lists, best first, each scaled by a size; lazily, so that only `most` are looked at."""

    def item(which: int, rank: int) -> tuple[float, int, int, float]:
        total = _total(ranked[which][rank][0], sizes[which])
        return (-round(total, _PLACES), which, rank, total)

    heap = [item(which, 0) for which, paths in enumerate(ranked) if paths]
    heapify(heap)
    result: list[_Ranked] = []
    while heap and len(result) < most:
        _, which, rank, total = heappop(heap)
        result.append((total, which, rank))
        if rank + 1 < len(ranked[which]):
            heappush(heap, item(which, rank + 1))
    return result


def _size(weight: float | None) -> float:
    """The logarithm, because products of a thousand factors underflow; a symbol counts as 1, nan as the largest."""
    if weight is None:
        return 0.0
    if isnan(weight):
        return inf
    return log(abs(weight)) if weight else -inf


def _total(size: float, more: float) -> float:
    total = size + more
    return inf if isnan(total) else total  # 0 times infinity is nan, which must be seen
