"""Stages without sums: every position by itself, several vectors at a time so that none waits for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chainrule.node import Dim
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.memory import lanes_for
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.point import Point
from chainrule.transforms.schedule.stages import Store

_BESIDE: Final = 4  # vectors of one row that are worked out together
_TOGETHER: Final = 8  # vectors of several short rows
_SHORT: Final = 6  # ops up to which several rows are worked out together


def write_pointwise(nest: Nest, stores: Sequence[Store], space: Sequence[Dim], axes: Sequence[int]) -> None:
    """All values at each position, first worked out, then stored; `axes` are walked from the outermost."""
    exact = any(_leaves_room(store, space) for store in stores)

    def work(positions: Sequence[dict[int, Point]]) -> None:
        results = []
        for position in positions:
            nest.at.update(position)
            results.append(nest.results(stores))
        for position, found in zip(positions, results, strict=True):
            nest.at.update(position)
            nest.put(stores, found)

    def along(rest: Sequence[int]) -> None:
        if not rest:
            work([{}])
            return
        axis, *inner = rest
        if not inner:
            nest.vectors(space[axis], _BESIDE, lambda points: work([{axis: point} for point in points]), exact=exact)
            return

        def rows(index: Value, count: int) -> None:
            if len(inner) > 1:
                nest.at[axis] = Point(index)
                along(inner)
                return
            places = [Point(index, k) for k in range(count)]
            nest.vectors(
                space[inner[0]],
                _BESIDE,
                lambda points: work([{axis: place, inner[0]: point} for place in places for point in points]),
                exact=exact,
            )

        together = 1 if len(inner) > 1 else _rows_together(nest, stores, space[axis], space[inner[0]])
        nest.blocks(space[axis], together, rows)

    along(axes)


def _rows_together(nest: Nest, stores: Sequence[Store], outer: Dim, inner: Dim) -> int:
    """How many rows are worked out together: some, if they are short and little is done to each."""
    if not isinstance(outer, int) or not isinstance(inner, int) or nest.length(stores) > _SHORT:
        return 1
    vectors = -(-inner // lanes_for(inner, nest.memory.lanes))
    return max(1, min(outer, _TOGETHER // vectors))


def _leaves_room(store: Store, space: Sequence[Dim]) -> bool:
    """Whether a value is put between others, where a vector must not reach beyond its end."""
    return any(axis is not None and store.buffer.shape[k] != space[axis] for k, (axis, _) in enumerate(store.place))
