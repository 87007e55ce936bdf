"""One example ahead: the net input of the next example is begun before what this one teaches is known.

The first layer of the next update needs W' x' + b', where W' = W - u x^T and b' = b - u are what this update learns.
That is (W x' + b) - u (x·x' + 1): the sums are ready long before u is, which comes last of all, and between u and the
net input there is one product instead of three. The net input becomes a state that an update makes for the one
after it. Sums are taken in another order, so figures differ by rounding; each block begins with W x + b itself, so that
they do not hang on where calls are cut. Inputs whose squares overflow are beyond it, as they are beyond blocks.

1.15 to 1.2 times the updates a second at 2-2-1, 2-2-2, 4-6-4, 30-20-5 and 20-10-1, 1.1 times at 8-3-8, 1.4 to 1.6
times at 16-4-4, 30-3-1 and 12-3-1, where the sums of the first layer were long. Of that, reading examples where they
lie is a part where they are no whole vectors.

Weights that do not fit into registers cost most by being read and written. There the product W' x' goes through W while
it is changed: each element is read, changed, put down and multiplied, in one pass instead of two. 1.08 times the
updates at 64-32-10, 1.11 times at 64-64-10, 1.2 times at 100-50-10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.node import INPUT, Node, const, input_node, node, order, substitute
from chainrule.ops.arithmetic import ADD, MUL, NEG, SUB
from chainrule.ops.matrix import MATMUL, RESHAPE, TRANSPOSE
from chainrule.ops.reduction import SUM
from chainrule.quantity import Name
from chainrule.transforms.schedule.plan import plan
from chainrule.transforms.schedule.rank_one import RankOne, learned_from, multiplied
from chainrule.transforms.schedule.stages import Plan, Role

_FEW: Final = range(2, 5)  # columns of a matrix


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """A program that is given the net input of its first layer, and makes that of the example after.

    `roots` are those of the program in their order, made of the state `net`; `after` is that state for the example
    `following`; `first` is what it begins with, for the example `example`. `passing` is the matrix after the update, if
    it is made while the product of it is formed, with that product.
    """

    example: Node
    following: Node
    net: Node
    roots: tuple[Node, ...]
    after: Node
    first: Node
    passing: Mapping[Node, Node]

    @property
    def all(self) -> list[Node]:
        """Everything that is to be worked out."""
        return [*self.roots, self.after, self.first]


def looking_ahead(
    roots: Sequence[Node], states: Sequence[tuple[Node, Node]], examples: Sequence[Node], *, registers: bool
) -> Ahead | None:
    """The program that looks one example ahead, if a layer of it learns from the examples themselves.

    `states` are pairs (before, after); the roots are the error and all of the latter. `registers` says that the weights
    fit into them.
    """
    found = learned_from(examples, roots, states)
    return _ahead(*found[0], dict(states), roots, registers=registers) if found else None


def _ahead(
    learned: RankOne, use: Node, users: Sequence[Node], states: dict[Node, Node], roots: Sequence[Node],
    *, registers: bool,
) -> Ahead:  # fmt: skip
    x, column, first = learned.row, learned.column, use
    following = input_node(Name("the next example"), x.type)
    net = input_node(Name("net input"), use.type)
    sums = node(SUM, (node(MUL, (x, following)),), (0,))
    if len(users) == 1 and users[0].op is ADD:  # the bias, which learns as if its input were 1
        bias = next((a for a in users[0].args if a is not use and a in states), None)
        if bias is not None and states[bias] is node(SUB, (bias, column)):
            first, sums = users[0], node(ADD, (sums, const(1)))
    *replaced, column = substitute([*roots, column], {first: net})
    if registers:
        soon = substitute([first], {x: following})[0]
        return Ahead(x, following, net, tuple(replaced), _less(soon, sums, _factors(column)), first, {})
    changed = dict(zip(roots, replaced, strict=True))
    later = {old: changed[new] for old, new in states.items() if old in first.args or old is learned.before}
    goes_through, after = substitute([use, first], {x: following, **later})
    return Ahead(x, following, net, tuple(replaced), after, first, {changed[learned.after]: goes_through})


def _less(soon: Node, sums: Node, factors: Sequence[Node]) -> Node:
    """What is ready soon, without the product of the others, of which one is known last.

    If that is a matrix times a vector, the others go to the matrix, and `soon` to the sums. If it is a difference of
    what comes out and its target, c (o - t) is c o - c t, one op instead of two.
    """
    late = next((x for x in factors if x.op is MATMUL and len(x.args[0].type.shape) == 2), None)
    if late is not None and late.args[1].type.shape[0] in _FEW:
        early = multiplied([sums, const(-1), *[x for x in factors if x is not late]])
        return node(ADD, (soon, node(MATMUL, (_scaled(late.args[0], early), late.args[1]))))
    late = next((x for x in factors if x.op is SUB and sum(a.op is INPUT for a in x.args) == 1), None)
    if late is None:
        return node(SUB, (soon, multiplied([sums, *factors])))
    out = next(a for a in late.args if a.op is not INPUT)
    others = [x for x in factors if x is not late]
    early = multiplied([sums, *[x for x in others if out not in order([x])]])
    difference = node(SUB, tuple([node(MUL, (early, a)) for a in late.args]))
    return node(SUB, (soon, multiplied([difference, *[x for x in others if out in order([x])]])))


def _scaled(matrix: Node, numbers: Node) -> Node:
    """A matrix whose rows are multiplied by numbers, or by one."""
    if not numbers.type.shape:
        return node(MUL, (matrix, numbers))
    if matrix.op is TRANSPOSE:
        return TRANSPOSE(node(MUL, (matrix.args[0], numbers)), attribute=matrix.attribute)
    return node(MUL, (matrix, RESHAPE(numbers, attribute=(*numbers.type.shape, 1))))


def _factors(x: Node) -> list[Node]:
    """What a product of vectors and numbers is made of, so that what is known last can be multiplied last."""
    found: list[Node] = []
    stack = [x]
    while stack:
        current = stack.pop()
        if current.op is MUL:
            stack += reversed(current.args)
        elif current.op is NEG:
            stack += [current.args[0], const(-1)]
        else:
            found.append(current)
    return found


def plan_ahead(
    ahead: Ahead,
    roots: Sequence[Node],
    roles: Mapping[Node, Role],
    befores: Sequence[Node],
    groups: Sequence[Sequence[Node]],
    lanes: int,
) -> tuple[Plan, dict[str, int]]:
    """The plan, and the numbers of what the loop has to know: the array of the next example, and the first stage.

    `roots` are the program's, `after` and `first`, as other passes have left them; `befores` is the state.
    """
    error, *afters, after, first = roots
    states = [*zip(befores, afters, strict=True), (ahead.net, after)]
    known: dict[Node, Role] = {**roles, ahead.net: "state", ahead.following: "example"}
    made = plan(
        known, [error, first], states=states, groups=groups, check=True, lanes=lanes, registers=not ahead.passing,
        passing=ahead.passing,
    )  # fmt: skip
    _, result = [buffer for buffer in made.buffers if buffer.role == "output"]
    begin = next(stage for stage in made.stages if any(store.buffer is result for store in stage.stores))
    begin.stores = [replace(store, buffer=made.found[ahead.net]) for store in begin.stores]
    return made, {"following": made.found[ahead.following].number, "begin": begin.number}
