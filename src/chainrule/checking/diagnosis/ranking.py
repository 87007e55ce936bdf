"""Which explanation of a wrong link is the best: how often people make the slip, and how many others are as easy.

Costs are logarithms of odds. A slip that could have been made at a hundred places explains a figure of two digits by
accident, so it must be cheaper than that accident to be mentioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf, log
from typing import Final

from chainrule.checking.diagnosis.search import Hit
from chainrule.checking.report import Cause

MOST: Final = 6  # causes of one link that are told
PRIOR: Final[Mapping[str, float]] = {
    "decimal point": 0.8,
    "digits transposed": 1.2,
    "digit copied wrong": 1.0,
    "copied from another line": 1.0,
    "other quantity put in": 1.0,
    "old for new weight": 0.5,
    "new for old weight": 0.5,
    "net input for output": 0.6,
    "sign": 0.5,
    "factor missing": 0.7,
    "factor twice": 1.3,
    "term missing": 0.7,
    "term twice": 1.3,
    "derivative of activation missing": 0.4,
    "derivative of activation twice": 1.0,
    "square or half forgotten": 0.5,
    "wrong target": 0.5,
    "subtraction reversed": 0.6,
    "rounded too early": 1.0,
    "wrong function": 1.0,
    "path left out": 0.4,
    "arithmetic": 1.5,
    "other convention": 0.5,
}
AGAIN: Final = 2.0  # what the next explanation of the same kind costs more: another kind is more to learn from
NOTHING: Final = 3.0  # what must be gained on an accident


def worth_telling(hits: Iterable[Hit], tried: Mapping[str, int], accident: float) -> list[Hit]:
    """The explanations that are better than an accident."""
    return [hit for hit in hits if cost_of(hit, tried) < accident + NOTHING]


def cost_of(hit: Hit, tried: Mapping[str, int]) -> float:
    """How unlikely a slip is, before anything is known of the link."""
    return PRIOR[hit.slip] + log(max(1, tried.get(hit.group, 1))) + hit.cost


def ranked(hits: Iterable[Hit], tried: Mapping[str, int], accident: float = inf) -> tuple[Cause, ...]:
    """The causes, best first; none that is no better than an accident."""
    found: dict[tuple[str, str], float] = {}
    for hit in worth_telling(hits, tried, accident):
        key, cost = (hit.slip, hit.text), cost_of(hit, tried)
        found[key] = min(cost, found.get(key, cost))
    again: Counter[str] = Counter()
    for key in sorted(found, key=found.__getitem__):
        found[key] += AGAIN * again[key[0]]
        again[key[0]] += 1
    return tuple([Cause(slip, text) for slip, text in sorted(found, key=found.__getitem__)][:MOST])
