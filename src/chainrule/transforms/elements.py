"""Arrays that are only looked at element by element, as single numbers: a graph of numbers stays one.

Differentiated as arrays, each look would give an array of zeros with one number in it, and these would be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Final

from chainrule.node import Node, input_node, label_of, order, substitute
from chainrule.ops.matrix import INDEX
from chainrule.quantity import Name, spell

MOST: Final = 10_000  # elements


def by_elements(root: Node, inputs: Sequence[Node]) -> tuple[Node, list[Node]]:
    """The root with single numbers for the elements of its arrays, and all these numbers in C order.

    The root and the inputs as they are if an array is used as a whole, or there are very many elements.
    """
    arrays = {x for x in inputs if x.type.shape}
    if root in arrays or sum(prod(map(int, x.type.shape)) for x in inputs) > MOST:
        return root, list(inputs)
    known: dict[Node, Node] = {}
    for n in order([root]):
        for a in n.args:
            if a in arrays:
                if n.op is not INDEX or n.type.shape:
                    return root, list(inputs)
                at = "_".join(map(str, n.attribute))
                known[n] = input_node(Name(f"{spell(label_of(a))}[{at}]"))
    elements: list[Node] = []
    for x in inputs:
        places = product(*[range(int(size)) for size in x.type.shape])
        elements += [
            input_node(Name(f"{spell(label_of(x))}[{'_'.join(map(str, place))}]")) if place else x for place in places
        ]
    return substitute([root], known)[0], elements
