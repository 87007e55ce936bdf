"""How arrays lie and along which axis a matrix product runs: what is read together should stand together.

Costs are counts of vector instructions: a product along a contiguous axis takes m n k / lanes, dot products three
more for each sum that is joined from lanes, and a copy in another order about one for each element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chainrule.node import Dim, Node
from chainrule.ops.matrix import BROADCAST, INDEX, RESHAPE, TRANSPOSE
from chainrule.transforms.schedule.lower import count_of, is_view
from chainrule.transforms.schedule.stages import Product, natural

_NARROW = 12  # columns of a batch
_NARROW_FOR_FEW = 8  # of few rows: with 12, 12-12-12 takes 1.8 times as long in batches of four
_WIDE = 8  # lanes from which columns may also be more than a vector has
Orders = Mapping[Node, tuple[int, ...]]
_JOIN = 3  # instructions for each sum that is joined from lanes
_GATHERED = (
    2  # more instructions for each product of vectors whose numbers are fetched one by one: 1.2 times at 471-471
)
_NEAR = 64  # vectors of a row up to which the rows of a panel of dot products stay in the first cache
_FAR = 1.3  # what these products cost beyond: sums of vectors are 1.35 times as fast at 784-100 in float64


def base_of(x: Node) -> Node:
    """What a view is a view of."""
    while is_view(x):
        x = x.args[0]
    return x


def axis_in_base(x: Node, axis: int) -> int | None:
    """The axis of the base that an axis of a view runs along; None if it stands still."""
    found: int | None = axis
    while found is not None and is_view(x):
        found = _axis_in_argument(x, found)
        x = x.args[0]
    return found


def _axis_in_argument(x: Node, axis: int) -> int | None:
    (inner,) = x.args
    if x.op is TRANSPOSE:
        source: int = x.attribute[axis]
        return source
    if x.op is BROADCAST:
        at = axis - (len(x.type.shape) - len(inner.type.shape))
        return at if at >= 0 and inner.type.shape[at] == x.type.shape[axis] else None
    if x.op is INDEX:
        kept = [k for k in range(len(inner.type.shape)) if k >= len(x.attribute) or not isinstance(x.attribute[k], int)]
        return kept[axis]
    if x.op is RESHAPE:
        return unit_axes(x.type.shape, inner.type.shape)[axis]
    return None


def unit_axes(shape: Sequence[Dim], inner: Sequence[Dim]) -> list[int | None]:
    """For each axis of a shape the axis of another that differs only by sizes of 1; None for such a size."""
    long = [k for k, size in enumerate(inner) if size != 1]
    result: list[int | None] = []
    for size in shape:
        result.append(None if size == 1 else long.pop(0))
    return result


def innermost(x: Node, orders: Orders) -> int | None:
    """The axis of an operand along which its elements are neighbours in memory."""
    base = base_of(x)
    order = orders.get(base, natural(base.type.shape))
    if not order:
        return None
    return next((axis for axis in range(len(x.type.shape)) if axis_in_base(x, axis) == order[-1]), None)


def product_cost(x: Node, orders: Orders, lanes: int) -> tuple[float, Product, tuple[int, ...]]:
    """The cheapest way for a matrix product: its cost, the way, and which operands (0, 1) must be copied first."""
    left, right = x.args
    wanted = orders[x][-1] if x in orders else 1
    rows = count_of(left.type.shape[0]) if len(left.type.shape) == 2 else 1
    columns = count_of(right.type.shape[1]) if len(right.type.shape) == 2 else 1
    inner = count_of(right.type.shape[0])
    sides = [innermost(left, orders), innermost(right, orders)]
    free = [0 if len(left.type.shape) == 2 else None, 1 if len(right.type.shape) == 2 else None]
    summed = [len(left.type.shape) - 1, 0]
    sizes = [rows, columns]
    options: list[tuple[float, int, Product, tuple[int, ...]]] = []
    for along in (1, 0):
        if free[along] is None:
            continue
        other = sizes[1 - along]
        stray = 2.0 * rows * columns if along != wanted and None not in free else 0.0
        vectors = -(-sizes[along] // min(lanes, _next_power(sizes[along])))
        direct = float(vectors * other * inner)
        near = sides[along] == free[along]
        copies: tuple[int, ...] = (along,) if along == 1 and not near else ()  # a copy lies row by row
        gathered = _GATHERED * direct if along == 0 and not near else 0.0
        cost = direct + stray + gathered + 1.5 * sizes[along] * inner * len(copies)
        options.append((cost, 2 * (1 - along), Product(along, folded=False), copies))
        if sides == summed:
            joined = _JOIN * -(-sizes[along] // lanes) * lanes * other
            wide = -(-inner // lanes)
            far = _FAR if wide > _NEAR and None not in free else 1.0
            cost = far * rows * columns * wide + joined + stray
            options.append((cost, 2 * (1 - along) + 1, Product(along, folded=True), ()))
    best, _, way, copied = min(options, key=lambda option: option[:2])
    return best, way, copied


def _next_power(size: int) -> int:
    return 1 << max(0, size - 1).bit_length()


def lanes_across(
    nodes: Sequence[Node], batch: str | None, lanes: int, *, few: bool = False
) -> dict[Node, tuple[int, ...]]:
    """The order of arrays of a batch that hardly fill a vector: column by column, so that lanes go across the rows.

    A function of one unit then fills all lanes, and a sum over the rows is joined from them once: 3.4 times the updates
    of 2-2-1 in float32 and batches of 128, 1.7 times at 8-3-8; 0.8 times in batches of two. Where rows are not `few`,
    wider ones gain as well: 1.07 times at 64-64-10 with batches of 32, 1.6 times at 4-10-3 with batches of 128.
    """
    rows = [x for x in nodes if len(x.type.shape) == 2 and x.type.shape[0] == batch and not is_view(x)]

    def is_narrow(count: int) -> bool:
        if few or lanes < _WIDE:
            return count <= min(_NARROW_FOR_FEW, 3 * lanes // 4)
        return count <= _NARROW and 4 * count <= 3 * lanes * -(-count // lanes)  # 16-16-16 would take 1.3 times as long

    return {x: (1, 0) for x in rows if is_narrow(count_of(x.type.shape[1]))}


def shared_orders(
    nodes: Sequence[Node], groups: Sequence[Sequence[Node]], lanes: int, known: Orders
) -> dict[Node, tuple[int, ...]]:
    """For each group of matrices that lie alike - one that learns, what is kept of it, what changes it - an order.

    It is the one in which the products that they are in, or are themselves, cost less. Those of other arrays, `known`
    before, are in the result as well.
    """
    orders: dict[Node, tuple[int, ...]] = dict(known)
    products: dict[Node, dict[Node, None]] = {}
    for x in nodes:
        if x.op.name == "matmul":
            for base in (x, *map(base_of, x.args)):
                products.setdefault(base, {})[x] = None
    for group in groups:
        users = dict.fromkeys([x for member in group for x in products.get(member, ())])
        if users and len(group[0].type.shape) == 2:
            best = min(((0, 1), (1, 0)), key=_total(list(users), group, orders, lanes))
            orders.update(dict.fromkeys(group, best))
    return orders


def _total(
    users: Sequence[Node], group: Sequence[Node], orders: Orders, lanes: int
) -> Callable[[tuple[int, ...]], float]:
    def cost(order: tuple[int, ...]) -> float:
        tried = {**orders, **dict.fromkeys(group, order)}
        rows, columns = (count_of(group[0].type.shape[axis]) for axis in order)
        update = 3.0 * rows * -(-columns // min(lanes, _next_power(columns)))
        return update + sum(product_cost(x, tried, lanes)[0] for x in users)

    return cost
