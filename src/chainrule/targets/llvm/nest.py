"""A stage as a nest of loops: positions run along the axes, and at each the values of the nodes are worked out.

The innermost axis runs in whole vectors. A value that does not vary along it is one number until it meets a vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ChainruleError
from chainrule.node import CONST, INPUT, Dim, Node, order
from chainrule.numbers.system import Scalars
from chainrule.ops.matrix import BROADCAST, INDEX, RESHAPE, TRANSPOSE
from chainrule.targets.llvm.bounds import note_bounds
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.estimates import by_estimate
from chainrule.targets.llvm.functions import Functions, scalars_of
from chainrule.targets.llvm.memory import Memory, lanes_for
from chainrule.targets.llvm.point import Divided, Point, live_lanes
from chainrule.transforms.schedule.grouping import is_leaf
from chainrule.transforms.schedule.layout import unit_axes
from chainrule.transforms.schedule.lower import is_view
from chainrule.transforms.schedule.short import SHORT
from chainrule.transforms.schedule.stages import Buffer, Place, Plan, Stage, Store, whole


@dataclass(slots=True)
class Nest:
    """What is needed to write one stage."""

    emitter: Emitter
    plan: Plan
    memory: Memory
    stage: Stage
    at: dict[int, Point] = field(default_factory=dict)
    values: dict[tuple[Node, Place], Value] = field(default_factory=dict)
    exact_values: dict[Node, Value] = field(default_factory=dict)
    core: Value | None = None
    made: Node | None = field(init=False)  # what `core` is the value of: that of the stage, or a sum with it
    arrays: dict[Buffer, Value] | None = None  # where arrays begin, if that is told when the stage is called
    divided: Divided = None  # whether each thread has some of the rows of a product, or of its columns
    ahead: int = 0  # how many numbers beyond each vector of a state, or each number, the next ones are fetched
    scalars: Scalars = field(init=False)
    _chains: dict[tuple[Node, ...], list[Node]] = field(default_factory=dict)
    _strides: dict[Buffer, list[Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made = self.stage.core
        self.scalars = scalars_of(self.emitter, vector_bytes=self.memory.lanes * self.memory.item)

    # -- sizes and addresses

    def size(self, dim: Dim) -> Value:
        """A size, where it is used to count."""
        return self.emitter.index(dim) if isinstance(dim, int) else Value(f"%count.{dim}", "index")

    def all_rows(self, dim: Dim) -> Value:
        """A size, of all threads together."""
        return Value(f"%all.{dim}", "index") if self.memory.team is not None else self.size(dim)

    @property
    def scratch(self) -> Value:
        """Where what is only needed within a stage has its place, by the same offsets as in the arena."""
        return Value("%arena" if self.memory.team is None else "%scratch", "pointer")

    def strides(self, buffer: Buffer) -> list[Value]:
        """For each axis, how far its elements are apart."""
        known = self._strides.get(buffer)
        if known is None:
            known = self._strides[buffer] = self._found_strides(buffer)
        return known

    def _found_strides(self, buffer: Buffer) -> list[Value]:
        e = self.emitter
        strides = [e.index(0)] * len(buffer.shape)
        step = e.index(1)
        for axis, size in zip(reversed(buffer.order), reversed(self.memory.sizes(buffer)), strict=True):
            strides[axis] = step
            step = e.times(step, e.index(size) if isinstance(size, int) else Value(f"%rounded.{size}", "index"))
        return strides

    def base(self, buffer: Buffer) -> Value:
        """Where an array begins."""
        e = self.emitter
        if self.arrays is not None:
            return self.arrays.setdefault(buffer, Value(f"%array{len(self.arrays)}", "pointer"))
        if buffer.number in self.memory.offsets:
            offset = e.index(self.memory.offsets[buffer.number] // self.memory.item)
            return e.offset(Value("%arena", "pointer"), offset)
        slot = e.index(self.memory.slots[buffer.number])
        return e.load(e.offset(Value("%table", "pointer"), slot, kind="pointer"), 1, kind="pointer")

    def address(self, buffer: Buffer, place: Place, lane: int = 0) -> Value:
        """The address of the element at a place; of a later lane, where the vector's axis is not contiguous."""
        e = self.emitter
        pointer, constant = self.base(buffer), 0
        terms: list[tuple[Value, Value]] = []
        for stride, (axis, start) in zip(self.strides(buffer), place, strict=True):
            shift = start
            if axis is not None:
                point = self.at[axis]
                index = point.index
                shift += point.shift
                if point.lanes > 1:
                    if point.count is not None and lane:
                        last = e.plus(point.count, e.index(-1))
                        index = e.intrinsic("smin", e.plus(index, e.index(lane)), last)
                    else:
                        shift += lane
                terms.append((index, stride))
            if stride.text.isdecimal():
                constant += shift * int(stride.text)
            elif shift:
                terms.append((e.index(shift), stride))
        for index, stride in sorted(terms, key=lambda term: max(term[0].level, term[1].level)):
            pointer = e.offset(pointer, e.times(index, stride))
        return e.offset(pointer, e.index(constant))

    def summed(self) -> tuple[Dim, ...]:
        """The sizes of the axes that the core runs along by itself; they are numbered after those of the space."""
        core = self.stage.core
        if core is None:
            return ()
        if core.op.name == "matmul":
            return core.args[1].type.shape[:1]
        if core.op.name in ("sum", "largest", "smallest"):
            return tuple([core.args[0].type.shape[axis] for axis in core.attribute])
        return ()

    def load(self, buffer: Buffer, place: Place) -> Value:
        """The element at a place, or the vector of those that begin there."""
        e = self.emitter
        if buffer.role == "scalar" and e.real.size == 4:
            return e.narrowed(e.wider().load(self.address(buffer, place), 1))
        found = next((k for k, (axis, _) in enumerate(place) if axis is not None and self.at[axis].lanes > 1), None)
        if found is None:
            return self._number(self.address(buffer, place))
        axis = place[found][0]
        assert axis is not None
        point = self.at[axis]
        if self.strides(buffer)[found].text == "1":
            place_in_memory = self.address(buffer, place)
            if self.ahead and buffer.role == "state":
                e.fetch(e.offset(place_in_memory, e.index(self.ahead)))
            if self._is_narrow(buffer) and point.live is not None and point.live < point.lanes:
                return self._inside(place_in_memory, point)
            return e.load(place_in_memory, point.lanes)
        live = point.lanes if point.live is None else point.live
        parts = [e.load(self.address(buffer, place, lane), 1) for lane in range(live)]
        return e.gathered(parts + parts[:1] * (point.lanes - live))

    def _is_narrow(self, buffer: Buffer) -> bool:
        """Whether an array is an example where it lies among others, so that nothing beyond its end may be touched."""
        return buffer.role == "example" and buffer.number in self.memory.slots and not isinstance(buffer.shape[0], str)

    def _inside(self, address: Value, point: Point) -> Value:
        """The lanes of a vector that are inside of its axis, and zeros."""
        e, lanes = self.emitter, point.lanes
        mask, zeros = live_lanes(point), Value("zeroinitializer", "real", lanes)
        name = f"llvm.masked.load.v{lanes}{e.real.llvm_ending}.p0"
        return e.called(name, "real", lanes, address, Value(str(e.real.size), "word"), mask, zeros)

    def _number(self, address: Value) -> Value:
        if self.ahead:
            self.emitter.fetch(self.emitter.offset(address, self.emitter.index(self.ahead)))
        return self.emitter.load(address, 1)

    def store(self, value: Value, buffer: Buffer, place: Place) -> None:
        """Put a value, or the lanes of it that count, at a place."""
        e = self.emitter
        if value.kind == "condition":
            value = e.convert("uitofp", value, "real")
        found = next((k for k, (axis, _) in enumerate(place) if axis is not None and self.at[axis].lanes > 1), None)
        if found is None:
            e.store(value, self.address(buffer, place))
            return
        axis = place[found][0]
        assert axis is not None
        point = self.at[axis]
        value = e.splat(value, point.lanes)
        if self.strides(buffer)[found].text == "1":
            e.store(value, self.address(buffer, place))
            return
        # Lanes beyond a size that is not known yet are put where the last one goes, and that one comes after them.
        for lane in reversed(range(point.lanes if point.live is None else point.live)):
            e.store(e.lane(value, lane), self.address(buffer, place, lane))

    # -- values

    def results(self, stores: Sequence[Store]) -> list[Value]:
        """What is to be stored at this position; long chains of ops are worked out in their order, not by recursion."""
        self.values.clear()
        for x in self._chain(stores):
            self.value(x, whole(x.type.shape))
        return [self.value(store.value, whole(store.value.type.shape)) for store in stores]

    def length(self, stores: Sequence[Store]) -> int:
        """How many ops it takes."""
        return len(self._chain(stores))

    def _chain(self, stores: Sequence[Store]) -> list[Node]:
        """The ops at a position, in their order."""
        roots = tuple([store.value for store in stores])
        if roots not in self._chains:
            self._chains[roots] = [
                x
                for x in order(roots, cut=self.is_given)
                if x.op.elementwise and x.type.shape == self.stage.space and not self.is_given(x)
            ]
        return self._chains[roots]

    def put(self, stores: Sequence[Store], values: Sequence[Value]) -> None:
        """Store the results of this position."""
        for store, value in zip(stores, values, strict=True):
            if store.buffer.role == "scalar":
                self.emitter.wider().store(self.exact(store.value), self.address(store.buffer, ()))
            else:
                self.store(value, store.buffer, store.place)

    def is_given(self, x: Node) -> bool:
        """Whether a value is there before the ops at a position are worked out."""
        return x is self.made or (x in self.plan.found and self.plan.home.get(x) != self.stage.number)

    def value(self, x: Node, place: Place) -> Value:
        """The value of a node at a place; nodes that this stage does not compute are loaded."""
        known = self.values.get((x, place))
        if known is None:
            known = self.values[x, place] = self._value(x, place)
        return known

    def _value(self, x: Node, place: Place) -> Value:
        e, buffer = self.emitter, self.plan.found.get(x)
        if buffer is not None and (x.op is INPUT or self.plan.home.get(x) != self.stage.number):
            loaded = self.load(buffer, place)
            if x.type.kind == "boolean":
                return e.write("fcmp olt", e.constant(0), loaded, kind="condition")
            return loaded
        if x is self.made and self.core is not None:
            return self.core
        if is_leaf(x):
            return self._leaf(e, x)
        if x in self.plan.steady and e.real.size == 4:
            return e.narrowed(self.exact(x))
        if is_view(x):
            inner = self.value(x.args[0], seen_through(x, place))
            return e.convert("uitofp", inner, "real") if inner.kind == "condition" and x.type.kind == "real" else inner
        if not x.op.elementwise:
            raise ChainruleError(f"the op {x.op.name} has no place in the stage of another.")
        args = [self.value(a, aligned(x, a, place)) for a in x.args]
        if x.op is SHORT:
            return Functions(e, vector_bytes=self.memory.lanes * self.memory.item).sigmoid(args[0], short=True)
        estimated = by_estimate(e, x, args)
        if estimated is not None:
            return estimated
        result: Value | bool = x.op.value(self.scalars, *args)
        if isinstance(result, Value):
            note_bounds(e, x, result)
        return Value("true" if result else "false", "condition") if isinstance(result, bool) else result

    def exact(self, x: Node) -> Value:
        """The value of a steady number in float64."""
        wide = self.emitter.wider()
        known = self.exact_values.get(x)
        if known is not None:
            return known
        buffer = self.plan.found.get(x)
        if wide.real == self.emitter.real:
            result = self.value(x, ())
        elif buffer is not None and (x.op is INPUT or self.plan.home.get(x) != self.stage.number):
            address = self.address(buffer, ())
            result = wide.load(address, 1) if buffer.role == "scalar" else self.emitter.widened(self.load(buffer, ()))
        elif x.op.elementwise:
            result = x.op.value(scalars_of(wide), *[self.exact(a) for a in x.args])
        else:
            result = self._leaf(wide, x)
        self.exact_values[x] = result
        return result

    def _leaf(self, e: Emitter, x: Node) -> Value:
        """A constant, or how many elements some axes have."""
        if x.op is CONST:
            return e.constant(x.attribute)
        if x.op.name != "count":
            return e.constant(math.pi if x.op.name == "pi" else math.e)
        known, total = 1, e.index(1)
        for size in [x.args[0].type.shape[axis] for axis in x.attribute]:
            if isinstance(size, int):
                known *= size
            else:
                total = e.times(total, self.size(size))
        if total.text == "1":
            return e.constant(known)
        return e.write("fmul", e.constant(known), e.convert("sitofp", total, "real"))

    # -- passes over blocks

    def blocks(self, size: Dim, step: int, body: Callable[[Value, int], None]) -> None:
        """Cover an axis in blocks of `step` positions; the rest in a smaller one, or one by one if it is not known."""
        e = self.emitter
        if isinstance(size, int):
            full = size // step
            if full == 1:
                body(e.index(0), step)
            elif full:
                with e.loop(e.index(0), e.index(full * step), step) as loop:
                    body(loop.index, step)
            if size % step:
                body(e.index(full * step), size % step)
            return
        count = self.size(size)
        if step == 1:
            with e.loop(e.index(0), count, 1) as loop:
                body(loop.index, 1)
            return
        whole_blocks = e.write("sub", count, e.write("urem", count, e.index(step)))
        with e.loop(e.index(0), whole_blocks, step, surely=False) as loop:
            body(loop.index, step)
        with e.loop(whole_blocks, count, 1, surely=False) as loop:
            body(loop.index, 1)

    def vectors(self, size: Dim, most: int, body: Callable[[list[Point]], None], *, exact: bool = False) -> None:
        """Cover an axis in vectors, up to `most` at a time; `exact` if nothing may be written beside it."""
        e, lanes = self.emitter, lanes_for(size, self.memory.lanes)
        if not isinstance(size, int):
            step = 1 if exact else lanes
            with e.loop(e.index(0), self.size(size), step) as loop:
                count = self.size(size)
                body([Point(loop.index) if exact else Point(loop.index, 0, lanes, None, count)])
            return
        full = size // lanes

        def block(index: Value, count: int) -> None:
            start = e.times(index, e.index(lanes))
            body([Point(start, k * lanes, lanes, lanes) for k in range(count)])

        if full:
            self.blocks(full, min(most, full), block)
        rest = size % lanes
        if rest and exact:
            body([Point(e.index(full * lanes), k, 1, 1) for k in range(rest)])
        elif rest:
            body([Point(e.index(full * lanes), 0, lanes, rest)])


