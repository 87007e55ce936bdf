"""The stages that are no arithmetic on positions: another shape for the same elements, and random numbers."""

from __future__ import annotations

from chainrule.node import Node
from chainrule.randomness import PARITY, ROTATIONS
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.point import Point
from chainrule.transforms.schedule.stages import whole


def write_reshape(nest: Nest) -> None:
    """Copy elements one by one, counting along both shapes; for shapes that differ by more than sizes of 1."""
    e, core = nest.emitter, nest.stage.core
    assert core is not None
    (source,) = core.args
    (store,) = nest.stage.stores
    rank = len(nest.stage.space)
    total = e.index(1)
    for size in nest.stage.space:
        total = e.times(total, nest.size(size))
    with e.loop(e.index(0), total, 1) as loop:
        for shape, first in ((nest.stage.space, 0), (source.type.shape, rank)):
            rest = loop.index
            for axis in reversed(range(len(shape))):
                count = nest.size(shape[axis])
                nest.at[first + axis] = Point(e.write("urem", rest, count))
                rest = e.write("udiv", rest, count)
        place = tuple([(rank + axis, 0) for axis in range(len(source.type.shape))])
        nest.store(nest.value(source, place), store.buffer, whole(nest.stage.space))


def write_uniform(nest: Nest) -> None:
    """Random numbers by Threefry-2x32, as `randomness.uniform` gives them: element k from the counter (counter, k)."""
    e, core = nest.emitter, nest.stage.core
    assert core is not None
    (store,) = nest.stage.stores
    wide = e.wider()
    key, counter = (wide.convert("fptosi", _exactly(nest, arg), "index") for arg in core.args)
    high = e.write("lshr", key, e.index(32))
    k0, k1, start = (e.convert("trunc", word, "word") for word in (key, high, counter))
    space = nest.stage.space
    weights = [e.index(1)]
    for size in reversed(space[1:]):
        weights.insert(0, e.times(nest.size(size), weights[0]))

    def draw(points: list[Point]) -> None:
        for point in points:
            nest.at[len(space) - 1] = point
            number = e.index(point.shift)
            for axis, weight in enumerate(weights if space else ()):
                number = e.plus(number, e.times(nest.at[axis].index, weight))
            element = e.convert("trunc", number, "word") if number.text.startswith("%") else _word(int(number.text))
            if point.lanes > 1:
                steps = ", ".join(f"i32 {lane}" for lane in range(point.lanes))
                element = e.write("add", e.splat(element, point.lanes), Value(f"<{steps}>", "word", point.lanes))
            nest.store(uniform(e, k0, k1, start, element), store.buffer, store.place)

    def along(axis: int) -> None:
        if axis == len(space) - 1:
            nest.vectors(space[axis], 1, draw)
            return

        def row(index: Value, count: int) -> None:
            nest.at[axis] = Point(index)
            along(axis + 1)

        nest.blocks(space[axis], 1, row)

    if space:
        along(0)
    else:
        draw([Point(e.index(0))])


def _word(value: int) -> Value:
    return Value(str(value), "word")


def uniform(e: Emitter, k0: Value, k1: Value, x0: Value, x1: Value) -> Value:
    """((a div 2^5) 2^26 + b div 2^6) / 2^53 with the words a, b of Threefry: exact in float64."""
    keys = (k0, k1, e.write("xor", e.write("xor", _word(PARITY), k0), k1))
    x0, x1 = e.write("add", x0, k0), e.write("add", x1, k1)
    for group in range(1, 6):
        for by in ROTATIONS[(group + 1) % 2]:
            x0 = e.write("add", x0, x1)
            turned = e.write("or", e.write("shl", x1, _word(by)), e.write("lshr", x1, _word(32 - by)))
            x1 = e.write("xor", turned, x0)
        x0 = e.write("add", x0, keys[group % 3])
        x1 = e.write("add", x1, e.write("add", keys[(group + 1) % 3], _word(group)))
    wide = e.wider()
    first = wide.convert("uitofp", e.write("lshr", x0, _word(5)), "real")
    second = wide.convert("uitofp", e.write("lshr", x1, _word(6)), "real")
    whole_number = wide.write("fadd", wide.write("fmul", first, wide.constant(2**26)), second)
    result = wide.write("fmul", whole_number, wide.constant(2.0**-53))
    return result if e.real.size == 8 else e.narrowed(result)


def _exactly(nest: Nest, x: Node) -> Value:
    """A single number in float64: a key has more digits than float32."""
    if x in nest.plan.steady or nest.emitter.real.size == 8:
        return nest.exact(x)
    return nest.emitter.widened(nest.value(x, ()))
