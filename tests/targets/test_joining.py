"""Lanes that are joined: each result has all lanes of its vector, once, and stands in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chainrule.targets.llvm.joining import fold


@dataclass
class Lanes:
    """A vector that knows what each of its lanes is made of."""

    made_of: list[list[tuple[int, int]]]

    @property
    def lanes(self) -> int:
        return len(self.made_of)


@dataclass
class Real:
    size: int


@dataclass
class Shuffles:
    real: Real

    def shuffle(self, x: Lanes, y: Lanes, lanes: Sequence[int]) -> Lanes:
        both = x.made_of + y.made_of
        return Lanes([both[lane] for lane in lanes])


def combined(x: Lanes, y: Lanes) -> Lanes:
    assert x.lanes == y.lanes
    return Lanes([a + b for a, b in zip(x.made_of, y.made_of, strict=True)])


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("size", [4, 8])
def test_every_lane_comes_to_its_result(count: int, width: int, size: int) -> None:
    e: Any = Shuffles(Real(size))
    vectors: Any = [Lanes([[(number, lane)] for lane in range(width)]) for number in range(count)]
    join: Any = combined
    found: Any = fold(e, vectors, join)
    assert [sorted(one) for one in found.made_of] == [
        [(number, lane) for lane in range(width)] for number in range(count)
    ]