def aligned(x: Node, argument: Node, place: Place) -> Place:
    """Where an elementwise op finds the element of an argument: at the same place, or at 0 along a stretched axis."""
    shape = argument.type.shape
    extra = len(place) - len(shape)
    return tuple([
        (None, 0) if size == 1 and x.type.shape[extra + k] != 1 else place[extra + k] for k, size in enumerate(shape)
    ])  # fmt: skip


def seen_through(x: Node, place: Place) -> Place:
    """Where a view finds an element in its argument."""
    (inner,) = x.args
    shape = inner.type.shape
    if x.op is TRANSPOSE:
        result: list[tuple[int | None, int]] = [(None, 0)] * len(shape)
        for axis, source in enumerate(x.attribute):
            result[source] = place[axis]
        return tuple(result)
    if x.op is BROADCAST:
        return aligned(x, inner, place)
    if x.op is RESHAPE:
        result = [(None, 0)] * len(shape)
        for axis, source in enumerate(unit_axes(x.type.shape, shape)):
            if source is not None:
                result[source] = place[axis]
        return tuple(result)
    if x.op is INDEX:
        result = []
        remaining = iter(place)
        for at in [*x.attribute, *[None] * (len(shape) - len(x.attribute))]:
            if isinstance(at, int):
                result.append((None, at))
            else:
                along, start = next(remaining)
                result.append((along, start + (at[0] if at else 0)))
        return tuple(result)
    raise ChainruleError(f"{x.op.name} is no view.")


def order_of(stage: Stage) -> tuple[int, ...]:
    """The order in which a stage walks over its space: that of the state it changes, or of the first array it fills."""
    same = [store.buffer for store in stage.stores if store.place == whole(stage.space)]
    chosen = next((b for b in same if b.role == "state"), next(iter(same), None))
    return chosen.order if chosen is not None else tuple(range(len(stage.space)))
