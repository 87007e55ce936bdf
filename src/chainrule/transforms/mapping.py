"""A graph carried over node by node: outputs and ledger alike, because both are roots for every transform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from chainrule.graph import Graph, collector_paused
from chainrule.node import Node, rebuild


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
    return Graph({label: done[root] for label, root in graph.outputs.items()}, tuple(ledger))
