"""What the diagnosis of one link stands on: the link, what stands before it, and the tools to look for its slip."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from chainrule.checking.diagnosis.kin import Kin
from chainrule.checking.diagnosis.search import Desk, Search, Toolbox, desks
from chainrule.checking.diagnosis.wording import Words
from chainrule.checking.forms import Form, leaves
from chainrule.checking.paper import Paper, Plan
from chainrule.checking.verdict import Judged, Line
from chainrule.dataclasses import dataclass, replace
from chainrule.node import Node, is_quantity
from chainrule.numbers.interval import Interval
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Quantity

MOST_VALUES: Final = 12  # that follow from figures before, of each formula


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A wrong link with everything its diagnosis needs."""

    paper: Paper
    judged: Judged
    kin: Kin
    words: Words
    search: Search

    @property
    def line(self) -> Line:
        return self.judged.line

    @property
    def label(self) -> Quantity:
        return self.judged.claim.quantity

    @property
    def before(self) -> int:
        """How many figures stood on the paper before this claim, and one more: its own explain nothing."""
        since = self.paper.count - len(self.judged.claim.links)
        own = [one.order for one in self.paper.printed.get(self.label, ()) if one.order > since]
        return min(own, default=self.paper.count + 1)

    def values(self, at: Node, routes: list[Node]) -> list[Interval]:
        """What a quantity may be worth: exactly, and as it follows from figures before."""
        exact = self.paper.exact(at)
        found = [] if exact is None else [exact]
        label, before = self.paper.label_at(at), self.before
        for route in routes:
            follows = self.paper.follows(route, of=label, bad=False, before=before, local=self.line.numbers)
            found += islice((value for value in follows if value.is_finite()), MOST_VALUES)
        if self.paper.has_bad():
            for route in routes[:1]:
                follows = self.paper.follows(route, of=label, bad=True, before=before, local=self.line.numbers)
                found += islice((value for value in follows if value.is_finite()), MOST_VALUES)
        return list(dict.fromkeys(found))

    def plans(self, routes: list[Node], label: Quantity | None) -> Iterator[tuple[Plan, list[Desk]]]:
        """Each formula with the ways to have its antecedents."""
        local, before = self.line.numbers, self.before
        for route in routes:
            plan = self.paper.plan(route, of=label, bad=False, before=before, local=local)
            yield plan, desks(plan, of=label, bad=False, before=before)
            if self.paper.has_bad():
                worse = self.paper.plan(route, of=label, bad=True, before=before, local=local)
                if worse.choices != plan.choices:
                    yield worse, desks(worse, of=label, bad=True, before=before)


def scene_of(tools: Toolbox, judged: Judged) -> Scene:
    """The scene of a wrong link."""
    words = replace(tools.words, values=judged.kind != "formula")
    search = Search(tools.paper, judged.claim.quantity, tools, words, judged.line.node)
    return Scene(tools.paper, judged, tools.kin, words, search)


def quantities_in(form: Form) -> list[Node]:
    """The quantities a formula names, each once."""
    nodes = [leaf.node.args[0] if leaf.node.op is NEG else leaf.node for leaf in leaves(form)]
    return list(dict.fromkeys(node for node in nodes if is_quantity(node)))
