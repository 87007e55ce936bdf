"""A graph carried over node by node: outputs and ledger alike, because both are roots for every transform."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.dataclasses import replace
from chainrule.graph import Graph, collector_paused
from chainrule.node import Node, is_quantity, label_of, name_node, rebuild
from chainrule.quantity import Quantity


def map_graph(graph: Graph, make: Callable[[Node, tuple[Node, ...]], Node]) -> Graph:
    """The graph with every node replaced by `make(old, new arguments)`."""
    with collector_paused():
        return carried(graph, rebuild(graph.roots(), make))


def carried(graph: Graph, done: Mapping[Node, Node]) -> Graph:
    """The graph's outputs and ledger with the nodes they became."""
    ledger = [
        replace(
            entry,
            upstream=done[entry.upstream],
            local=None if entry.local is None else done[entry.local],
            value=done[entry.value],
        )
        for entry in graph.ledger
    ]
    return Graph({label: as_output(label, done[root]) for label, root in graph.outputs.items()}, tuple(ledger))


def as_output(label: Quantity, root: Node) -> Node:
    """A node that may stand as the output `label`: named, if it came out as a quantity with another label."""
    return name_node(label, root) if is_quantity(root) and label_of(root) != label else root
