"""Runs a `Program` on the reference evaluator: n updates are n iterations of its step, and nothing else.

Every faster way of training is tested against this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import GraphError, ShapeError
from chainrule.evaluate import compile_plan
from chainrule.graph import Program, State
from chainrule.node import INPUT, Node, label_of, order
from chainrule.numbers.array import Array, to_nested
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.system import Numbers
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell

Row = Mapping[Quantity, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What is left after some updates: the state, and what was watched, one value an update."""

    state: Mapping[Quantity, Any]
    watched: Mapping[Quantity, Sequence[Any]]


def run_program(
    program: Program,
    updates: int,
    *,
    values: Mapping[Quantity, Any],
    examples: Sequence[Row] = (),
    state: Mapping[Quantity, Any] | None = None,
    start: int = 0,
    watch: Sequence[Quantity] = (),
    numbers: Numbers = FLOATS,
) -> Run:
    """Iterate the step of a program.

    `values` are the inputs that stay, `examples` those that change: update n takes row (n - 1) mod D of the D rows.
    `state` and `start` go on after so many updates; without them the program's own initial values are taken. `watch`
    names outputs of the step to keep, each as it was *during* an update: before the parameters changed. Values are
    numbers (exact fractions too), nested lists, or arrays of the number system.

    Raises `ShapeError` for an input without a value or of another shape, and for examples where none are expected.

    >>> from chainrule.graph import Graph, State
    >>> from chainrule.node import input_node, name_node
    >>> from chainrule.quantity import Name, Updated
    >>> w = input_node(Name("w"))
    >>> after = name_node(Updated(Name("w")), w * Fraction(1, 2))
    >>> halving = Program(Graph({Updated(Name("w")): after}), {Name("w"): State(w, after, 8)})
    >>> run_program(halving, 3, values={}).state[Name("w")]
    1.0
    """
    if updates < 0 or start < 0:
        raise ShapeError(f"found {min(updates, start)} updates, expected 0 or more.")
    states = list(program.state.values())
    roots = [s.after for s in states] + [_output(program, label) for label in watch]
    with numbers.s.context():
        begin = {label: _beginning(s) for label, s in program.state.items()} | dict(state or {})
        now = [checked(s.before, begin[label], numbers) for label, s in program.state.items()]
        fixed_nodes = loop_inputs(program, roots)
        fixed = [checked(n, value_of(n, values), numbers) for n in fixed_nodes]
        rows = example_rows(program, examples, numbers, updates)
        plan = compile_plan(roots, [s.before for s in states] + list(program.examples) + fixed_nodes, numbers=numbers)
        kept: list[list[Any]] = []
        for update in range(start, start + updates):
            results = plan(*now, *rows[update % len(rows)], *fixed)
            now = results[: len(states)]
            if watch:
                kept.append(results[len(states) :])
    watched = {label: [row[k] for row in kept] for k, label in enumerate(watch)}
    return Run(dict(zip(program.state, now, strict=True)), watched)


def _beginning(one: State) -> Any:
    """What a state starts from, in its shape; a state's sizes are numbers."""
    shape = tuple([size for size in one.before.type.shape if isinstance(size, int)])
    filled = shape and not isinstance(one.initial, list | tuple) and not hasattr(one.initial, "shape")
    return Array(shape, [one.initial] * prod(shape)) if filled else one.initial


def loop_inputs(program: Program, roots: Sequence[Node]) -> list[Node]:
    """The inputs of a step that are the same in every update, in the order of use."""
    changing = {s.before for s in program.state.values()} | set(program.examples)
    return [n for n in order(roots) if n.op is INPUT and n not in changing]


def example_rows(program: Program, examples: Sequence[Row], numbers: Numbers, updates: int) -> list[list[Any]]:
    """The values of the per-example inputs, a row an example; one empty row where nothing depends on the example."""
    if not program.examples:
        if examples:
            raise ShapeError("found examples, but nothing in this program depends on the example.")
        return [[]]
    if not examples and updates:
        names = ", ".join(spell(label_of(n)) for n in program.examples)
        raise ShapeError(f"found no examples, expected values of {names}.")
    return [[checked(n, value_of(n, row), numbers) for n in program.examples] for row in examples]


def as_value(value: Any, numbers: Numbers) -> Any:
    """A number, nested lists or an array of exact numbers as a value of the number system."""
    if isinstance(value, Array):
        value = to_nested(value)
    if isinstance(value, list | tuple):
        return numbers.of_nested(_each(value, numbers))
    return _scalar(value, numbers)


def _each(data: Iterable[Any], numbers: Numbers) -> list[Any]:
    return [_each(part, numbers) if isinstance(part, list | tuple) else _scalar(part, numbers) for part in data]


def _scalar(value: Any, numbers: Numbers) -> Any:
    return numbers.s.of(value) if isinstance(value, int | float | Fraction) else value


def _output(program: Program, label: Quantity) -> Node:
    found = program.step.outputs.get(label) or program.step.quantities().get(label)
    if found is None:
        raise GraphError(f"{spell(label)} is no quantity of this program.")
    return found


def value_of(given: Node, values: Row) -> Any:
    """The value of an input, by its label. Raises `ShapeError` if there is none."""
    label = label_of(given)
    if label not in values:
        raise ShapeError(f"the input {spell(label)} has no value.")
    return values[label]


def checked(given: Node, value: Any, numbers: Numbers) -> Any:
    """A value for an input, in the number system. Raises `ShapeError` if its shape is another."""
    made = as_value(value, numbers)
    shape = tuple(numbers.shape(made))
    if shape != given.type.shape:
        due = show_shape(given.type.shape)
        raise ShapeError(f"{spell(label_of(given))} has the shape {show_shape(shape)}, expected {due}.")
    return made
