"""The reference evaluator: a graph's values in any number system, one op at a time, in plain view.

Every other way of running a graph - native code, JAX, JavaScript - is tested against this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.errors import ShapeError
from chainrule.node import INPUT, NAME, Node, label_of, node, order, rebuild, type_of
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.system import Numbers
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell

Step = tuple[Callable[..., Any], int, tuple[int, ...]]


def evaluate(
    roots: Sequence[Node],
    values: Mapping[Quantity, Any],
    *,
    numbers: Numbers = FLOATS,
    known: Mapping[Node, Any] | None = None,
) -> list[Any]:
    """The values of the roots, given those of the inputs by label.

    Values are scalars or arrays of the number system (`numbers.of_nested` makes them); those of a `name` node or of any
    node in `known` are taken as they are. Raises `ShapeError` naming an input whose shape does not fit.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> x = input_node(Name("x"))
    >>> evaluate([x * x + 1], {Name("x"): 3.0})
    [10.0]
    """
    with numbers.s.context():
        table = evaluate_all(roots, values, numbers=numbers, known=known)
    return [table[root] for root in roots]


def evaluate_all(
    roots: Sequence[Node],
    values: Mapping[Quantity, Any],
    *,
    numbers: Numbers = FLOATS,
    known: Mapping[Node, Any] | None = None,
) -> dict[Node, Any]:
    """The value of every node below the roots (call it inside the number system's context)."""
    done: dict[Node, Any] = dict(known or {})
    sizes: dict[str, int] = {}
    nodes = [n for n in order(roots, cut=done.__contains__) if n not in done]
    for current in nodes:  # first, because a constant may be stretched to the size N of an input that comes later
        if current.op is INPUT:
            done[current] = _given(current, values, numbers, sizes)
    for current in nodes:
        if current.op is not INPUT:
            done[current] = apply(current, [done[a] for a in current.args], numbers, sizes)
    return done


def apply(current: Node, args: Sequence[Any], numbers: Numbers, sizes: Mapping[str, int] | None = None) -> Any:
    """The value of one node from those of its arguments."""
    op = current.op
    if op is NAME:
        return args[0]
    if op.elementwise:
        if numbers.s.vectorised or not current.type.shape:
            return op.value(numbers.s, *args)
        s, value = numbers.s, op.value
        return numbers.elementwise(lambda *items: value(s, *items), with_sizes(current.type.shape, sizes), *args)
    if current.attribute is None:
        return op.value(numbers, *args)
    return op.value(numbers, with_sizes(current.attribute, sizes), *args)


def with_sizes(attribute: Any, sizes: Mapping[str, int] | None) -> Any:
    """An attribute (a shape, an index, ...) with symbols such as N replaced by their sizes."""
    if isinstance(attribute, tuple):
        return tuple([with_sizes(part, sizes) for part in attribute])
    return sizes[attribute] if sizes and isinstance(attribute, str) else attribute


def _given(current: Node, values: Mapping[Quantity, Any], numbers: Numbers, sizes: dict[str, int]) -> Any:
    label = label_of(current)
    if label not in values:
        raise ShapeError(f"the input {spell(label)} has no value.")
    value = values[label]
    shape, due = tuple(numbers.shape(value)), current.type.shape
    if len(shape) != len(due) or any(
        (sizes.setdefault(want, have) if isinstance(want, str) else want) != have
        for want, have in zip(due, shape, strict=True)
    ):
        raise ShapeError(f"{spell(label)} has the shape {show_shape(shape)}, expected {show_shape(due)}.")
    return value


def bind_sizes(roots: Sequence[Node], sizes: Mapping[str, int]) -> list[Node]:
    """The same graph with symbols such as N replaced by numbers in every type and attribute."""

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is INPUT:
            label, of_type = old.attribute
            return node(INPUT, (), (label, type_of(of_type.kind, with_sizes(of_type.shape, sizes))))
        attribute = old.attribute if old.op is NAME else with_sizes(old.attribute, sizes)
        return node(old.op, args, attribute)

    done = rebuild(roots, make)
    return [done[root] for root in roots]


def compile_plan(
    roots: Sequence[Node], inputs: Sequence[Node], *, numbers: Numbers = FLOATS
) -> Callable[..., list[Any]]:
    """A function from the inputs' values to the roots', for evaluating one graph many times.

    The order of evaluation is settled once; each call walks a flat list. Shapes must be known numbers.
    """
    nodes = order([*inputs, *roots])
    slot = {n: i for i, n in enumerate(nodes)}
    given = set(inputs)
    where = [slot[n] for n in inputs]
    steps: list[Step] = []
    for current in nodes:
        if current in given:
            continue
        if current.op is INPUT:
            raise ShapeError(f"the input {spell(label_of(current))} has no value.")
        if current.op is NAME:
            slot[current] = slot[current.args[0]]
            continue
        steps.append((_bound(current, numbers), slot[current], tuple([slot[a] for a in current.args])))
    wanted = [slot[root] for root in roots]

    def run(*values: Any) -> list[Any]:
        table: list[Any] = [None] * len(nodes)
        for at, value in zip(where, values, strict=True):
            table[at] = value
        for function, target, args in steps:
            table[target] = function(*[table[a] for a in args])
        return [table[at] for at in wanted]

    return run


def _bound(current: Node, numbers: Numbers) -> Callable[..., Any]:
    direct = getattr(numbers.s, current.op.name, None)
    if current.op.elementwise and not current.type.shape and callable(direct):
        return direct  # type: ignore[no-any-return]
    return lambda *args: apply(current, args, numbers)
