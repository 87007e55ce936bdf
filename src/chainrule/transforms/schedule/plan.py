"""The plan of a program or a function: stages in their order, and which array each value is kept in.

State is changed in place wherever nobody needs the old values any more; else the new ones wait in memory of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chainrule.dataclasses import dataclass, field
from chainrule.node import INPUT, REAL, Node, const, input_node, order, type_of
from chainrule.ops.matrix import BROADCAST
from chainrule.quantity import Name
from chainrule.transforms.schedule.grouping import CHEAP, Grouping, group, is_leaf
from chainrule.transforms.schedule.layout import lanes_across, shared_orders
from chainrule.transforms.schedule.lower import ASSEMBLED, is_view
from chainrule.transforms.schedule.stages import Buffer, Place, Plan, Role, Stage, Store, natural, whole

_DEEPEST = 3  # ops that are computed again rather than kept


@dataclass(slots=True, eq=False)
class _Planner:
    """The parts of a plan while it is made."""

    grouping: Grouping
    buffers: list[Buffer] = field(default_factory=list)
    found: dict[Node, Buffer] = field(default_factory=dict)
    sunk: set[Node] = field(default_factory=set)

    def buffer(self, x: Node, role: Role, order: tuple[int, ...] | None = None) -> Buffer:
        """A new array for a value."""
        made = Buffer(len(self.buffers), x.type.shape, role, order or natural(x.type.shape))
        self.buffers.append(made)
        return made


def plan(
    inputs: Mapping[Node, Role],
    outputs: Sequence[Node],
    *,
    states: Sequence[tuple[Node, Node]] = (),
    groups: Sequence[Sequence[Node]] = (),
    check: bool = False,
    lanes: int = 16,
    batch: str | None = None,
    few: bool = False,
    registers: bool = False,
    passing: Mapping[Node, Node] | None = None,
) -> Plan:
    """Stages that compute the outputs from the inputs, and put each state's node after the step in place of its input.

    `states` are pairs (before, after), `groups` those inputs among them that are of one parameter and should lie in the
    same order. With `check`, the first output is complete before any state changes. `batch` is the size that is
    bound to the examples of an update, `few` or not: narrow arrays of so many rows lie column by column. If all of
    it will be in `registers`, nothing is worked out again. States of `passing` are made and put down while a product
    goes through them. Nodes of outputs and states should have been through `lower`
    together.
    """
    roots = [*outputs, *[after for _, after in states]]
    nodes = order(roots)
    alike = [[*group, *_elements(group, states)] for group in groups]
    orders = shared_orders(nodes, alike, lanes, lanes_across(nodes, batch, lanes, few=few))
    planner = _Planner(group(roots, orders, lanes, passing))
    for given, role in inputs.items():
        planner.found[given] = planner.buffer(given, role, orders.get(given))
    if not registers:
        wanted, _ = _wanted(planner, roots)
        planner.sunk = _sunk(planner, wanted)
    wanted, read_in = _wanted(planner, roots)
    steady = _steady(roots, inputs)
    for x in wanted:
        kind: Role = "scalar" if x in steady else "scratch"
        planner.found[x] = planner.buffer(x, kind, orders.get(x))
        _fill(planner, x)
    results = [planner.buffer(x, "output") for x in outputs]
    for x, buffer in zip(outputs, results, strict=True):
        _store(planner, x, buffer)
    _place_states(planner, states, read_in, outputs[:1] if check else ())
    stages = _in_order(planner.grouping)
    changing = [
        k for k, stage in enumerate(stages) if stage.passing or any(s.buffer.role == "state" for s in stage.stores)
    ]
    checked = min(changing, default=len(stages))
    return Plan(tuple(stages), tuple(planner.buffers), planner.grouping.home, planner.found, checked, steady)


def _wanted(planner: _Planner, roots: Sequence[Node]) -> tuple[list[Node], dict[Node, set[int]]]:
    """The nodes that one stage computes and another reads, in the order of the graph; and what is read in which."""
    home, kept = planner.grouping.home, planner.grouping.kept
    nodes = order(roots)
    read_in: dict[Node, set[int]] = {}
    for root in roots:
        read_in.setdefault(root, set()).add(planner.grouping.stage_of(root).number)
    wanted: set[Node] = set()
    for x in reversed(nodes):
        here = read_in.get(x, set())
        mine = home.get(x)
        if here and mine is not None and x not in planner.sunk:
            if x in kept or here - {mine} or _assembled(x):
                wanted.add(x)
            here = {mine}
        for argument in order(x.args) if x.op.name == "uniform" else x.args:
            read_in.setdefault(argument, set()).update(here)
    return [x for x in nodes if x in wanted], read_in


def _steady(roots: Sequence[Node], inputs: Mapping[Node, Role]) -> frozenset[Node]:
    """The single numbers that are made of constants, of what the loop sets, and of single numbers of the state."""
    found: set[Node] = set()
    for x in order(roots):
        if x.op is INPUT:
            fits = inputs[x] in ("scalar", "state")
        else:
            fits = is_leaf(x) or (x.op.elementwise and all(a in found for a in x.args))
        if fits and x.type is REAL:
            found.add(x)
    return frozenset(found)


def _assembled(x: Node) -> bool:
    return x.op.name in ASSEMBLED and not is_view(x)


def _sunk(planner: _Planner, wanted: Sequence[Node]) -> set[Node]:
    """Those of the wanted nodes that cost less to compute again, from what is in memory anyway."""
    available = set(wanted)
    depth: dict[Node, int] = {}
    kept = planner.grouping.kept
    for x in wanted:
        if x.op.name not in CHEAP or x in kept:
            continue
        depths = [_depth(planner, a, available, depth) for a in x.args]
        if all(d is not None for d in depths):
            deepest = 1 + max(d for d in depths if d is not None)
            if deepest <= _DEEPEST:
                depth[x] = deepest
    return set(depth)


def _depth(planner: _Planner, x: Node, available: set[Node], depth: Mapping[Node, int]) -> int | None:
    """How many ops it takes to get a value from memory; None if it is not there."""
    while is_view(x) and x not in planner.grouping.home:
        x = x.args[0]
    if x in depth:
        return depth[x]
    if x in available or is_leaf(x):
        return 0
    return planner.grouping.loose.get(x)


def _elements(group: Sequence[Node], states: Sequence[tuple[Node, Node]]) -> Iterator[Node]:
    """What states are made into, and of, element by element: it lies best as they do."""
    found: set[Node] = set()
    for before, after in states:
        stack = [after] if before in group else []
        while stack:
            x = stack.pop()
            if x not in found and x.type.shape == before.type.shape and x.op is not INPUT:
                found.add(x)
                stack += x.args if x.op.elementwise else ()
                yield x


def _fill(planner: _Planner, x: Node) -> None:
    """The stores that put a value into its array; what is put together has one for each piece."""
    if x.op.name not in ("concat", "stack", "scatter"):
        _store(planner, x, planner.found[x])
        return
    stores = planner.grouping.stage_of(x).stores
    buffer = planner.found[x]
    if x.op.name == "scatter":
        stores.append(Store(BROADCAST(const(0), attribute=x.type.shape), buffer, whole(x.type.shape)))
    stores += [Store(piece, buffer, place) for piece, place in _pieces(x)]


def _store(planner: _Planner, x: Node, buffer: Buffer) -> None:
    """Put a value into an array: where it is computed, or from where it was put together."""
    stage = planner.grouping.stage_of(x)
    if _assembled(x) and buffer is not planner.found[x]:
        stage = planner.grouping.new_stage(x.type.shape, frozenset([stage.number]))
    stage.stores.append(Store(x, buffer, whole(x.type.shape)))


def _pieces(x: Node) -> Iterable[tuple[Node, Place]]:
    if x.op.name == "stack":
        for k, piece in enumerate(x.args):
            yield piece, ((None, k), *[(axis, 0) for axis in range(len(piece.type.shape))])
        return
    if x.op.name == "concat":
        start = 0
        for piece in x.args:
            yield piece, tuple([(a, start if a == x.attribute else 0) for a in range(len(piece.type.shape))])
            start += int(piece.type.shape[x.attribute])
        return
    (piece,) = x.args
    place: list[tuple[int | None, int]] = []
    axis = 0
    padded = [*x.attribute[1], *[None] * (len(x.type.shape) - len(x.attribute[1]))]
    for at in padded:
        if isinstance(at, int):
            place.append((None, at))
        else:
            place.append((axis, at[0] if at else 0))
            axis += 1
    yield piece, tuple(place)


def _place_states(
    planner: _Planner,
    states: Sequence[tuple[Node, Node]],
    read_in: Mapping[Node, set[int]],
    checks: Sequence[Node],
) -> None:
    """Let each state take its new value: in place, or from an array where it waits until the old one is not needed."""
    grouping = planner.grouping
    first = {grouping.stage_of(x).number for x in checks}
    for k, (before, after) in enumerate(states):
        stage = grouping.stage_of(after)
        if _assembled(after):
            stage = grouping.new_stage(after.type.shape, frozenset([stage.number]))
        if after in grouping.passing:
            stage.passing = Store(after, planner.found[before], whole(after.type.shape))
            grouping.wait(stage.number, frozenset(first - {stage.number}))
            continue
        earlier = (read_in.get(before, set()) | first) - ({stage.number} - first)
        buffer = planner.found[before]
        late = any(other == stage.number or grouping.precedes(stage.number, other) for other in earlier)
        if not late and not _moves(planner, stage, before, after):
            grouping.wait(stage.number, frozenset(earlier))
            stage.stores.append(Store(after, buffer, whole(after.type.shape)))
            continue
        waiting = input_node(Name(f"waiting {k}"), type_of("real", after.type.shape))
        planner.found[waiting] = planner.buffer(waiting, "scratch", buffer.order)
        stage.stores.append(Store(after, planner.found[waiting], whole(after.type.shape)))
        copy = grouping.new_stage(after.type.shape, frozenset({*earlier, stage.number}))
        copy.stores.append(Store(waiting, buffer, whole(after.type.shape)))


def _moves(planner: _Planner, stage: Stage, before: Node, after: Node) -> bool:
    """Whether a stage reads elements of a state at other places than those it is about to fill."""
    home, found = planner.grouping.home, planner.found

    def elsewhere(x: Node) -> bool:
        return x in found and home.get(x) != stage.number

    values = [after, *[store.value for store in stage.stores]]
    for x in order([*values, *([stage.core] if stage.core else [])], cut=elsewhere):
        if elsewhere(x):
            continue
        through = is_view(x) or x is stage.core or x.type.shape != before.type.shape
        if through and before in order(x.args, cut=elsewhere):
            return True
    return False


def _in_order(grouping: Grouping) -> list[Stage]:
    """The stages that store something, each after all it waits for."""
    busy = [stage for stage in grouping.stages if stage.stores]
    storing = sum(1 << stage.number for stage in busy)
    for stage in busy:
        stage.before = _storing(grouping, stage)
    waits = {stage.number: (grouping.ancestors[stage.number] & storing).bit_count() for stage in busy}
    return sorted(busy, key=lambda stage: (waits[stage.number], stage.number))


def _storing(grouping: Grouping, stage: Stage) -> set[int]:
    """The stages that a stage waits for: through those that store nothing, what these wait for."""
    found, left = set[int](), list(stage.before)
    seen = set(left)
    while left:
        other = grouping.stages[left.pop()]
        if other.stores:
            found.add(other.number)
        else:
            left += other.before - seen
            seen |= other.before
    return found
