"""Which quantities are taken for one another: another weight of the layer, the net input for the output, a target.

A slip is likely only among kin, so this says who is kin, how near, and what the mix-up is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.dataclasses import dataclass, field
from chainrule.errors import ChainruleError
from chainrule.node import INPUT, NAME, Node, arguments_of, is_quantity, label_of
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Quantity, Updated, spell

FARTHEST: Final = 3  # steps of kinship
MOST_SWAPS: Final = 40  # for one quantity


class Swap(NamedTuple):
    """A quantity that may be put in for another, what that slip is called, and how far-fetched it is."""

    other: Node
    slip: str
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Kin:
    """The quantities of a problem by what they are."""

    quantities: Quantities
    nodes: dict[Quantity, Node]  # of the forward pass, before any update
    learning: frozenset[Quantity]
    targets: frozenset[Quantity]
    depths: dict[Quantity, int]  # of a computed one its longest way from the inputs, of an input that of its first use
    outputs: dict[Quantity, list[Node]]  # of each net input
    _below: dict[Quantity, frozenset[Quantity]] = field(default_factory=dict)
    _near: dict[Quantity, list[tuple[Quantity, int]]] = field(default_factory=dict)

    def is_target(self, label: Quantity) -> bool:
        return _bare(label) in self.targets

    def near(self, label: Quantity) -> list[tuple[Quantity, int]]:
        """The quantities of the same kind, nearest first, each with its distance."""
        if label not in self._near:
            found = [
                (one, distance) for one in self._alike(label) if (distance := self._distance(label, one)) is not None
            ]
            self._near[label] = sorted(found, key=lambda one: one[1])[:MOST_SWAPS]
        return self._near[label]

    def _alike(self, label: Quantity) -> Iterator[Quantity]:
        match label:
            case Derivative(of, by, direct):
                yield from (Derivative(of, one, direct) for one, _ in self.near(by))
                yield from (Derivative(one, by, direct) for one, _ in self.near(of))
            case Updated(of, times):
                yield from (Updated(one, times) for one, _ in self.near(of))
            case Change(of):
                yield from (Change(one) for one, _ in self.near(of))
            case Memory(of, name):
                yield from (Memory(one, name) for one, _ in self.near(of))
            case _:
                yield from (one for one in self.nodes if one != label)

    def _distance(self, label: Quantity, other: Quantity) -> int | None:
        match label, other:
            case Derivative(of, by), Derivative(of2, by2):
                parts = [self._part(of, of2), self._part(by, by2)]
                known = [one for one in parts if one is not None]
                return sum(known) if len(known) == len(parts) else None
            case ((Updated(of) | Change(of) | Memory(of)), (Updated(of2) | Change(of2) | Memory(of2))):
                return self._part(of, of2)
        return self._plain_distance(label, other)

    def _part(self, label: Quantity, other: Quantity) -> int | None:
        return 0 if label == other else next((d for one, d in self.near(label) if one == other), None)

    def _plain_distance(self, label: Quantity, other: Quantity) -> int | None:
        one, two = self.nodes.get(label), self.nodes.get(other)
        if one is None or two is None or one.op is not two.op:
            return None
        if one.op is INPUT:
            if self._role(label) != self._role(other):
                return None
            apart = 0 if _stem(label) == _stem(other) else 1
        else:
            if (net_of(one) is None) != (net_of(two) is None):
                return None
            apart = 0 if one.args[0].op is two.args[0].op else 1
        layers = (abs(self.depths.get(label, 0) - self.depths.get(other, 0)) + 1) // 2  # a net input and an output each
        distance = apart + layers
        return distance if distance <= FARTHEST else None

    def _role(self, label: Quantity) -> str:
        bare = _bare(label)
        return "target" if bare in self.targets else "learns" if bare in self.learning else "given"

    def swaps(self, paper: Paper, at: Node, around: frozenset[Node]) -> list[Swap]:
        """What may be put in for a quantity; `around` stands in the same formula."""
        if not is_quantity(at) or at.shape:
            return []
        label = label_of(at)
        found = [*self._times(paper, label, at), *self._levels(at)]
        for other, distance in self.near(label):
            if (node := self.node(other)) is not None:
                slip = "wrong target" if self.is_target(label) else "other quantity put in"
                found.append(Swap(node, slip, 0.6 * distance))
        found += [Swap(one, "other quantity put in", 1.8) for one in around if is_quantity(one) and not one.shape]
        best: dict[Node, Swap] = {}
        for swap in found:
            if swap.other is not at and (swap.other not in best or swap.cost < best[swap.other].cost):
                best[swap.other] = swap
        return list(best.values())

    def _times(self, paper: Paper, label: Quantity, at: Node) -> Iterator[Swap]:
        """The same quantity before or after an update."""
        if isinstance(label, Updated):
            old = Updated(label.of, label.times - 1) if label.times > 1 else label.of
            if (node := self.node(old)) is not None:
                yield Swap(node, "old for new weight", 0.0 if self._learns(label.of) else 0.7)
        elif self._learns(label) and at.op is INPUT and (node := self.node(Updated(label))) is not None:
            known = 0.0 if Updated(label) in paper.printed else 0.7 if self.has_updates(paper) else 3.0
            yield Swap(node, "new for old weight", known)

    def _levels(self, at: Node) -> Iterator[Swap]:
        """The net input for the output, and the output for the net input."""
        if (net := net_of(at)) is not None:
            yield Swap(net, "net input for output", 0.0)
        for output in self.outputs.get(label_of(at), ()):
            yield Swap(output, "other quantity put in", 0.7)

    def _under(self, label: Quantity) -> frozenset[Quantity]:
        """What a quantity is made of; all there is, for one that has no definition."""
        if label not in self._below:
            uses, found, stack = self.quantities.uses, dict[Quantity, None](), [label]
            while stack:
                for one in uses.get(stack.pop(), ()):
                    if one not in found:
                        found[one] = None
                        stack.append(one)
            self._below[label] = frozenset(found if label in uses else self.nodes)
        return self._below[label]

    def has_updates(self, paper: Paper) -> bool:
        """Whether something stands on the paper that an update has changed: nobody puts in what is not known yet."""
        return any(isinstance(label, Updated) for label in paper.printed)

    def _learns(self, label: Quantity) -> bool:
        return _bare(label) in self.learning

    def node(self, label: Quantity) -> Node | None:
        """The node of a quantity, if there is such a quantity."""
        if label in self.nodes:
            return self.nodes[label]
        if isinstance(label, Derivative) and label.by not in self._under(label.of):
            return None  # 0 or 1, which nobody works out
        if isinstance(label, Derivative) and label in self.quantities.passes(1).backward.outputs:
            return self.quantities.passes(1).backward.outputs[label]
        try:
            return self.quantities.node(label)
        except ChainruleError:
            return None


def kin_of(quantities: Quantities) -> Kin:
    """The kinships of a problem."""
    passes = quantities.passes(1)
    nodes = {label_of(n): n for n in passes.forward.nodes() if is_quantity(n) and not n.shape}
    problem = quantities.problem
    learning = frozenset(map(_bare, {*problem.parameters, *problem.parameter_arrays, *passes.following}))
    outputs: dict[Quantity, list[Node]] = {}
    for one in nodes.values():
        if one.op is NAME and (net := net_of(one)) is not None:
            outputs.setdefault(label_of(net), []).append(one)
    return Kin(quantities, nodes, learning, _targets(nodes, problem.minimise, learning), _depths(nodes), outputs)


def net_of(at: Node) -> Node | None:
    """The net input of an output, z of a = f(z); None for anything else."""
    body = at.args[0] if at.op is NAME else at
    if len(body.args) == 1 and body.op.elementwise and is_quantity(body.args[0]) and body.op.name != "neg":
        return body.args[0]
    return None


def _targets(nodes: dict[Quantity, Node], error: Quantity | None, learning: frozenset[Quantity]) -> frozenset[Quantity]:
    """The givens that what is computed is compared with: they stand in the error itself, or in a part of it."""
    found: set[Quantity] = set()
    parts, seen = [nodes[error]] if error in nodes else [], set[Node]()
    while parts:
        part = parts.pop()
        args = arguments_of(part)
        inputs = [label_of(a) for a in args if a.op is INPUT]
        if not inputs:
            parts += [a for a in args if a not in seen]
            seen.update(args)
        elif len(inputs) < len(args):
            found.update(map(_bare, inputs))
    return frozenset(found - learning)


def _depths(nodes: dict[Quantity, Node]) -> dict[Quantity, int]:
    found: dict[Quantity, int] = {}
    computed = [(label, one) for label, one in nodes.items() if one.op is NAME]
    for label, one in computed:  # arguments come before users
        found[label] = 1 + max((found.get(label_of(a), 0) for a in arguments_of(one) if a.op is NAME), default=0)
    for label, one in computed:
        for a in arguments_of(one):
            if a.op is INPUT:
                found[label_of(a)] = min(found.get(label_of(a), found[label]), found[label])
    return found


def _bare(label: Quantity) -> Quantity:
    """The array or name that learns, or is given: W1 of W1[2,1], x_1 of x_1{2}."""
    while isinstance(label, Element | Example | Updated):
        label = label.of
    return label


def _stem(label: Quantity) -> str:
    """The name without its numbers: w for w5, W2 for W2[1,2]."""
    text = spell(_bare(label))
    return text if isinstance(label, Element) else text.rstrip("0123456789_")
