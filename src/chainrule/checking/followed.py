"""What a carried link follows from: the wrong figure nearest to it, in words for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chainrule.checking.paper import Paper
from chainrule.checking.verdict import SEVERITY, Judged
from chainrule.dataclasses import dataclass, field
from chainrule.quantity import Quantity

MOST_NAMED: Final = 3  # wrong figures that one link follows from


@dataclass(slots=True, eq=False)
class Slips:
    """The links so far at which something stands that is not right, by what they are about."""

    paper: Paper
    found: dict[Quantity, Judged] = field(default_factory=dict)

    def note(self, judged: Sequence[Judged]) -> None:
        """Remember the figures of a claim that are wrong or carried."""
        for one in judged:
            if one.figure is not None and SEVERITY[one.verdict] > SEVERITY["rounded"]:
                self.found[one.claim.quantity] = one

    def followed(self, one: Judged) -> str:
        """The wrong figures on earlier lines that a carried link rests on."""
        named = [f"{slip.claim.text} = {slip.link.text} on line {slip.link.line}" for slip in self._under(one)]
        return f"follows from {' and '.join(named[:MOST_NAMED])}" if named else ""

    def _under(self, one: Judged) -> list[Judged]:
        """The wrong figures that the first formula of the quantity rests on which has some."""
        label = one.claim.quantity
        for route in self.paper.routes(label):
            plan = self.paper.plan(route, of=label, bad=True, local={}, unrounded=False)
            below = [self.paper.label_at(at) for at in plan.choices]
            found = [self.found[part] for part in below if part in self.found]
            if found:
                return list(dict.fromkeys(found))
        return []
