"""For the reading graph: a definition that spells out a known function is differentiated as that function.

Whoever writes out = 1/(1 + e^(-h)) expects out*(1 - out) as its derivative, as the lectures do. Only what one
definition says by itself is recognised; names are never looked through, so every quantity keeps its own derivative.
"""

from __future__ import annotations

from chainrule.graph import Graph
from chainrule.node import NAME, Node, is_quantity, node, order, rebuild
from chainrule.transforms.stabilise import stable_form


def recognise(graph: Graph) -> Graph:
    """The graph in which bodies such as 1/(1 + e^(-h)) are sigmoid(h); names and their uses stay as they are.

    >>> from chainrule.node import input_node, name_node
    >>> from chainrule.ops.functions import EXP
    >>> from chainrule.quantity import Name
    >>> h = input_node(Name("h"))
    >>> recognise(Graph({Name("out"): name_node(Name("out"), 1 / (1 + EXP(-h)))})).outputs[Name("out")].args[0]
    <sigmoid of 1: real>
    """

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is not NAME:
            return node(old.op, args, old.attribute)
        return node(NAME, (_known_form(args[0]),), old.attribute)

    done = rebuild(list(graph.outputs.values()), make)
    return Graph({label: done[root] for label, root in graph.outputs.items()})


def _known_form(body: Node) -> Node:
    if is_quantity(body):
        return body
    parts = order([body], cut=is_quantity)
    leaves = {n: n for n in parts if is_quantity(n)}
    form = rebuild([body], stable_form, known=leaves)[body]
    # A form that reaches past a name would take that name's derivative away.
    used = {n for n in order([form], cut=is_quantity) if is_quantity(n)}
    return form if used == leaves.keys() else body
