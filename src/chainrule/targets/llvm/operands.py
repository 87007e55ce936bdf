"""What the sums of a matrix product are made of: the elements of its two matrices, and what is added to them."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.node import INPUT, Node, order
from chainrule.ops.arithmetic import ADD
from chainrule.targets.llvm.emit import Value
from chainrule.targets.llvm.nest import Nest, seen_through
from chainrule.transforms.schedule.lower import is_view
from chainrule.transforms.schedule.stages import Buffer, Place, Plan, Stage


def free_axes(nest: Nest) -> tuple[int | None, int | None]:
    """The axes of the result that are the rows of the left matrix and the columns of the right one."""
    core = nest.stage.core
    assert core is not None
    left, right = (len(a.type.shape) for a in core.args)
    return (0 if left == 2 else None), (left - 1 if right == 2 else None)


def operand(nest: Nest, which: int) -> Callable[[], Value]:
    """The element of the left (0) or right (1) matrix at the position of the nest."""
    core = nest.stage.core
    assert core is not None
    free = free_axes(nest)[which]
    place: Place = ((len(nest.stage.space), 0),)
    if free is not None:
        place = ((free, 0), *place) if which == 0 else (*place, (free, 0))
    operand = core.args[which]

    def load() -> Value:
        nest.values.clear()
        return nest.value(operand, place)

    return load


def addend(nest: Nest) -> Node | None:
    """What is added to a product of which nothing else is made, if it is known before: a bias.

    The nest then takes the sum of both for what it gets, as sums that begin with a bias need not wait for it at the
    end: an op less in each layer, of those that the next update waits for.
    """
    stage = nest.stage
    values = [store.value for store in stage.stores]
    users = {x for x in order(values, cut=nest.is_given) if stage.core in x.args and not nest.is_given(x)}
    if len(users) != 1 or stage.core in values:
        return None
    (user,) = users
    others = [a for a in user.args if a is not stage.core]
    if user.op is not ADD or len(others) != 1 or others[0].type.shape != stage.space or not nest.is_given(others[0]):
        return None
    nest.made = user
    return others[0]


def matrix(plan: Plan, stage: Stage, which: int) -> tuple[Buffer, Place] | None:
    """Where the left (0) or right (1) matrix lies, and along which axes; None if it does not lie anywhere as it is."""
    core, summed = stage.core, len(stage.space)
    assert core is not None
    x, place = core.args[which], ((which, 0), (summed, 0))
    at: Place = place if which == 0 else place[::-1]
    while x not in plan.found or (x.op is not INPUT and plan.home.get(x) == stage.number):
        if not is_view(x):
            return None
        at, x = seen_through(x, at), x.args[0]
    buffer = plan.found[x]
    moving = [axis for axis, _ in at if axis is not None]
    fits = x.type.kind == "real" and sorted(moving) == [which, summed] and at[buffer.order[-1]][0] is not None
    return (buffer, at) if fits else None
