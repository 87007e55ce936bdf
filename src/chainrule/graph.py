"""The one representation: everything a person sees or runs is a reading of such a graph.

    node    ::= op(node, ..., attribute) : type    immutable and interned: equal nodes are one node
    type    ::= kind [dim, ...]                    kind: real | integer | boolean; a dim is a number or a symbol, N
    graph   ::= outputs, ledger                    names are one to one onto `input` and `name` nodes
    ledger  ::= contribution*                      written by `reverse`: (of, through, upstream, local, value)
    program ::= step graph, state: {name: (before, after, initial)}, examples, scalars

Two ops carry a label: `input`, and `name`, the identity that says a person named this quantity. Without names two
quantities that happen to be equal would merge, and their derivatives with them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chainrule.dataclasses import dataclass, field
from chainrule.errors import GraphError
from chainrule.node import INPUT, Node, Packed, is_interned, is_quantity, label_of, order, pack, unpack
from chainrule.quantity import Quantity, spell


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """The derivative of a quantity, through one definition that uses it: `of = upstream * local + ...`."""

    of: Quantity  # Derivative(E, out_h1)
    through: Quantity  # o1, the definition that uses out_h1
    upstream: Node  # dE/do1
    local: Node | None  # do1/dout_h1, the other arguments fixed; None for a definition such as a matrix product
    value: Node  # what is added to dE/dout_h1


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Named results, and the ledger of how derivatives among them came about."""

    outputs: Mapping[Quantity, Node]
    ledger: tuple[Contribution, ...] = ()

    def roots(self) -> list[Node]:
        """The nodes every transform must keep: outputs and the ledger's own."""
        roots = list(self.outputs.values())
        for entry in self.ledger:
            roots += (
                [entry.upstream, entry.value] if entry.local is None else [entry.upstream, entry.local, entry.value]
            )
        return roots

    def nodes(self) -> list[Node]:
        """All nodes, arguments before users."""
        return order(self.roots())

    def quantities(self) -> dict[Quantity, Node]:
        """Every labelled node by its label, in the order of use."""
        return {label_of(n): n for n in self.nodes() if is_quantity(n)}

    def inputs(self) -> dict[Quantity, Node]:
        """What must be given a value."""
        return {label: n for label, n in self.quantities().items() if n.op is INPUT}

    def __repr__(self) -> str:
        return f"<Graph of {', '.join(spell(label) for label in list(self.outputs)[:5])}>"

    def _repr_html_(self) -> str | None:
        return _shown(self, "html")

    def _repr_latex_(self) -> str | None:
        return _shown(self, "latex")

    def _repr_markdown_(self) -> str | None:
        return _shown(self, "markdown")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = [n for c in self.ledger for n in (c.upstream, c.local or c.value, c.value)]
        labels = [(c.of, c.through, c.local is None) for c in self.ledger]
        return _unpack_graph, (list(self.outputs), labels, pack([*self.outputs.values(), *fields]))


def _shown(graph: Graph, style: str) -> str | None:
    from chainrule.display import graph_shown  # printing stands floors above; it is loaded when a notebook asks

    return graph_shown(graph, style)


@dataclass(frozen=True, slots=True)
class State:
    """One thing that learns: its node before the step, its node after, and what it starts from; a number fills it."""

    before: Node
    after: Node
    initial: Any


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The body of a training loop: one step, forward, backward and update in one graph.

    `examples` are the inputs that change from step to step; `scalars` those that the loop sets, such as the rate.
    Running it n times is `E@n`. If no step has more than `most` examples, code may be made for that: see
    `transforms.schedule.rows`. That of a `team` is run by several threads together.
    """

    step: Graph
    state: Mapping[Quantity, State]
    examples: tuple[Node, ...] = ()
    scalars: Mapping[Quantity, Node] = field(default_factory=dict)
    most: int | None = None
    team: bool = False


def verify(graph: Graph) -> Graph:
    """Check the grammar: types, arities and one node per label; returns the graph.

    Raises `GraphError` naming the first node that breaks it. Run after every transform in tests.
    """
    labels: dict[Quantity, Node] = {}
    for current in graph.nodes():
        op = current.op
        if op.arity is not None and op.arity != len(current.args):
            raise GraphError(f"{current!r} has {len(current.args)} arguments, its op takes {op.arity}")
        types = [a.type for a in current.args]
        due = op.typing(*types) if current.attribute is None else op.typing(current.attribute, *types)
        if due is not current.type:
            raise GraphError(f"{current!r} should have the type {due}")
        if not is_interned(current):
            raise GraphError(f"{current!r} was not made by `node`")
        if is_quantity(current) and labels.setdefault(label_of(current), current) is not current:
            raise GraphError(f"two nodes are called {spell(label_of(current))}")
    for label, root in graph.outputs.items():
        if is_quantity(root) and label_of(root) != label:
            raise GraphError(f"the output {spell(label)} is the quantity {spell(label_of(root))}")
    for entry in graph.ledger:
        if entry.of not in labels:
            raise GraphError(f"the ledger speaks of {spell(entry.of)}, which is not in the graph")
    return graph


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic collector while very many nodes are made: they hold no cycles, and it would scan them all."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _unpack_graph(outputs: list[Quantity], labels: list[tuple[Quantity, Quantity, bool]], packed: Packed) -> Graph:
    nodes = unpack(packed)
    fields = nodes[len(outputs) :]
    ledger = [
        Contribution(of, through, fields[3 * i], None if absent else fields[3 * i + 1], fields[3 * i + 2])
        for i, (of, through, absent) in enumerate(labels)
    ]
    return Graph(dict(zip(outputs, nodes, strict=False)), tuple(ledger))
