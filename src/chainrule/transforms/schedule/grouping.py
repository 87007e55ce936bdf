"""Which nodes are computed in one pass: elementwise ops join the product, the sum or the other ops they follow.

A node joins the stage of an argument of its own shape unless something else it needs would have to wait for that very
stage. What is cheap and made of values at hand is not put into memory but computed again where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.dataclasses import dataclass, field
from chainrule.node import CONST, INPUT, Node, Shape, order
from chainrule.transforms.schedule.layout import Orders, base_of, product_cost
from chainrule.transforms.schedule.lower import ASSEMBLED, REDUCTIONS, is_view
from chainrule.transforms.schedule.stages import Product, Stage

CHEAP = frozenset({
    "add", "sub", "mul", "neg", "greater", "less", "greater_equal", "less_equal", "equal", "not_equal", "where", "max",
    "min", "abs", "sign", "step", "relu", "leaky_relu",
})  # fmt: skip
_DEEPEST = 4  # ops that are computed again rather than kept
_LEAVES = frozenset({"pi", "e", "count"})
_RECENT = 4  # how many stages of single numbers are tried for another one


@dataclass(slots=True)
class Grouping:
    """Stages under construction; `home` is the stage that computes a node, `loose` counts the ops of homeless ones."""

    orders: Orders
    lanes: int
    stages: list[Stage] = field(default_factory=list)
    home: dict[Node, int] = field(default_factory=dict)
    loose: dict[Node, int] = field(default_factory=dict)
    needs: dict[Node, frozenset[int]] = field(default_factory=dict)
    ways: dict[Node, Product] = field(default_factory=dict)
    kept: set[Node] = field(default_factory=set)  # what must be in memory
    passing: Mapping[Node, Node] = field(default_factory=dict)  # matrices, and the products that they go through
    copies: dict[Node, int] = field(default_factory=dict)  # the stage that stores a root which has no home
    ancestors: list[int] = field(default_factory=list)  # of each stage, as bits
    awaited: int = 0  # the stages for which others wait, as bits

    def new_stage(self, space: Shape, needs: frozenset[int], core: Node | None = None) -> Stage:
        """A stage of its own."""
        stage = Stage(len(self.stages), space, core, self.ways.get(core) if core else None)
        self.stages.append(stage)
        self.ancestors.append(0)
        self.wait(stage.number, needs)
        return stage

    def wait(self, stage: int, needs: frozenset[int]) -> None:
        """Let a stage run after others, and all that run after it."""
        fresh = [s for s in needs if s != stage and s not in self.stages[stage].before]
        if not fresh:
            return
        self.stages[stage].before.update(fresh)
        bits = self.ancestors[stage]
        for s in fresh:
            bits |= self.ancestors[s] | 1 << s
        self.ancestors[stage] = bits
        self.awaited |= bits
        if not self.awaited >> stage & 1:
            return
        for other, known in enumerate(self.ancestors):
            if known >> stage & 1:
                self.ancestors[other] |= bits

    def stage_of(self, root: Node) -> Stage:
        """The stage that computes a root."""
        return self.stages[self.home[root] if root in self.home else self.copies[root]]

    def precedes(self, one: int, other: int) -> bool:
        """Whether a stage must run before another."""
        return bool(self.ancestors[other] >> one & 1)


def is_leaf(x: Node) -> bool:
    """What is there before anything is computed."""
    return x.op is INPUT or x.op is CONST or x.op.name in _LEAVES


def group(roots: Sequence[Node], orders: Orders, lanes: int, passing: Mapping[Node, Node] | None = None) -> Grouping:
    """Stages for all nodes below the roots, each with the stages it waits for.

    `orders` is how some of them lie, or should. `passing` are matrices that are worked out for a product each, if that
    is a sum of vectors.
    """
    grouping = Grouping(orders, lanes)
    nodes = order(roots)
    users: dict[Node, list[Node]] = {}
    for current in nodes:
        for argument in current.args:
            users.setdefault(argument, []).append(current)
    for current in nodes:
        _prepare(grouping, current)
    ways = grouping.ways
    grouping.passing = {x: product for x, product in (passing or {}).items() if not ways[product].folded}
    grouping.kept -= grouping.passing.keys()
    for current in nodes:
        _place(grouping, current, users)
    grouping.copies.update({x: grouping.home[product] for x, product in grouping.passing.items()})
    for root in roots:
        if root not in grouping.home and root not in grouping.copies:
            grouping.copies[root] = grouping.new_stage(root.type.shape, grouping.needs[root]).number
    return grouping


def _prepare(grouping: Grouping, x: Node) -> None:
    """Decide how a product runs, and what must lie in memory for it."""
    if x.op.name == "matmul":
        _, grouping.ways[x], copies = product_cost(x, grouping.orders, grouping.lanes)
        for k, operand in enumerate(x.args):
            base = base_of(operand)
            copied = k in copies or (is_leaf(base) and base.op is not INPUT)
            grouping.kept.add(operand if copied else base)
    elif x.op.name == "reshape" and not is_view(x):
        grouping.kept.add(x.args[0])


def _place(grouping: Grouping, x: Node, users: Mapping[Node, Sequence[Node]]) -> None:
    name = x.op.name
    needs = frozenset().union(*[grouping.needs[a] for a in x.args])
    if is_leaf(x):
        grouping.loose[x] = 0
        grouping.needs[x] = frozenset()
        return
    if name == "matmul" or name in REDUCTIONS or (name in ASSEMBLED and not is_view(x)):
        stage = grouping.new_stage(x.type.shape, needs, x)
    elif x in grouping.kept and is_view(x):
        stage = grouping.new_stage(x.type.shape, needs)
    elif is_view(x) or x in grouping.passing or _is_loose(grouping, x, users):
        grouping.needs[x] = needs
        if all(a in grouping.loose for a in x.args):
            grouping.loose[x] = max(grouping.loose[a] for a in x.args) + (not is_view(x))
        return
    else:
        found = _stage_to_join(grouping, x, needs)
        if found is None and _is_passed_on(grouping, x, users):
            grouping.needs[x] = needs
            return
        stage = grouping.stages[found] if found is not None else grouping.new_stage(x.type.shape, needs)
        grouping.wait(stage.number, needs)
    grouping.home[x] = stage.number
    grouping.needs[x] = frozenset([stage.number])


def _is_loose(grouping: Grouping, x: Node, users: Mapping[Node, Sequence[Node]]) -> bool:
    """Whether a node is computed where it is used: it costs little, or is summed up right away."""
    if x in grouping.kept:
        return False
    if all(a in grouping.loose for a in x.args):
        return x.op.name in CHEAP and max(grouping.loose[a] for a in x.args) < _DEEPEST
    consumers = users.get(x, ())
    return len(consumers) == 1 and consumers[0].op.name in REDUCTIONS


def _is_passed_on(grouping: Grouping, x: Node, users: Mapping[Node, Sequence[Node]]) -> bool:
    """Whether a node that has no stage to join is computed in that of the only one who needs it: a product in a sum."""
    consumers = users.get(x, ())
    if x in grouping.kept or x.op.name not in CHEAP or len(consumers) != 1:
        return False
    return consumers[0].op.elementwise and consumers[0].type.shape == x.type.shape and consumers[0].args.count(x) == 1


def _stage_to_join(grouping: Grouping, x: Node, needs: frozenset[int]) -> int | None:
    """The stage of an argument of the same shape, if nothing else that is needed waits for it."""
    together = {grouping.home[a] for a in x.args if a in grouping.home and a.type.shape == x.type.shape}
    apart: set[int] = set()
    for a in x.args:
        if a not in grouping.home or a.type.shape != x.type.shape:
            apart |= grouping.needs[a]
    candidates = {number for number in together if grouping.stages[number].pointwise}
    if not x.type.shape:
        recent = [stage.number for stage in grouping.stages if not stage.space and stage.pointwise]
        candidates.update(recent[-_RECENT:])
    legal = [
        number
        for number in candidates - apart
        if not any(grouping.precedes(number, other) for other in needs if other != number)
    ]
    return max(legal, key=lambda number: (grouping.stages[number].core is not None, number), default=None)
