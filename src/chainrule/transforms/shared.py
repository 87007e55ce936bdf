"""Names for anonymous values that several definitions use: what keeps reverse mode linear in the size of a trace.

People write each formula once, so a small repeated part is left anonymous; only where taking every definition by itself
would visit the graph many times over do the shared values become definitions of their own.
"""

from __future__ import annotations

from chainrule.graph import Graph
from chainrule.node import Node, is_quantity, label_of, name_node, node
from chainrule.quantity import Name, Quantity

PATIENCE = 2  # how many times over the graph may be visited before shared values are named


def name_shared(graph: Graph, nodes: list[Node]) -> Graph:
    """The graph with a name (`v1`, `v2`, ...) for every anonymous value that more than one definition uses.

    `nodes` are all its nodes, arguments before users. The ledger is not carried over.
    """
    varying: set[Node] = set()
    for current in nodes:
        if is_quantity(current) or any(a in varying for a in current.args):
            varying.add(current)
    owner: dict[Node, Node] = {}
    shared: set[Node] = set()
    for current in reversed(nodes):
        mine = current if is_quantity(current) or current in shared else owner.get(current, current)
        for argument in current.args:
            if argument in varying and not is_quantity(argument) and owner.setdefault(argument, mine) is not mine:
                shared.add(argument)
    return _with_names(graph, nodes, shared)


def _with_names(graph: Graph, nodes: list[Node], shared: set[Node]) -> Graph:
    taken: set[Quantity] = {label_of(n) for n in nodes if is_quantity(n)}
    done: dict[Node, Node] = {}
    number = 0
    for old in nodes:
        new = node(old.op, tuple([done[a] for a in old.args]), old.attribute)
        if old in shared:
            number += 1
            while Name(f"v{number}") in taken:
                number += 1
            new = name_node(Name(f"v{number}"), new)
        done[old] = new
    return Graph({label: done[root] for label, root in graph.outputs.items()}, ())
