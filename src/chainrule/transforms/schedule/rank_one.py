"""Which matrices learn by products of a column and a row: W' = W - u v, the update of a layer by one example.

Such an update need not be made at once: u and v say all there is to it, and take far less memory than W.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.dataclasses import dataclass
from chainrule.node import Node, Shape, node, order
from chainrule.ops.arithmetic import ADD, MUL, NEG, SUB
from chainrule.ops.matrix import MATMUL, RESHAPE


@dataclass(frozen=True, slots=True)
class RankOne:
    """`after` is `before` minus the outer product of `column` and `row`, two vectors."""

    before: Node
    after: Node
    column: Node
    row: Node


def rank_one(before: Node, after: Node) -> RankOne | None:
    """How a state after an update is made of the one before, if it is such a product that is taken away or added.

    Single numbers, such as the rate, are put to the column.
    """
    shape = before.type.shape
    if len(shape) != 2 or 1 in shape or after.op not in (ADD, SUB) or before not in after.args:
        return None
    if after.op is SUB and after.args[0] is not before:
        return None
    product = after.args[1] if after.args[0] is before else after.args[0]
    negative, factors = after.op is ADD, _factors(product)
    negative ^= sum(factor.op is NEG for factor in factors) % 2 == 1
    factors = [factor.args[0] if factor.op is NEG else factor for factor in factors]
    numbers = [x for x in factors if not x.type.shape]
    columns = [_vector(x) for x in factors if x.type.shape == (shape[0], 1)]
    rows = [_vector(x) for x in factors if x.type.shape in ((shape[1],), (1, shape[1]))]
    if not columns or not rows or len(numbers) + len(columns) + len(rows) != len(factors):
        return None
    column = multiplied([*numbers, *columns])
    return RankOne(before, after, NEG(column) if negative else column, multiplied(rows))


def learned_from(
    examples: Sequence[Node], roots: Sequence[Node], states: Sequence[tuple[Node, Node]]
) -> list[tuple[RankOne, Node, list[Node]]]:
    """The matrices that learn so from the examples themselves, each with the product W x and all that uses that.

    W is used in W x and its own update only, where x is the example that the update is made of. `states` are pairs
    (before, after), and the roots have all of the latter below them.
    """
    users: dict[Node, list[Node]] = {}
    for x in order(roots):
        for argument in dict.fromkeys(x.args):
            users.setdefault(argument, []).append(x)
    found = []
    for before, after in states:
        learned = rank_one(before, after)
        if learned is not None and learned.row in examples:
            use = node(MATMUL, (before, learned.row))
            if set(users[before]) == {use, after}:
                found.append((learned, use, users.get(use, [])))
    return found


def _factors(x: Node) -> list[Node]:
    """What a product is made of: single numbers, columns and rows, each stretched to its shape."""
    found: list[Node] = []
    stack = [x]
    while stack:
        current = stack.pop()
        if current.op is MUL and (current.type.shape == x.type.shape or any(not a.type.shape for a in current.args)):
            stack += reversed(current.args)
        else:
            found.append(current)
    return found


def _vector(x: Node) -> Node:
    """A column or a row as a vector."""
    size: Shape = tuple([n for n in x.type.shape if n != 1])
    if x.type.shape == size:
        return x
    if x.op is RESHAPE and x.args[0].type.shape == size:
        return x.args[0]
    if x.op is MUL:
        return node(MUL, tuple([_vector(a) if a.type.shape else a for a in x.args]))
    return RESHAPE(x, attribute=size)


def multiplied(factors: Sequence[Node]) -> Node:
    """All of them multiplied, from the first on."""
    result = factors[0]
    for factor in factors[1:]:
        result = node(MUL, (result, factor))
    return result
