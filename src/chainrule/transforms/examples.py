"""Several training examples in one reading graph: what depends on the example is written out once for each.

`o1{2}` is o1 for example 2, `E{2}` that example's error, and E the sum or the mean of all.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from chainrule.graph import Graph
from chainrule.node import INPUT, NAME, Node, const, input_node, is_quantity, label_of, name_node, node
from chainrule.ops.arithmetic import ADD, DIV, MUL
from chainrule.quantity import Example, Quantity


def per_example(
    graph: Graph,
    varying: Collection[Quantity],
    count: int,
    *,
    error: Quantity | None,
    over: str,
    weights: Quantity | None = None,
) -> Graph:
    """The graph with the inputs `varying`, and all that depends on them, once for each of `count` examples.

    Outputs that do not depend on the example come first, then those of example 1, 2, ...; last the `error` itself, the
    sum ("sum") or the mean ("mean") over examples of what it was for one. `weights` labels a number of each example:
    its error counts so many times, and a mean is divided by the sum of the weights.
    """
    nodes = graph.nodes()
    depends: set[Node] = set()
    for current in nodes:
        if (is_quantity(current) and label_of(current) in varying) or any(a in depends for a in current.args):
            depends.add(current)
    outputs = {label: root for label, root in graph.outputs.items() if root not in depends}
    errors: list[Node] = []
    for number in range(1, count + 1):
        done: dict[Node, Node] = {}
        for old in nodes:
            args = tuple([done[a] for a in old.args])
            if old not in depends:
                done[old] = old
            elif old.op is INPUT:
                done[old] = input_node(Example(label_of(old), number), old.type)
            elif old.op is NAME:
                done[old] = name_node(Example(label_of(old), number), args[0])
            else:
                done[old] = node(old.op, args, old.attribute)
        for label, root in graph.outputs.items():
            if root in depends:
                outputs[Example(label, number)] = done[root]
                if label == error:
                    errors.append(done[root])
    if error is not None and errors:
        outputs[error] = name_node(error, _together(errors, over, weights))
    return Graph(outputs)


def _together(errors: list[Node], over: str, weights: Quantity | None) -> Node:
    if weights is None:
        total, count = _sum(errors), const(Fraction(len(errors)))
    else:
        each = [input_node(Example(weights, number)) for number in range(1, len(errors) + 1)]
        total, count = _sum([node(MUL, pair) for pair in zip(each, errors, strict=True)]), _sum(each)
    return node(DIV, (total, count)) if over == "mean" else total


def _sum(terms: list[Node]) -> Node:
    total = terms[0]
    for one in terms[1:]:
        total = node(ADD, (total, one))
    return total
