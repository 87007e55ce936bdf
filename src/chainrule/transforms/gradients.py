"""Derivatives of nodes by inputs, forwards and backwards: what `derivatives` evaluates and `gradchecking` questions.

Names on the way are dropped, because these derivatives are computed and not read. `running` is what is to be computed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

from chainrule.errors import GradientError
from chainrule.graph import Graph
from chainrule.node import (
    NAME,
    Node,
    Shape,
    const,
    input_node,
    is_quantity,
    label_of,
    name_node,
    node,
    order,
    substitute,
    type_of,
)
from chainrule.ops.arithmetic import MUL
from chainrule.ops.matrix import BROADCAST
from chainrule.ops.reduction import SUM
from chainrule.ops.types import show_shape
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse
from chainrule.transforms.stabilise import stabilise

_numbers = count(1)  # fresh inputs are told apart by a number, which never reaches a result


def fresh_input(shape: Shape) -> Node:
    """An input of this shape that no other graph has."""
    return input_node(Name(f"#{next(_numbers)}"), type_of("real", shape))


def plain_input(like: Node) -> Node:
    """A fresh input of the kind and shape of a node."""
    return input_node(Name(f"#{next(_numbers)}"), like.type)


def running(root: Node, by: Collection[Node]) -> Node:
    """The node in the form that is evaluated: stable, and without the names of what depends on `by`."""
    (plain,) = without_names([root], by)
    stands = {n: plain_input(n) for n in order([plain], cut=is_quantity) if n.op is NAME}
    (bare,) = substitute([plain], stands)  # names of somebody else's stay what they are
    label = Name("#")
    stable = stabilise(Graph({label: bare})).outputs[label]
    return substitute([stable], {stand: n for n, stand in stands.items()})[0]


def gradient(root: Node, by: Sequence[Node]) -> list[Node]:
    """The derivatives of a node that is a single number by inputs, as plain nodes; zeros where none reaches.

    Raises `GradientError` if the root is an array.
    """
    if root.type.shape:
        raise GradientError(
            f"found a result of shape {show_shape(root.type.shape)}, and only a single number has a gradient.",
            hint="Sum it, pick one element, or use jvp.",
        )
    (plain,) = without_names([root], by)
    if is_quantity(plain):  # the function gives back an argument, or something from outside
        return [_filled(1 if x is plain else 0, x) for x in by]
    of = Name(f"#{next(_numbers)}")
    graph = Graph({of: name_node(of, plain)})
    below = set(graph.nodes())
    done = reverse(graph, of, [label_of(x) for x in by if x in below])
    found = [x for x in by if x in below]
    named = [done.outputs[Derivative(of, label_of(x))] for x in found]
    derivatives = dict(zip(found, without_names(named, [*by, *named]), strict=True))
    return [derivatives.get(x, _filled(0, x)) for x in by]


def pushforward(roots: Sequence[Node], by: Sequence[Node], tangents: Sequence[Node]) -> list[Node]:
    """How fast each root changes when the inputs `by` move along the tangents: forward mode by reversing twice.

    u·f differentiated by x is u·J, linear in u; its derivative by u along v is J·v.
    """
    weights = [fresh_input(root.type.shape) for root in roots]
    return gradient(along(gradient(along(roots, weights), by), tangents), weights)


def along(values: Sequence[Node], directions: Sequence[Node]) -> Node:
    """The sum of all products of elements: a single number."""
    total = const(0)
    for value, direction in zip(values, directions, strict=True):
        product = node(MUL, (value, direction))  # plain: what is checked or differentiated again must not vanish
        total = total + SUM(product, attribute=tuple(range(len(product.type.shape))))
    return total


def without_names(roots: Sequence[Node], by: Collection[Node]) -> list[Node]:
    """The roots without the names of what depends on `by`; other names stay, for they belong to somebody else."""
    within = set(by)
    done: dict[Node, Node] = {}
    for old in order(roots):
        if any(a in within for a in old.args):
            within.add(old)
        args = tuple([done[a] for a in old.args])
        dropped = old.op is NAME and old in within
        done[old] = args[0] if dropped else old if args == old.args else node(old.op, args, old.attribute)
    return [done[root] for root in roots]


def _filled(number: int, like: Node) -> Node:
    return BROADCAST(const(number), attribute=like.type.shape)
